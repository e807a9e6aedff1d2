"""From samples to a batch of the model: text to token ids, masks to the feature grid.

The processor's settings are kept beside the checkpoint, so that answering treats a question as
training did.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from strefer.videollm.conversation import encode_conversation
from strefer.videollm.frame_source import FrameSource, View, film_shape, view_of
from strefer.videollm.model import IGNORED
from strefer.videollm.samples import Sample
from strefer.videollm.shapes import mask_of_shape
from strefer.videollm.tokens import END_TIME, REGION, START_TIME, VIDEO, time_token

_FILE = "processor_settings.json"


@dataclass(frozen=True)
class ProcessorSettings:
    """How samples are read.

    Args:
        n_frames, n_time_tokens, time_rounding, video_tokens, region_tokens: as the model's.
        grid_side: cells along a side of the feature grid.
        sampled_regions, raw_regions: which annotated frames of a region are used in training,
            "one" at random or "all", by the kind of frame keys.
        system: system sentence, if the chat template takes one.
        most_text_tokens: longer texts are cut at the end.
        learn_time_tokens: whether times in answers count in the loss.
    """

    n_frames: int
    n_time_tokens: int
    time_rounding: str
    video_tokens: int
    region_tokens: int
    grid_side: int
    sampled_regions: str = "one"
    raw_regions: str = "all"
    system: str | None = None
    most_text_tokens: int = 1792
    learn_time_tokens: bool = True

    def save(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=2, sort_keys=True)
        (folder / _FILE).write_text(text + "\n", encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> ProcessorSettings:
        """Raises ValueError if the folder is no checkpoint of a student."""
        path = folder / _FILE
        if not path.is_file():
            raise ValueError(f"{folder}: no {_FILE}; not a checkpoint of train_checkpoint")
        return ProcessorSettings(**json.loads(path.read_text(encoding="utf-8")))


@dataclass
class Encoded:
    """One sample ready for a batch. `region_views` has the frame of each mask: an index into the
    film's view, or a view of its own frame."""

    ids: list[int]
    labels: list[int]
    view: View | None
    grids: list[np.ndarray] = field(default_factory=list)
    region_frames: list[int | View] = field(default_factory=list)
    region_times: list[float] = field(default_factory=list)
    regions: list[int] = field(default_factory=list)


class Processor:
    """Encodes samples by a tokenizer (with the added tokens) and settings."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, settings: ProcessorSettings) -> None:
        self.tokenizer = tokenizer
        self.settings = settings

    def encode(self, sample: Sample, draw: random.Random | None) -> Encoded:
        """Encode one sample.

        Args:
            draw: chooses a region's frame in training; None uses all frames, for answering.

        Raises:
            ValueError: if the sample does not fit its film.
            DecodingError: if the film cannot be read.
        """
        view = None
        if sample.path is not None:
            view = view_of(sample.path, self.settings.n_frames, sample.clip_s)
        encoded = Encoded([], [], view)
        counts = [
            self._add_region(encoded, sample, number, draw) for number in range(len(sample.regions))
        ]
        turns = self._fill(sample, counts)
        unlearned = set()
        if not self.settings.learn_time_tokens:
            times = [f"<{i}>" for i in range(self.settings.n_time_tokens)]
            unlearned = set(self.tokenizer.convert_tokens_to_ids(times))
        ids, learned = encode_conversation(self.tokenizer, turns, self.settings.system)
        most = self.settings.most_text_tokens + (self.settings.video_tokens if view else 0)
        encoded.ids = ids[:most]
        encoded.labels = [
            token if learn and token not in unlearned else IGNORED
            for token, learn in zip(encoded.ids, learned, strict=False)
        ]
        return encoded

    def _add_region(
        self, encoded: Encoded, sample: Sample, number: int, draw: random.Random | None
    ) -> int:
        """Put a region's masks on the sample; returns its number of tokens."""
        assert sample.path is not None
        shape = film_shape(sample.path)
        which = self.settings.sampled_regions
        if sample.frame_keys == "raw":
            which = self.settings.raw_regions
        one = draw is not None and which == "one"
        keys = sorted(sample.regions[number])
        found = {}
        for key in draw.sample(keys, len(keys)) if draw is not None and one else keys:
            drawn = dict(sample.regions[number][key])
            mask = mask_of_shape(drawn, shape.height_px, shape.width_px)
            if mask is not None:
                found[key] = mask
                if one:
                    break
        if not found:
            raise ValueError(f"{sample.path}: region {number} has no mask with pixels")
        for key, mask in found.items():
            frame, share = self._frame_of(sample, encoded.view, key)
            encoded.grids.append(grid_of_mask(mask, self.settings.grid_side))
            encoded.region_frames.append(frame)
            encoded.region_times.append(share)
            encoded.regions.append(number)
        return min(len(found), self.settings.region_tokens)

    def _frame_of(self, sample: Sample, view: View | None, key: int) -> tuple[int | View, float]:
        """The frame of a key, and its time as a share of what the model sees."""
        assert sample.path is not None and view is not None
        first, last = view.times_s[0], view.times_s[-1]
        if sample.frame_keys == "sampled":
            if not 0 <= key < len(view.times_s):
                raise ValueError(
                    f"{sample.path}: frame {key} in annotation, but {len(view.times_s)} are sampled"
                )
            return key, key / max(len(view.times_s) - 1, 1)
        fps = film_shape(sample.path).fps
        time_s = key / fps
        share = min(max((time_s - first) / max(last - first, 1e-6), 0.0), 1.0)
        nearest = min(range(len(view.times_s)), key=lambda i: abs(view.times_s[i] - time_s))
        if abs(view.times_s[nearest] - time_s) < 0.5 / fps:
            return nearest, share
        return View(sample.path, (time_s,)), share

    def _fill(self, sample: Sample, region_counts: list[int]) -> list[tuple[str, str]]:
        """The turns with every placeholder spelled out in tokens."""
        duration_s = None
        if sample.path is not None:
            duration_s = film_shape(sample.path).duration_s
            if sample.clip_s is not None:
                duration_s = min(sample.clip_s[1], duration_s) - sample.clip_s[0]
        counts = iter(region_counts)
        turns = []
        for index, (question, answer) in enumerate(sample.turns):
            if index == 0 and sample.path is not None and VIDEO not in question:
                question = f"{VIDEO}\n{question}"
            pair = []
            for text in (question, answer):
                for name, time_s in ((START_TIME, sample.start_s), (END_TIME, sample.end_s)):
                    if name in text:
                        text = text.replace(name, self._time(time_s, duration_s))
                pieces = text.split(REGION)
                text = pieces[0] + "".join(REGION * next(counts) + p for p in pieces[1:])
                pair.append(text.replace(VIDEO, VIDEO * self.settings.video_tokens))
            turns.append((pair[0], pair[1]))
        return turns

    def _time(self, time_s: float | None, duration_s: float | None) -> str:
        if time_s is None or duration_s is None:
            raise ValueError("a time in the text, but no film or no time in the sample")
        n_tokens, rounding = self.settings.n_time_tokens, self.settings.time_rounding
        return time_token(time_s, duration_s, n_tokens, rounding)


