"""How many frames the video LLM's vision tower encodes for the transcripts of a few demo films.

Counted by a hook on the tower while the stage runs: the frames that go in, against those that the
segments show; and the same with every question asked by itself.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

from drawn_world.draw_films import write_world
from drawn_world.truth import Truth, load_truth
from helpers.shards import video_of, write_shard
from strefer.agents.chat.interface import Chat, ChatRequest
from strefer.agents.chat.with_transformers import TransformersChat
from strefer.records import Clips, Entity, References, Segment
from strefer.stage.run import Shard
from strefer.transcripts import transcribe_clips as transcripts

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = {
    "n_frames": 8,
    "existence_tokens": 4,
    "behaviour_tokens": 40,
    "attempts": 1,
    "retry_temperature": 0.7,
    "batch_segments": 256,
    "seed": 0,
}
FILMS = 4


def measure() -> dict[str, float]:
    """Frames encoded / frames of the segments: as the stage asks, and asking one by one."""
    model = TransformersChat({"model": str(ROOT / "resources" / "teachers" / "video_llm")})
    counter = FrameCounter(model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shards, n_segments, n_entities = _write_shards(folder)
        least = n_segments * OPTIONS["n_frames"]
        together = _encoded(folder / "together", shards, model, counter)
        apart = _encoded(folder / "apart", shards, OneByOne(model), counter)
    return {
        "transcripts.frame_encodes_ratio": together / least,
        "transcripts.frame_encodes_ratio_one_by_one": apart / least,
        "transcripts.entities_a_segment": n_entities / n_segments,
    }


class FrameCounter:
    """Counts the frames that go through a Qwen2-VL's vision tower."""

    def __init__(self, model: TransformersChat) -> None:
        tower = model.model.base_model.visual
        self.frames = 0
        self.each = tower.config.temporal_patch_size
        tower.register_forward_hook(self._count, with_kwargs=True)

    def _count(self, module, args, kwargs, output) -> None:
        grids = kwargs["grid_thw"] if "grid_thw" in kwargs else args[1]
        self.frames += int(grids[:, 0].sum()) * self.each


class OneByOne:
    """Asks every question by itself, with frames of its own."""

    def __init__(self, model: Chat) -> None:
        self.model = model

    def reply(self, requests: list[ChatRequest]) -> list[str]:
        return [
            self.model.reply([dataclasses.replace(request, frames=request.frames.copy())])[0]
            for request in requests
        ]

    def room(self, request: ChatRequest) -> int | None:
        return self.model.room(request)


def _encoded(folder: Path, shards: dict[str, Path], model: Chat, counter: FrameCounter) -> int:
    """Frames that the tower encodes while the stage runs."""
    before = counter.frames
    loaded, transcripts.load_chat = transcripts.load_chat, lambda spec: model
    try:
        transcripts.transcribe_clips(
            **shards,
            masklets=None,
            shard=Shard(folder / "transcripts.jsonl", folder / "store", {}),
            options=OPTIONS,
            prompts={
                r: str(ROOT / f"config/prompts/demo/{r}.txt") for r in ("existence", "behaviour")
            },
            chat={},
        )
    finally:
        transcripts.load_chat = loaded
    lines = (folder / "transcripts.jsonl").read_text().splitlines()
    failed = sum("failure" in json.loads(line) for line in lines)
    if failed:
        print(f"transcripts: {failed} of {len(lines)} segments failed")
    return counter.frames - before


def _write_shards(folder: Path) -> tuple[dict[str, Path], int, int]:
    """Shards with the true segments and entities; the numbers of segments and of questions'
    entities over all segments."""
    names = write_world("held_out", FILMS, folder)
    truths = [load_truth(folder / "truth" / f"{name}.json") for name in names]
    videos = [(n, video_of(folder / "videos" / f"{n}.mp4", digest=n)) for n in names]
    clips = [(n, Clips(_segments(truth))) for n, truth in zip(names, truths, strict=True)]
    entities = [
        (n, References(tuple(_entity(e) for e in truth.entities)))
        for n, truth in zip(names, truths, strict=True)
    ]
    shards = {
        kind: write_shard(folder / f"{kind}.jsonl", records)
        for kind, records in (("videos", videos), ("clips", clips), ("references", entities))
    }
    counts = [(len(truth.scenes), len(truth.entities)) for truth in truths]
    return shards, sum(s for s, _ in counts), sum(s * e for s, e in counts)


def _segments(truth: Truth) -> tuple[Segment, ...]:
    return tuple(
        Segment(i, scene.start_s, scene.end_s, "cut") for i, scene in enumerate(truth.scenes)
    )


def _entity(entity) -> Entity:
    return Entity(entity.expression, entity.noun, entity.generalized_noun)
