"""The performance table: ratios and times, medians of repeats, on one machine.

    make bench                                          measures every part
    .venv/bin/python tests/bench.py --only plan scoring            measures some
    .venv/bin/python tests/bench.py --only plan --no-write         prints, and writes nothing

A part is a module of tests/benching with a function `measure()` that returns figures by key. Each
runs in a process of its own, and its figures join docs/figures/bench.json when it ends: those of
the other parts stay. What has no measure yet stands there as null.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from strefer.documentation.documents import write_documents  # noqa: E402
from strefer.documentation.figures import BENCH, merge_figures  # noqa: E402

FILE = ROOT / "docs" / "figures" / "bench.json"
PARTS = sorted(
    module.name
    for module in pkgutil.iter_modules([str(ROOT / "tests" / "benching")])
    if module.name != "folders"
)


def measure(part: str) -> dict[str, float]:
    """The figures of one part."""
    return importlib.import_module(f"benching.{part}").measure()


def measure_apart(part: str) -> dict[str, float]:
    """The figures of one part, from a process of its own: its peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, part).result()


def main() -> None:
    """Measure the parts that were asked for; a part that fails costs the others nothing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    failed = []
    for part in arguments.only:
        try:
            figures = measure_apart(part)
        except Exception:
            traceback.print_exc()
            failed.append(part)
            continue
        print(json.dumps({part: figures}, indent=1), flush=True)
        if arguments.write and figures:  # none: the part has said why, and older ones stay
            merge_figures(FILE, BENCH, figures, "make bench", part)
            write_documents()
    if failed:
        sys.exit(f"no figures from: {', '.join(failed)}")


if __name__ == "__main__":
    main()