def grid_of_mask(mask: np.ndarray, side: int) -> np.ndarray:
    """The share of each cell of a side × side grid that a mask covers: bool [H, W] → [S, S]."""
    cells = torch.from_numpy(mask.astype(np.float32))[None, None]
    return torch.nn.functional.adaptive_avg_pool2d(cells, side)[0, 0].numpy()


def collate(
    batch: Sequence[Encoded], source: FrameSource, pad_id: int, left: bool = False
) -> dict[str, torch.Tensor]:
    """One batch of the model (see `VideoLlm`).

    Args:
        left: pad on the left, for generation.
    """
    width = max(len(e.ids) for e in batch)
    ids = torch.full((len(batch), width), pad_id)
    labels = torch.full((len(batch), width), IGNORED)
    attention = torch.zeros((len(batch), width), dtype=torch.long)
    for row, e in enumerate(batch):
        place = slice(width - len(e.ids), width) if left else slice(0, len(e.ids))
        ids[row, place] = torch.tensor(e.ids)
        labels[row, place] = torch.tensor(e.labels)
        attention[row, place] = 1
    joined = {"input_ids": ids, "attention_mask": attention, "labels": labels}
    views = list(dict.fromkeys(e.view for e in batch if e.view is not None))
    if not views:
        return joined
    name = "features" if source.encoded else "frames"
    joined[name] = torch.stack([source.get(view) for view in views])
    joined["films"] = torch.tensor([-1 if e.view is None else views.index(e.view) for e in batch])
    if any(e.regions for e in batch):
        joined |= _collate_regions(batch, views, source)
    return joined


def _collate_regions(
    batch: Sequence[Encoded], views: list[View], source: FrameSource
) -> dict[str, torch.Tensor]:
    frames, regions, others = [], [], []
    first = 0  # regions are numbered through the batch
    for e in batch:
        for frame in e.region_frames:
            if isinstance(frame, View):
                others.append(source.get(frame)[0])
                frames.append(len(views) * len(views[0].times_s) + len(others) - 1)
            else:
                assert e.view is not None
                frames.append(views.index(e.view) * len(e.view.times_s) + frame)
        regions += [first + r for r in e.regions]
        first += len(set(e.regions))
    joined = {
        "region_masks": torch.from_numpy(np.stack([g for e in batch for g in e.grids])),
        "region_frames": torch.tensor(frames),
        "regions": torch.tensor(regions),
        "region_times": torch.tensor([t for e in batch for t in e.region_times]),
    }
    if others:
        joined["other_features" if source.encoded else "other_frames"] = torch.stack(others)
    return joined
