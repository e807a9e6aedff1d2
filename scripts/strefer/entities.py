"""Stage `entities`: the entity recognizer, a video LLM that names every active entity of a film."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strefer import frames, replies
from strefer.agents.chat import Chat, ChatRequest, ask, load_chat
from strefer.batches import in_batches
from strefer.prompts import Prompt, load_prompt
from strefer.records import Entities, Video, to_json
from strefer.stage import Item, ItemFailure, Worker, read_records, run_stage


def recognize_entities(
    videos: Path,
    output: Path,
    store: Path,
    making: dict[str, Any],
    options: Mapping[str, Any],
    prompts: Mapping[str, str],
    chat: Mapping[str, Any],
    strict: bool,
) -> None:
    """Write the shard file of `Entities` records.

    Args:
        videos: the shard file of `Video` records.
        options: `n_frames` evenly spaced frames of the film; `max_new_tokens`; `attempts` and
            `retry_temperature` for replies without a word; `batch_films` a call; `seed`.
        prompts: `entity_recognizer`.
        chat: the video LLM's specification.
    """
    items = [
        Item(video_id, content=video.digest, context=video)
        for video_id, (video,) in read_records(videos, Video).items()
    ]
    prompt = load_prompt(prompts["entity_recognizer"])

    def start() -> Worker:
        model = load_chat(chat)
        return lambda missing: in_batches(
            _load_frames(missing, options["n_frames"]),
            options["batch_films"],
            lambda batch: _recognize(model, prompt, options, batch),
        )

    run_stage("entities", items, start, output=output, store=store, making=making, strict=strict)


def _load_frames(
    items: Sequence[Item], n_frames: int
) -> Iterator[tuple[Item, np.ndarray | ItemFailure]]:
    for item in items:
        video: Video = item.context
        try:
            times_s = frames.sample_times(video.duration_s, n_frames, video.fps)
            yield item, frames.read_frames(video.path, times_s)
        except (frames.DecodingError, OSError) as error:
            yield item, ItemFailure(f"{video.path}: {error}")


def _recognize(
    model: Chat,
    prompt: Prompt,
    options: Mapping[str, Any],
    batch: Sequence[tuple[Item, np.ndarray]],
) -> list[dict[str, Any] | ItemFailure]:
    requests = [
        ChatRequest(
            prompt.render(),
            film,
            fps=frames.sampled_rate(item.context.duration_s, len(film), item.context.fps),
            seed=options["seed"],
            max_new_tokens=options["max_new_tokens"],
        )
        for item, film in batch
    ]
    asked = ask(
        model,
        requests,
        replies.parse_entity_text,
        options["attempts"],
        options["retry_temperature"],
    )
    return [
        ItemFailure(one.failure) if one.answer is None else to_json(Entities(one.answer))
        for one in asked
    ]
