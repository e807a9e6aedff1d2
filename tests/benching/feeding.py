"""Whether an engine waits: the transcriber's stage with an engine of a simulated step time.

Reading the frames of all segments is timed alone, and the engine's steps are made to take a little
longer than that in all. A stage that is well fed then takes as long as its engine: that is the
share in which the engine works, by the stage's own meter, and the ratio of the whole stage to the
slower of its two parts alone.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

from helpers.films import write_textured_film
from helpers.shards import video_of, write_shard
from strefer.agents.chat.frame_fit import FrameFit
from strefer.records import Clips, Entity, References, Segment
from strefer.stage.ahead import flat_ahead
from strefer.stage.meter import metered
from strefer.stage.run import Shard
from strefer.transcripts import transcribe_clips as transcripts
from strefer.workflow.store_upkeep import made_by

ROOT = Path(__file__).resolve().parents[2]
FILMS, SECONDS, SEGMENTS = 24, 24, 12
SLOWER = 1.2  # the engine by the reading
OPTIONS = {
    "n_frames": 8,
    "existence_tokens": 4,
    "behaviour_tokens": 40,
    "attempts": 1,
    "retry_temperature": 0.7,
    "batch_segments": 8,
    "seed": 0,
}


class SimulatedEngine:
    """Takes its time for each segment that it is asked about, and says yes to everything."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.worked_s = seconds, 0.0

    @metered
    def reply(self, requests: list) -> list[str]:
        began = time.perf_counter()
        time.sleep(self.seconds * len(requests))
        self.worked_s += time.perf_counter() - began
        return ["yes" if request.choices else "walks to the left" for request in requests]

    def room(self, request: object) -> None:
        return None


def measure() -> dict[str, float]:
    """The share in which the engine works, and the whole stage by its slower part."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shards = _write_shards(folder)
        reading_s = _seconds_of_reading(shards)
        # A segment is asked about twice: whether the entity is there, and what it does.
        engine = SimulatedEngine(SLOWER * reading_s / (FILMS * SEGMENTS * 2))
        loaded, transcripts.load_chat = transcripts.load_chat, lambda spec: engine
        began, own = time.perf_counter(), time.thread_time()
        try:
            prompts = {
                role: str(ROOT / f"config/prompts/demo/{role}.txt")
                for role in ("existence", "behaviour")
            }
            shard = Shard(folder / "transcripts.jsonl", folder / "store" / "transcripts", {})
            transcripts.transcribe_clips(
                **shards, shard=shard, options=OPTIONS, prompts=prompts, chat={}
            )
        finally:
            transcripts.load_chat = loaded
        stage_s, own_s = time.perf_counter() - began, time.thread_time() - own
        [made] = made_by(folder)["transcripts"]
    assert made["items"] == FILMS * SEGMENTS
    return {
        "feeding.busy_share": made["speed"]["engine_s"] / made["speed"]["seconds"],
        # If nothing waited: other programs do not lengthen what the stage itself computes.
        "feeding.busy_share_cpu": engine.worked_s / (engine.worked_s + own_s),
        "feeding.stage_ratio": stage_s / max(engine.worked_s, reading_s),
        "feeding.reading_by_engine": reading_s / engine.worked_s,
    }


def _seconds_of_reading(shards: dict[str, Path]) -> float:
    """Of all frames, by the stage's own readers, with nobody who does anything with them."""
    items = list(transcripts._items(**shards))
    read = lambda film: transcripts._load_frames(film, OPTIONS["n_frames"], FrameFit())  # noqa: E731
    began = time.perf_counter()
    for _ in flat_ahead(transcripts._by_film(items), read):
        pass
    return time.perf_counter() - began


def _write_shards(folder: Path) -> dict[str, Path]:
    film = write_textured_film(folder / "film.mp4", seconds=SECONDS, fps=25, size=(360, 640))
    video = video_of(film)
    names = [f"{number:03d}" for number in range(FILMS)]
    length_s = SECONDS / SEGMENTS
    segments = tuple(Segment(i, i * length_s, (i + 1) * length_s, "cut") for i in range(SEGMENTS))
    entities = References((Entity("dog", "dog", "dog"),))
    return {
        "videos": write_shard(
            folder / "videos.jsonl", [(n, replace(video, digest=n)) for n in names]
        ),
        "clips": write_shard(folder / "clips.jsonl", [(n, Clips(segments)) for n in names]),
        "references": write_shard(folder / "references.jsonl", [(n, entities) for n in names]),
    }
