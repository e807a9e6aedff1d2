"""The commands of `python -m strefer` that change a run from outside: `retry` and `store`."""

from __future__ import annotations

import argparse
from pathlib import Path

from strefer.files import ROOT
from strefer.workflow.run_lock import enter_run


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands to a parser's."""
    retry = commands.add_parser("retry", help="make the next call retry failed films")
    retry.set_defaults(command=_retry)
    retry.add_argument("run", help="the run's name, or its folder")
    retry.add_argument(
        "--machine",
        action="store_true",
        help="only those that an older version blamed for an error of the machine",
    )
    store = commands.add_parser("store", help="maintain a run's item store")
    actions = store.add_subparsers(required=True)
    sweep = actions.add_parser("sweep", help="remove results that the run no longer uses")
    sweep.set_defaults(command=_sweep)
    sweep.add_argument("run", help="the run's name, or its folder")
    sweep.add_argument("--dry-run", action="store_true", help="only report how much it would free")
    move = actions.add_parser(
        "move", help="convert the results of an older version, which has one file per item"
    )
    move.set_defaults(command=_move)
    move.add_argument("run", help="the run's name, or its folder")


def _folder(given: argparse.Namespace) -> Path:
    """The folder of a run on which no call is running."""
    for folder in (Path(given.run), ROOT / "results" / given.run):
        if (folder / "store").is_dir():
            enter_run(folder)
            return folder
    raise ValueError(f"there is no run {given.run} (looked for {ROOT / 'results' / given.run})")


def _retry(given: argparse.Namespace) -> None:
    from strefer.workflow.retry import retry

    for path, count in retry(_folder(given), given.machine):
        print(f"{path}\t{count} failed; the next call retries them")


def _sweep(given: argparse.Namespace) -> None:
    from strefer.workflow.store_upkeep import sweep

    swept = sweep(_folder(given), given.dry_run)
    for one in swept:
        freed = f"{one.items} results, {one.bytes / 1e6:.1f} MB"
        print(f"{one.stage}\t{one.skipped or freed}")
    total = f"{sum(one.bytes for one in swept) / 1e6:.1f} MB"
    print(f"{total} would be freed" if given.dry_run else f"{total} freed")


def _move(given: argparse.Namespace) -> None:
    from strefer.workflow.store_upkeep import move_old_items

    for stage, count in move_old_items(_folder(given)):
        print(f"{stage}\t{count} results moved")
