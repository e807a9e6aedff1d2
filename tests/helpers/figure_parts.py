"""A figures file that is measured part by part.

A part is a module of a folder with a function `measure` that returns figures by key. Each
runs in a process of its own, and its figures join the file when it ends: those of the other parts
stay. What has no measure yet stands there as null.
"""

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

from strefer.documentation.documents import FOLDER, write_documents
from strefer.documentation.figures import merge_figures

TESTS = Path(__file__).resolve().parents[1]


def measure_parts(parser, folder, file, fixed, command, without=()):
    """Measure the parts that were asked for; one that fails costs the others nothing.

    Args:
        parser: of further options, which each part is given by name.
        folder: of tests/, with a module a part; those of `without` are none.
        file: of docs/figures.
        fixed: keys that are always there.
        command: what a reader calls to measure all again.
    """
    found = (module.name for module in pkgutil.iter_modules([str(TESTS / folder)]))
    parts = sorted(set(found) - set(without))
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, metavar="PART")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True)
    options = vars(parser.parse_args())
    chosen, write = options.pop("only"), options.pop("write")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    failed = []
    for part in chosen:
        try:
            figures = _measure_apart(f"{folder}.{part}", options)
        except Exception:
            traceback.print_exc()
            failed.append(part)
            continue
        print(json.dumps({part: figures}, indent=1), flush=True)
        if write and figures:  # none: the part has said why, and older ones stay
            merge_figures(FOLDER / file, fixed, figures, command, part)
            write_documents()
    if failed:
        sys.exit(f"no figures from: {', '.join(failed)}")


def _measure(module, options):
    return importlib.import_module(module).measure(**options)


def _measure_apart(module, options):
    """The figures of one part, from a process of its own: its peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measure, module, options).result()
