"""The published sample format: our accepted pairs as training samples.

    {"conversations": [{"from": "human", "value": "<image>\\n…<region>…<start_time>…"},
                       {"from": "gpt", "value": "…"}],
     "path": "film.mp4", "start_time": "00:00:04.500", "end_time": "00:00:11.500",
     "annotation": [{"3": {"segmentation": {…}}, …}, …],
     "clip_timestamps": ["00:00:04.500", "00:00:11.500"]}

`annotation` has one object per <region>: index among the NUM_FRAMES frames that the film or clip is
sampled at -> COCO run-length code. Times of a sample about a clip are relative to the clip. Besides
these published fields there are `id`, `video`, `group`, `form` and `frame_keys`.

Where the masklets have region prompts (`masklets.region_prompts`), each frame of an object has them
beside its mask, in pixels of the film, and a student accepts each of them as a region (see
videollm/data/shapes.py):

    {"segmentation": {…}, "box": [x0, y0, x1, y1], "point": [x, y], "scribble": [[x, y], …]}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from strefer.records import Instruction, Masklets, Video, to_json
from strefer.stage.run import read_records
from strefer.times import clock

NUM_FRAMES = 32
PUBLISHED_FIELDS = (
    "conversations", "path", "start_time", "end_time", "annotation", "clip_timestamps",
)  # fmt: skip
CHOICE_HINT = "Answer with the option's letter from the given choices directly."
YES_NO_HINT = "Answer yes or no."
Sample = dict[str, Any]


def own_pairs(
    instructions: Sequence[Path], masklets: Sequence[Path], videos: Sequence[Path]
) -> Iterator[tuple[str, Video, Masklets | None, Instruction]]:
    """(video id, film, its masklets, pair) of all pairs, rejected ones too, in the order of the
    shard files."""
    for pairs_file, masklets_file, videos_file in zip(instructions, masklets, videos, strict=True):
        shown = read_records(masklets_file, Masklets)
        films = read_records(videos_file, Video)
        for video_id, pairs in read_records(pairs_file, Instruction).items():
            masks = shown.get(video_id)
            for pair in pairs:
                yield video_id, films[video_id][0], masks[0] if masks else None, pair


def own_samples(
    instructions: Sequence[Path],
    masklets: Sequence[Path],
    videos: Sequence[Path],
    groups: set[str] | None = None,
) -> Iterator[Sample]:
    """Our accepted pairs of these groups (None: all) as samples."""
    for video_id, video, masks, pair in own_pairs(instructions, masklets, videos):
        if pair.rejected is None and (groups is None or pair.group in groups):
            yield published_sample(pair, video_id, video, masks)


def published_sample(
    pair: Instruction, video_id: str, video: Video, masklets: Masklets | None
) -> Sample:
    """One pair in the published format.

    Raises:
        ValueError: if a region of the pair has no mask in its film or clip.
    """
    sample: Sample = {
        "id": pair.pair_id,
        "video": video_id,
        "path": video.path,
        "conversations": [
            {"from": "human", "value": f"<image>\n{full_question(pair)}"},
            {"from": "gpt", "value": pair.answer},
        ],
        "group": pair.group,
        "form": pair.form,
    }
    offset_s = pair.clip_s[0] if pair.clip_s else 0.0
    if pair.start_s is not None and pair.end_s is not None:
        sample["start_time"] = clock(pair.start_s - offset_s)
        sample["end_time"] = clock(pair.end_s - offset_s)
    if pair.clip_s:
        sample["clip_timestamps"] = [clock(t) for t in pair.clip_s]
    if pair.regions:
        assert masklets is not None
        sample["frame_keys"] = "sampled"
        sample["annotation"] = [annotation(pair, masklets, entity) for entity in pair.regions]
    return sample


def full_question(pair: Instruction) -> str:
    """The question with its options, and what kind of answer is wanted."""
    if pair.form == "choice":
        options = [f"({chr(65 + i)}) {text}" for i, text in enumerate(pair.options)]
        return "\n".join([pair.question, *options, CHOICE_HINT])
    return f"{pair.question} {YES_NO_HINT}" if pair.form == "yes_no" else pair.question


def annotation(pair: Instruction, masklets: Masklets, entity: int) -> dict[str, dict[str, Any]]:
    """One region: index among the sampled frames -> segmentation, and its region prompts if any.

    The masklet's frames are named by the nearest of the NUM_FRAMES evenly spaced frames (first and
    last included) of the film or clip; a long film's masklets have more frames than those.

    Raises:
        ValueError: if the entity has no mask there.
    """
    masklet = next((m for m in masklets.masklets if m.entity == entity), None)
    masks = masklet.masks if masklet else {}
    prompts = masklet.region_prompts or {} if masklet else {}
    times_s = masklets.frame_times_s
    start_s, end_s = pair.clip_s or (0.0, times_s[-1])
    found = {}
    for key, rle in masks.items():
        time_s = times_s[int(key)]
        if start_s <= time_s <= end_s:
            share = (time_s - start_s) / (end_s - start_s) if end_s > start_s else 0.0
            beside = to_json(prompts[key]) if key in prompts else {}
            found[str(round(share * (NUM_FRAMES - 1)))] = {"segmentation": rle} | beside
    if not found:
        raise ValueError(f"pair {pair.pair_id}: entity {entity} has no mask to point with")
    return found
