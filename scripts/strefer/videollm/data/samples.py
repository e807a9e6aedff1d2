"""Training and benchmark samples in the published format, read from a recipe's JSON Lines file.

    {"conversations": [{"from": "human", "value": "<image>\\n…<region>…<start_time>…"},
                       {"from": "gpt", "value": "…"}, …],
     "path": "film.mp4", "start_time": "HH:MM:SS.mmm", "end_time": "HH:MM:SS.mmm",
     "annotation": [{"<frame>": {"segmentation": {…}}, …}, …],   one object a region
     "clip_timestamps": [start, end], "frame_keys": "sampled" | "raw", "context": "…"}

Only `conversations` is needed. Frame keys are indices into the frames that the model samples
("sampled", the default) or raw frame numbers of the film ("raw", as in VideoRefer). With
`clip_timestamps` the model sees that part of the film alone, and all times are relative to it. A
first turn from "system" becomes the conversation's system sentence. `context` repeats the part of
the question that may be shortened (a film's subtitles).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from strefer.times import seconds_of
from strefer.videollm.architecture.tokens import END_TIME, REGION, START_TIME, VIDEO
from strefer.videollm.data.unusable import LeftOut, Unusable, reason_of

FRAME_KEYS = ("sampled", "raw")


@dataclass(frozen=True)
class Sample:
    """One conversation about a film (or about none).

    `turns` are pairs of a question and its answer; the last answer is "" in a benchmark.
    `regions` map frame keys to shapes (see shapes.py), one for each `<region>` in order.
    """

    turns: tuple[tuple[str, str], ...]
    path: str | None = None
    regions: tuple[Mapping[int, Mapping[str, Any]], ...] = ()
    frame_keys: str = "sampled"
    start_s: float | None = None
    end_s: float | None = None
    clip_s: tuple[float, float] | None = None
    context: str | None = None
    system: str | None = None

    def count_shown(self) -> int:
        """How often the turns name the film: once or, if that is left to the processor, never.

        Raises:
            Unusable: if they name more films than there are.
        """
        shown = sum(text.count(VIDEO) for turn in self.turns for text in turn)
        if shown > (self.path is not None):
            raise Unusable(
                f"the text's {VIDEO} and the films differ in number",
                f"{self.path}: {shown} {VIDEO} for one film or none",
            )
        return shown


def sample_from_json(fields: Mapping[str, Any]) -> Sample:
    """Check and read one sample.

    Raises:
        ValueError: naming the field that is wrong.
    """
    system, turns = _turns(fields.get("conversations"))
    text = "".join(question + answer for question, answer in turns)
    regions = tuple(
        {int(frame): shape for frame, shape in (region or {}).items()}
        for region in fields.get("annotation") or ()
    )
    if text.count(REGION) != len(regions):
        raise Unusable(
            f"the text's {REGION} and the objects in annotation differ in number",
            f"{text.count(REGION)} {REGION} for {len(regions)} objects in annotation",
        )
    keys = fields.get("frame_keys", "sampled")
    if keys not in FRAME_KEYS:
        raise ValueError(f"frame_keys is {keys!r}, not one of {', '.join(FRAME_KEYS)}")
    times = {name: fields.get(name) for name in ("start_time", "end_time")}
    for name, placeholder in (("start_time", START_TIME), ("end_time", END_TIME)):
        if placeholder in text and times[name] is None:
            raise ValueError(f"{placeholder} without {name}")
    path = fields.get("path")
    if path is not None and not isinstance(path, str):
        raise ValueError(f"path is {path!r:.80}, not the name of a film")
    if regions and not path:
        raise ValueError("annotation without path")
    clip, context = fields.get("clip_timestamps"), fields.get("context")
    return Sample(
        turns=turns,
        path=path or None,
        regions=regions,
        frame_keys=keys,
        start_s=None if times["start_time"] is None else seconds_of(str(times["start_time"])),
        end_s=None if times["end_time"] is None else seconds_of(str(times["end_time"])),
        clip_s=None if clip is None else (seconds_of(str(clip[0])), seconds_of(str(clip[1]))),
        context=context if isinstance(context, str) else None,
        system=system,
    )


def _turns(conversations: Any) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    if not conversations:
        raise ValueError("conversations is missing or empty")
    system = None
    if conversations[0].get("from") == "system":
        system, conversations = str(conversations[0]["value"]), conversations[1:]
    speakers = [turn.get("from") for turn in conversations]
    expected = ["human" if i % 2 == 0 else "gpt" for i in range(len(speakers))]
    if speakers != expected:
        raise ValueError("conversations must alternate between human and gpt")
    values = [str(turn["value"]) for turn in conversations]
    values += [""] * (len(values) % 2)
    return system, tuple(zip(values[::2], values[1::2], strict=True))


def iterate_samples(recipe: str | Path, left_out: LeftOut | None = None) -> Iterator[Sample]:
    """The samples of a recipe file, in order.

    Args:
        left_out: counts samples that are wrong, which are then left out.

    Raises:
        ValueError: naming file, line and field of what is wrong, if nothing counts it.
    """
    with open(recipe, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                sample = sample_from_json(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                message = f"{recipe}, line {number}: {error}"
                if left_out is None or isinstance(error, json.JSONDecodeError):
                    raise ValueError(message) from None
                left_out.seen += 1
                left_out.add(reason_of(error), message)
                continue
            if left_out is not None:
                left_out.seen += 1
            yield sample


def unanswered(sample: Sample) -> Sample:
    """The sample with its last answer taken away."""
    return replace(sample, turns=(*sample.turns[:-1], (sample.turns[-1][0], "")))
