"""Commands on one film of a run: `strefer rerun` and `strefer cvat`, for other tools."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands to a parser's."""
    rerun = commands.add_parser("rerun", help="write a film with its masklets and pairs for Rerun")
    _add(rerun, _rerun)
    rerun.add_argument("--output", type=Path, default=Path("film.rrd"), help="file (film.rrd)")
    cvat = commands.add_parser("cvat", help="correct a film's masks in CVAT")
    actions = cvat.add_subparsers(required=True)
    write = actions.add_parser("write", help="write the film's frames and masks for a CVAT task")
    _add(write, _write_task)
    write.add_argument("--output", type=Path, required=True, help="folder")
    read = actions.add_parser("read", help="turn what was changed in CVAT into corrections")
    _add(read, _read_task)
    read.add_argument("annotations", type=Path, help='an export, "CVAT for images 1.1"')
    read.add_argument("--output", type=Path, required=True, help="folder")


def _add(parser: argparse.ArgumentParser, command: Any) -> None:
    parser.set_defaults(command=command)
    parser.add_argument("run", help="the run's name, or its folder")
    parser.add_argument("film", help="the film's id")


def _film(given: argparse.Namespace) -> tuple[dict[str, Any], Path]:
    """Return the requested film's records and its run's folder."""
    from strefer.gallery.show_films import SHOWN, read_films
    from strefer.report.commands import run_folder

    run = run_folder(given.run)
    for shard in sorted((run / "videos").glob("*-of-*.jsonl")):
        for film in read_films({stage: run / stage / shard.name for stage in SHOWN}):
            if film["id"] == given.film:
                return film, run
    raise ValueError(f"run {given.run} has no film {given.film!r}")


def _rerun(given: argparse.Namespace) -> None:
    from strefer.gallery.write_rerun import write_rerun

    film, run = _film(given)
    write_rerun(film, run / "store" / "proxies", given.output)
    print(f"{given.output}; open it with: rerun {given.output}")


def _write_task(given: argparse.Namespace) -> None:
    from strefer.gallery.cvat import write_task

    count = write_task(_film(given)[0], given.output)
    print(f"{count} frames, labels.json and annotations.xml in {given.output}")


def _read_task(given: argparse.Namespace) -> None:
    from strefer.gallery.cvat import read_task

    changed = read_task(_film(given)[0], given.annotations, given.output)
    print(f"{len(changed)} expressions changed; rows in {given.output / 'corrections.csv'}")
