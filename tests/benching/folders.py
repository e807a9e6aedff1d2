"""A folder in which Snakemake runs apart from the checkout's own results."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]


@contextmanager
def working_folder() -> Iterator[Path]:
    """A fresh folder with links to all that the rules read beside the Snakefile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("config", "resources", "scripts"):
            (folder / part).symlink_to(ROOT / part)
        yield folder
