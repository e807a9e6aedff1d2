"""What real text, real films, published settings and real benchmark files give.

    make real                                                   measures every part
    .venv/bin/python tests/real.py --only text replies          measures some
    .venv/bin/python tests/real.py --only shots --films FOLDER  on films of yours
    .venv/bin/python tests/real.py --only conda --conda         makes every environment: slow

A part is a module of tests/measuring_real; its figures join docs/figures/real.json. What needs
files that are not part of the project is null without them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from helpers.figure_parts import measure_parts  # noqa: E402
from helpers.shared_data import FOLDER  # noqa: E402
from strefer.documentation.figures import REAL  # noqa: E402

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--films", type=Path, default=FOLDER / "videos", help="films of one shot each"
    )
    parser.add_argument(
        "--benchmarks",
        type=Path,
        default=FOLDER / "benchmarks",
        help="official results: tempcompass/<model>_auto_eval_results_<form>.json",
    )
    parser.add_argument(
        "--conda", action="store_true", help="run the chain with an environment for each rule"
    )
    measure_parts(parser, "measuring_real", "real.json", REAL, "make real")
