"""The clipper's frames a second against PySceneDetect's and against decoding alone.

All three read the same film in turns: a drawn one in a camera's size, and real ones where they are
at hand. The clipper also embeds three frames a second, with the demo's embedder.
"""

from __future__ import annotations

import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import scenedetect

from helpers.films import write_textured_film
from helpers.shards import video_of
from strefer.agents.embedder import load_embedder
from strefer.clips.cut_clips import segment_film
from strefer.frames import iterate_pictures

ROOT = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("STREFER_SHARED_DATA", ROOT.parent / "shared" / "data")) / "videos"
OPTIONS = {
    "shot_detector": "content",
    "content_threshold": 20.0,
    "embedding_fps": 3.0,
    "distance_threshold": 4.25,
    "min_segment_s": 0.6,
}
REPEATS = 7


def measure() -> dict[str, float]:
    """Ratios of frames a second; above 1, the clipper is the faster one."""
    logging.getLogger("pyscenedetect").setLevel(logging.WARNING)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        drawn = write_textured_film(Path(folder) / "drawn.mp4", seconds=10)
        figures |= _compare(str(drawn))
    real = [_compare(str(path)) for path in sorted(REAL.glob("*.mp4"))] if REAL.is_dir() else []
    for key in figures if real else ():
        figures = figures | {f"{key}@real": statistics.median(one[key] for one in real)}
    return figures


def _compare(path: str) -> dict[str, float]:
    video = video_of(path)
    model = load_embedder(
        {"adapter": "open_clip", "model": str(ROOT / "resources/teachers/embedder")}
    )
    cores = os.cpu_count() or 1
    runs = {
        "clipper": lambda: segment_film(video, OPTIONS, model, threads=cores),
        "scenedetect": lambda: scenedetect.detect(
            path, scenedetect.ContentDetector(threshold=20), start_in_scene=True
        ),
        "decode": lambda: sum(1 for _ in iterate_pictures(path, threads=cores)),
    }
    wall, processor = _in_turns(runs)
    return {
        "clips.vs_scenedetect": wall["scenedetect"] / wall["clipper"],
        "clips.vs_decode": wall["decode"] / wall["clipper"],
        # The same in seconds of the processor, which other programs do not lengthen.
        "clips.vs_scenedetect_cpu": processor["scenedetect"] / processor["clipper"],
        "clips.frames_per_second": video.n_frames / wall["clipper"],
    }


def _in_turns(runs: dict[str, Callable]) -> tuple[dict[str, float], dict[str, float]]:
    """Median wall and processor seconds of each, measured alternately, after a round unmeasured."""
    wall: dict[str, list[float]] = {name: [] for name in runs}
    processor: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(REPEATS + 1):
        for name, run in runs.items():
            began = time.perf_counter(), time.process_time()
            run()
            if round_:
                wall[name].append(time.perf_counter() - began[0])
                processor[name].append(time.process_time() - began[1])
    return (
        {name: statistics.median(values) for name, values in wall.items()},
        {name: statistics.median(values) for name, values in processor.items()},
    )
