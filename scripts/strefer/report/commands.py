"""The commands of `python -m strefer` that read runs: `pairs` and `compare`."""

from __future__ import annotations

import argparse
from pathlib import Path

from strefer.files import ROOT, atomic_write, dumps


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands to a parser's."""
    pairs = commands.add_parser(
        "pairs", help="list a film's pairs with their keys, for corrections"
    )
    pairs.set_defaults(command=_pairs)
    pairs.add_argument("run", help="the run's name, or its folder")
    pairs.add_argument("film", help="the film's id")
    compare = commands.add_parser("compare", help="show how two runs differ, pair by pair")
    compare.set_defaults(command=_compare)
    compare.add_argument("first", help="a run's name, or its folder")
    compare.add_argument("second", help="another's")
    compare.add_argument("--examples", type=int, default=2, help="pairs to show for each reason")
    compare.add_argument(
        "--pairs", type=Path, help="a file to which to write all pairs that differ"
    )


def run_folder(given: str) -> Path:
    """The folder of a run, by its name or path.

    Raises:
        ValueError: if there is none with shard files.
    """
    for folder in (Path(given), ROOT / "results" / given):
        if any(folder.glob("*/*-of-*.jsonl")):
            return folder
    raise ValueError(f"there is no run {given} (looked for {ROOT / 'results' / given})")


def _pairs(given: argparse.Namespace) -> None:
    from strefer.corrections.pairs import pair_item
    from strefer.stage.run import read_lines

    files = sorted((run_folder(given.run) / "instructions").glob("*-of-*.jsonl"))
    lines = (line for file in files for line in read_lines(file))
    found = [line.record for line in lines if line.record and line.video_id == given.film]
    if not found:
        raise ValueError(f"run {given.run} has no pairs of a film {given.film!r}")
    for pair in found:
        verdict = pair["rejected"] or "kept"
        said = (pair["group"], verdict, pair["question"], pair["answer"])
        print(pair_item(pair), *said, sep="\t")


def _compare(given: argparse.Namespace) -> None:
    from strefer.report.compare_runs import compare_pairs, in_words, read_run

    folders = run_folder(given.first), run_folder(given.second)
    for line in in_words(*folders, given.examples):
        print(line)
    if given.pairs:
        with atomic_write(given.pairs) as file:
            for change in compare_pairs(*map(read_run, folders)):
                file.write(dumps(vars(change)) + "\n")
