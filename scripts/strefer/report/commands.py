"""The commands of `python -m strefer` that read a run: `pairs`."""

from __future__ import annotations

import argparse
from pathlib import Path

from strefer.files import ROOT


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands to a parser's."""
    pairs = commands.add_parser(
        "pairs", help="list a film's pairs, with the keys to correct them by"
    )
    pairs.set_defaults(command=_pairs)
    pairs.add_argument("run", help="the run's name, or its folder")
    pairs.add_argument("film", help="the film's id")


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
