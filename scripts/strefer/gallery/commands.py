"""The command `strefer rerun`: one film of a run for another viewer."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Add the command to a parser's."""
    rerun = commands.add_parser("rerun", help="write a film with its masklets and pairs for Rerun")
    rerun.set_defaults(command=_rerun)
    rerun.add_argument("run", help="the run's name, or its folder")
    rerun.add_argument("film", help="the film's id")
    rerun.add_argument("--output", type=Path, default=Path("film.rrd"), help="file (film.rrd)")


def _rerun(given: argparse.Namespace) -> None:
    from strefer.gallery.show_films import SHOWN, read_films
    from strefer.gallery.write_rerun import write_rerun
    from strefer.report.commands import run_folder

    run = run_folder(given.run)
    for shard in sorted((run / "videos").glob("*-of-*.jsonl")):
        for film in read_films({stage: run / stage / shard.name for stage in SHOWN}):
            if film["id"] == given.film:
                write_rerun(film, run / "store" / "proxies", given.output)
                print(f"{given.output}; open it with: rerun {given.output}")
                return
    raise ValueError(f"run {given.run} has no film {given.film!r}")
