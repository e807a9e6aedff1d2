"""Stage `entities`: the entity recognizer, a video LLM that names every active entity of a film."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strefer import frames
from strefer.agents import replies
from strefer.agents.chat.frame_fit import FrameFit
from strefer.agents.chat.interface import (
    Asked,
    Chat,
    ChatRequest,
    ask,
    calls_at_a_time,
    check_room,
    log_unread,
)
from strefer.agents.chat.load import load_chat
from strefer.prompts import Prompt, load_prompt
from strefer.records import Entities, Video, to_json
from strefer.stage.ahead import flat_ahead
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
        options: `looks`, the number of equal stretches to split a film into: each is shown as
            `n_frames` evenly spaced frames and asked about separately; `max_new_tokens`; `attempts`
            and `retry_temperature` for empty replies; `batch_films` per call; `seed`.
        prompts: `entity_recognizer`.
        chat: the video LLM's specification.
    """
    items = [
        Item(video_id, content=video.digest, context=video, film_s=video.duration_s)
        for video_id, (video,) in read_records(videos, Video).items()
    ]
    prompt = load_prompt(prompts["entity_recognizer"])
    fit = FrameFit.of(chat)

    def start() -> Worker:
        model = load_chat(chat)
        sizes = [(item.context.width_px, item.context.height_px) for item in items]
        longest = _request(prompt, fit.longest(sizes, options["n_frames"]), 1.0, options)
        check_room(model, longest, "`entities.n_frames`, `entities.max_new_tokens`")
        return lambda missing: in_batches(
            flat_ahead(missing, lambda item: _load_frames(item, options, fit)),
            options["batch_films"],
            lambda batch: _recognize(model, prompt, options, batch),
            calls_at_a_time(model),
        )

    run_stage("entities", items, start, shard)
    records = [record for (record,) in read_records(shard.output, Entities).values()]
    unread = sum(len(record.unread) for record in records)
    log_unread("entities", "entity_recognizer", unread, len(records) * options["looks"])


def _load_frames(
    item: Item, options: Mapping[str, Any], fit: FrameFit
) -> Iterator[tuple[Item, np.ndarray | ItemFailure]]:
    """The frames of a film, those of one look after those of the other: [looks * T, H, W, 3]."""
    looks, n_frames = options["looks"], options["n_frames"]
    video: Video = item.context
    look_s = video.duration_s / looks
    times_s = [
        time_s
        for look in range(looks)
        for time_s in frames.sample_times(look_s, n_frames, video.fps, look * look_s)
    ]
    try:
        size = (video.width_px, video.height_px)
        yield item, np.stack(list(fit.read(video.path, times_s, size, n_frames)))
    except (frames.DecodingError, OSError) as error:
        yield item, ItemFailure(f"{video.path}: {error}")


def _request(
    prompt: Prompt, shown: np.ndarray, fps: float, options: Mapping[str, Any]
) -> ChatRequest:
    return ChatRequest(
        prompt.render(),
        shown,
        fps=fps,
        seed=options["seed"],
        max_new_tokens=options["max_new_tokens"],
    )


def _recognize(
    model: Chat,
    prompt: Prompt,
    options: Mapping[str, Any],
    batch: Sequence[tuple[Item, np.ndarray]],
) -> list[dict[str, Any] | ItemFailure]:
    looks, n_frames = options["looks"], options["n_frames"]
    requests = []
    for item, film in batch:
        video: Video = item.context
        fps = frames.sampled_rate(video.duration_s / looks, n_frames, video.fps)
        requests += [_request(prompt, shown, fps, options) for shown in np.split(film, looks)]
    asked = ask(
        model,
        requests,
        lambda reply: replies.parse_entity_text(reply, like=prompt.text),
        options["attempts"],
        options["retry_temperature"],
    )
    return [_joined(asked[i : i + looks]) for i in range(0, len(asked), looks)]


def _joined(looks: Sequence[Asked[str]]) -> dict[str, Any] | ItemFailure:
    """A film's record; a film fails if none of its looks has a usable reply."""
    unread = tuple(look.failure for look in looks if look.failure is not None)
    texts = dict.fromkeys(look.answer for look in looks if look.answer is not None)
    if not texts:
        return ItemFailure(unread[0])
    return to_json(Entities("\n".join(texts), unread))
