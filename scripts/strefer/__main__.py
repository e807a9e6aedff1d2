"""`strefer`: commands that are not part of the workflow.

questions BENCHMARK   writes a benchmark's questions, for any model to answer
predict BENCHMARK     asks them a model behind a server, or one trained here
score BENCHMARK       scores predictions in a file of {"id": …, "prediction": …} lines
accept                treats a code change that changes no result as the code before it
convert FOLDER        writes an export's samples in another trainer's format
compare A B           says how two runs differ: counts, pairs with reasons, scores
pairs RUN FILM        lists a film's pairs, with the keys to correct them by
retry RUN             lets the next call try failed films again
store sweep RUN       drops results that the run does not use any more (--dry-run reports them)
store move RUN        packs the results of an older version, which kept a file an item
docs                  writes the made parts of the documentation
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from strefer.files import ROOT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit status: 2 if what it was given is wrong."""
    from strefer.stage.run import MachineFault

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    given = _parser().parse_args(arguments)
    try:
        given.command(given)
    except (ValueError, OSError, MachineFault) as error:
        print(f"strefer: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    from strefer.benchmarks import commands as of_benchmarks
    from strefer.gallery import commands as of_gallery
    from strefer.judging import commands as of_judging
    from strefer.report import commands as of_reports
    from strefer.workflow import commands as of_runs

    parser = argparse.ArgumentParser(
        prog="strefer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    of_benchmarks.add_commands(commands)
    accept = commands.add_parser(
        "accept", help="accept a code change that changes no result, without recomputing"
    )
    accept.set_defaults(command=_accept)
    accept.add_argument("--since", required=True, help="the commit before the change")
    accept.add_argument("--reason", required=True, help="why it changes no result (recorded)")
    accept.add_argument("--only", nargs="*", default=(), help="scripts; by default all that differ")
    of_reports.add_commands(commands)
    of_judging.add_commands(commands)
    of_gallery.add_commands(commands)
    of_runs.add_commands(commands)
    convert = commands.add_parser("convert", help="convert samples to another trainer's format")
    convert.set_defaults(command=_convert)
    convert.add_argument(
        "samples", type=Path, help="the folder `export` of a run, or a recipe's file"
    )
    convert.add_argument(
        "--form", required=True, help="published, lines, llava, videorefer, llama_factory, …"
    )
    convert.add_argument("--output", required=True, type=Path, help="the folder to write")
    docs = commands.add_parser("docs", help="write the generated parts of the documentation")
    docs.set_defaults(command=_docs)
    return parser


def _convert(given: argparse.Namespace) -> None:
    from strefer.recipes.sample_files import read_samples
    from strefer.recipes.trainer_formats import write_for_trainer

    count = write_for_trainer(read_samples(given.samples), given.form, given.output)
    print(f"{count} samples in {given.output}")


def _accept(given: argparse.Namespace) -> None:
    from strefer.workflow.accepted_changes import FILE, accept

    for name in accept(ROOT, given.since, given.reason, tuple(given.only)):
        print(f"accepted\t{name}")
    print(f"commit {FILE} with the change; each run that uses it records it")


def _docs(_: argparse.Namespace) -> None:
    from strefer.documentation.documents import write_documents

    write_documents()


if __name__ == "__main__":
    sys.exit(main())
