"""The commands `strefer judge draw` and `strefer judge count`."""

from __future__ import annotations

import argparse
from pathlib import Path

from strefer.judging.draw_sheet import OF


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands to a parser's."""
    judge = commands.add_parser("judge", help="let people judge a sample of a run's pairs")
    actions = judge.add_subparsers(required=True)
    draw = actions.add_parser("draw", help="draw the pairs to judge, for the gallery's judge.html")
    draw.set_defaults(command=_draw)
    draw.add_argument("run", help="the run's name, or its folder")
    draw.add_argument("--pairs", type=int, default=200, help="how many (200)")
    draw.add_argument("--seed", type=int, default=0, help="another seed draws other pairs (0)")
    draw.add_argument("--of", choices=OF, default="kept", help="which pairs (kept)")
    count = actions.add_parser(
        "count", help="summarize the judges' answers and how well they agree"
    )
    count.set_defaults(command=_count)
    count.add_argument("sheet", type=Path, help="the run's judging/sheet.csv")
    count.add_argument("answers", type=Path, nargs="+", help="the judges' tables")


def _draw(given: argparse.Namespace) -> None:
    from strefer.judging.draw_sheet import draw_sheet
    from strefer.report.commands import run_folder

    run = run_folder(given.run)
    name, drawn = draw_sheet(run, given.pairs, given.seed, given.of)
    strata = len({one.stratum for one in drawn})
    print(f"sheet {name}: {len(drawn)} pairs of {strata} strata, in {run / 'judging/sheet.csv'}")
    print(f"judges open {run / 'gallery/judge.html'}")


def _count(given: argparse.Namespace) -> None:
    from strefer.judging.count_answers import read_answers, report
    from strefer.judging.draw_sheet import read_sheet

    name, drawn = read_sheet(given.sheet)
    answers = read_answers(given.answers, name, drawn)
    print(*report(name, drawn, answers), sep="\n")
