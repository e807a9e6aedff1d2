"""`python -m strefer`: what has no place in the workflow.

score BENCHMARK   scores somebody's predictions, a file of {"id": …, "prediction": …} lines
accept            lets a neutral change of code count as the code before it
retry RUN         lets the next call try failed films again
store sweep RUN   drops results that the run does not use any more (--dry-run reports them)
store move RUN    packs the results of an older version, which kept a file an item
docs              writes the made parts of the documentation
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.files import ROOT
from strefer.workflow.commands import add_commands


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit status: 2 if what it was given is wrong."""
    given = _parser().parse_args(arguments)
    try:
        given.command(given)
    except (ValueError, OSError) as error:
        print(f"strefer: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    from strefer.benchmarks.registry import BENCHMARKS

    parser = argparse.ArgumentParser(prog="python -m strefer", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True)
    score = commands.add_parser("score", help="score a predictions file by a benchmark's rules")
    score.set_defaults(command=_score)
    score.add_argument("benchmark", choices=list(BENCHMARKS))
    score.add_argument(
        "--annotations", required=True, help="the benchmark's file (TempCompass: folder)"
    )
    score.add_argument("--predictions", required=True, type=Path, help="JSON Lines: id, prediction")
    score.add_argument("--videos", default=".", help="the folder of its films; scoring opens none")
    score.add_argument(
        "--output", type=Path, help="keep metrics, rows and the judge's replies here"
    )
    score.add_argument("--seed", type=int, default=0, help="of QVHighlights' drawn windows")
    score.add_argument(
        "--judge-config",
        type=Path,
        help="a configuration file; its agents.judge and prompts decide what no rule can",
    )
    accept = commands.add_parser("accept", help="accept a neutral change without computing anew")
    accept.set_defaults(command=_accept)
    accept.add_argument("--since", required=True, help="the commit before the change")
    accept.add_argument("--reason", required=True, help="why it changes no result; is recorded")
    accept.add_argument("--only", nargs="*", default=(), help="scripts; none means all that differ")
    add_commands(commands)
    docs = commands.add_parser("docs", help="write the made parts of the documentation")
    docs.set_defaults(command=_docs)
    return parser


def _score(given: argparse.Namespace) -> None:
    from strefer.benchmarks.score_predictions import score_predictions

    judge, prompts = _judge(given.judge_config) if given.judge_config else (None, {})
    with tempfile.TemporaryDirectory() as folder:
        metrics = score_predictions(
            predictions=given.predictions,
            benchmark=given.benchmark,
            files={"annotations": given.annotations, "videos": given.videos},
            output=given.output or Path(folder) / "scores.json",
            seed=given.seed,
            judge=judge,
            prompts=prompts,
        )
    for name, value in metrics.items():
        print(f"{name}\t{'not decided: needs a judge' if value is None else f'{value:.4f}'}")


def _judge(path: Path) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The judge's specification and the prompt files of a configuration file."""
    import yaml

    from strefer.workflow.configuration.complete import complete

    config = complete(yaml.safe_load(path.read_text(encoding="utf-8")))
    return config["agents"]["judge"], config["prompts"]


def _accept(given: argparse.Namespace) -> None:
    from strefer.workflow.accepted_changes import FILE, accept

    for name in accept(ROOT, given.since, given.reason, tuple(given.only)):
        print(f"accepted\t{name}")
    print(f"commit {FILE} with the change; each run that makes use of it says so")


def _docs(_: argparse.Namespace) -> None:
    from strefer.documentation.documents import write_documents

    write_documents()


if __name__ == "__main__":
    sys.exit(main())
