"""Frames that are far apart in a long film, against decoding the groups of pictures they lie in."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from pathlib import Path

from helpers.films import repeat_film, write_textured_film
from strefer import frames

FRAMES, REPEATS = 32, 5


def measure() -> dict[str, float]:
    """Time of reading 32 frames of an hour by that of decoding 32 groups of pictures."""
    with tempfile.TemporaryDirectory() as folder:
        minute = Path(folder) / "minute.mp4"
        write_textured_film(minute, seconds=60, fps=25, size=(180, 320))
        hour = repeat_film(minute, Path(folder) / "hour.mp4", 60)
        shape = frames.measure(minute)
        group = 60 * shape.n_frames / len(frames.key_frames(hour).numbers)
        wanted = frames.sample_times(60 * shape.duration_s, FRAMES, shape.fps)
        runs = {
            "frames": lambda: frames.read_frames(hour, wanted),
            "groups": lambda: _decode(hour, round(FRAMES * group)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(REPEATS):
            for name, run in runs.items():
                began = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {"frames.hour_vs_groups": medians["frames"] / medians["groups"]}


def _decode(path: Path, count: int) -> None:
    for _ in itertools.islice(frames.iterate_pictures(path), count):
        pass
