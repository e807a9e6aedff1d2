"""Real material that is not part of the project: tests that need it are skipped without it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("STREFER_SHARED_DATA", ROOT.parent / "shared" / "data"))


def shared_data(name):
    """The path of a file or folder of the shared data; skips the test where it is missing."""
    if not (FOLDER / name).exists():
        pytest.skip(
            f"{FOLDER / name} is missing; set STREFER_SHARED_DATA to the folder that has it"
        )
    return FOLDER / name
