"""Stage `entities`: the entity recognizer, a video LLM that names every active entity of a film."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strefer import frames
from strefer.agents import replies
from strefer.agents.chat.interface import Asked, Chat, ChatRequest, ask
from strefer.agents.chat.load import load_chat
from strefer.prompts import Prompt, load_prompt
from strefer.records import Entities, Video, to_json
from strefer.stage.batches import in_batches
from strefer.stage.run import Item, ItemFailure, Shard, Worker, read_records, run_stage


def recognize_entities(
    videos: Path,
    shard: Shard,
    options: Mapping[str, Any],
    prompts: Mapping[str, str],
    chat: Mapping[str, Any],
) -> None:
    """Write the shard file of `Entities` records.

    Args:
        videos: the shard file of `Video` records.
        options: `looks`, into how many stretches of equal length a film is cut: each is shown in
            `n_frames` evenly spaced frames and asked about by itself; `max_new_tokens`; `attempts`
            and `retry_temperature` for replies without a word; `batch_films` a call; `seed`.
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
            _load_frames(missing, options),
            options["batch_films"],
            lambda batch: _recognize(model, prompt, options, batch),
        )

    run_stage("entities", items, start, shard)


def _load_frames(
    items: Sequence[Item], options: Mapping[str, Any]
) -> Iterator[tuple[Item, np.ndarray | ItemFailure]]:
    """The frames of each film, those of one look after those of the other: [looks * T, H, W, 3]."""
    looks, n_frames = options["looks"], options["n_frames"]
    for item in items:
        video: Video = item.context
        look_s = video.duration_s / looks
        times_s = [
            time_s
            for look in range(looks)
            for time_s in frames.sample_times(look_s, n_frames, video.fps, look * look_s)
        ]
        try:
            yield item, frames.read_frames(video.path, times_s)
        except (frames.DecodingError, OSError) as error:
            yield item, ItemFailure(f"{video.path}: {error}")


def _recognize(
    model: Chat,
    prompt: Prompt,
    options: Mapping[str, Any],
    batch: Sequence[tuple[Item, np.ndarray]],
) -> list[dict[str, Any] | ItemFailure]:
    looks, n_frames = options["looks"], options["n_frames"]
    requests = [
        ChatRequest(
            prompt.render(),
            shown,
            fps=frames.sampled_rate(item.context.duration_s / looks, n_frames, item.context.fps),
            seed=options["seed"],
            max_new_tokens=options["max_new_tokens"],
        )
        for item, film in batch
        for shown in np.split(film, looks)
    ]
    asked = ask(
        model,
        requests,
        replies.parse_entity_text,
        options["attempts"],
        options["retry_temperature"],
    )
    return [_joined(asked[i : i + looks]) for i in range(0, len(asked), looks)]


def _joined(looks: Sequence[Asked[str]]) -> dict[str, Any] | ItemFailure:
    """A film's record. Without one of its looks it would lack entities, and none would know."""
    for look in looks:
        if look.failure is not None:
            return ItemFailure(look.failure)
    return to_json(Entities("\n".join(dict.fromkeys(look.answer for look in looks))))
