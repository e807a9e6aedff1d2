"""The clipper's peak memory on a film of one hour."""

from __future__ import annotations

import tempfile
from pathlib import Path

from helpers.clipper_memory import clipper_peaks_mb
from helpers.films import repeat_film, write_textured_film

EMBEDDER = Path(__file__).resolve().parents[2] / "resources" / "teachers" / "embedder"


def measure() -> dict[str, float]:
    """MB of a process that cuts 60 minutes of 1280 x 720 at 10 frames a second."""
    with tempfile.TemporaryDirectory() as folder:
        minute = write_textured_film(Path(folder) / "minute.mp4", seconds=60, fps=10)
        hour = repeat_film(minute, Path(folder) / "hour.mp4", times=60)
        return {"clips.hour_peak_mb": clipper_peaks_mb(EMBEDDER, hour)[0]}
