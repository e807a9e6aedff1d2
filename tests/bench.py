"""The performance table: ratios and times, medians of repeats, on one machine.

    make bench                                          measures every part
    .venv/bin/python tests/bench.py --only plan scoring            measures some
    .venv/bin/python tests/bench.py --only plan --no-write         prints, and writes nothing

A part is a module of tests/benching; its figures join docs/figures/bench.json.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from helpers.figure_parts import measure_parts  # noqa: E402
from strefer.documentation.figures import BENCH  # noqa: E402

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    measure_parts(parser, "benching", "bench.json", BENCH, "make bench", without=["folders"])
