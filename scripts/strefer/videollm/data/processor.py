"""From samples to the model's input: text to token ids, masks to the feature grid.

The processor's settings are kept beside the checkpoint, so that answering treats a question as
training did.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from strefer.videollm.architecture.model import IGNORED
from strefer.videollm.architecture.tokens import END_TIME, REGION, START_TIME, VIDEO, time_token
from strefer.videollm.data.conversation import ConversationEncoder
from strefer.videollm.data.film_shape import film_shape
from strefer.videollm.data.fitting import encode_to_fit
from strefer.videollm.data.frame_source import View, view_of
from strefer.videollm.data.region_masks import masks_of_region
from strefer.videollm.data.samples import Sample
from strefer.videollm.data.unusable import Unusable

_FILE = "processor_settings.json"


@dataclass(frozen=True)
class ProcessorSettings:
    """How to read samples.

    Args:
        n_frames, n_time_tokens, time_rounding, video_tokens, region_tokens: as the model's.
        grid_side: cells along a side of the feature grid.
        frames_together: neighbouring frames that the vision encoder sees as one.
        sampled_regions, raw_regions: the annotated frames of a region to use in training, "one" at
            random or "all", by the kind of frame keys.
        system: system prompt for samples without one, if the chat template accepts one.
        most_text_tokens: longer texts are shortened (see `encode_to_fit`).
        learn_time_tokens: whether times in answers count in the loss.
        text_only: leave out films and region marks, as a control that shows what the words alone
            give away.
    """

    n_frames: int
    n_time_tokens: int
    time_rounding: str
    video_tokens: int
    region_tokens: int
    grid_side: int
    frames_together: int = 1
    sampled_regions: str = "one"
    raw_regions: str = "all"
    system: str | None = None
    most_text_tokens: int = 1792
    learn_time_tokens: bool = True
    text_only: bool = False

    def save(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=2, sort_keys=True)
        (folder / _FILE).write_text(text + "\n", encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> ProcessorSettings:
        """Raises ValueError if the folder is not a student's checkpoint."""
        path = folder / _FILE
        if not path.is_file():
            raise ValueError(f"{folder}: no {_FILE}; not a checkpoint of train_checkpoint")
        return ProcessorSettings(**json.loads(path.read_text(encoding="utf-8")))


@dataclass
class Encoded:
    """One sample ready for a batch.

    Args:
        ids, labels: of the text; `prefix` of them up to the film's last token.
        view: the film's frames; other_view: further frames that only masks use.
        grids, region_frames, region_times, regions: of each mask its grid [S, S], its frame (an
            index into both views' frames, one after the other), the frame's time as a share of
            what is seen, and its region.
    """

    view: View | None
    ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    prefix: int = 0
    other_view: View | None = None
    grids: list[np.ndarray] = field(default_factory=list)
    region_frames: list[int] = field(default_factory=list)
    region_times: list[float] = field(default_factory=list)
    regions: list[int] = field(default_factory=list)


class Processor:
    """Encodes samples by a tokenizer (with the added tokens) and settings."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, settings: ProcessorSettings) -> None:
        self.tokenizer = tokenizer
        self.settings = settings
        self.conversations = ConversationEncoder(tokenizer)
        self._video_id = tokenizer.convert_tokens_to_ids(VIDEO)
        times = [f"<{i}>" for i in range(settings.n_time_tokens)]
        unlearned = [] if settings.learn_time_tokens else times
        self._unlearned = set(tokenizer.convert_tokens_to_ids(unlearned))

    def encode(self, sample: Sample, draw: random.Random | None) -> Encoded:
        """Encode one sample.

        Args:
            draw: chooses a region's frame in training; None uses all frames, for answering.

        Raises:
            Unusable: if the sample does not fit its film, or leaves nothing to learn.
            DecodingError: if the film cannot be read.
        """
        view = None
        if sample.path is not None and not self.settings.text_only:
            view = view_of(sample.path, self.settings.n_frames, sample.clip_s)
        encoded = Encoded(view)
        counts = self._add_regions(encoded, sample, draw) if view is not None else []
        most = self.settings.most_text_tokens + (self.settings.video_tokens if view else 0)
        encoded.ids, learned = encode_to_fit(sample, lambda s: self._tokens(s, counts), most)
        encoded.labels = [
            token if learn and token not in self._unlearned else IGNORED
            for token, learn in zip(encoded.ids, learned, strict=True)
        ]
        if draw is not None and not any(learned[:most]):
            raise Unusable("no answer within `most_text_tokens`")
        if view is not None:
            encoded.prefix = _last_index(encoded.ids, self._video_id) + 1
        return encoded

    def _tokens(self, sample: Sample, counts: list[int]) -> tuple[list[int], list[bool]]:
        turns = self._fill(sample, counts)
        return self.conversations.encode(turns, sample.system or self.settings.system)

    def _add_regions(
        self, encoded: Encoded, sample: Sample, draw: random.Random | None
    ) -> list[int]:
        """Put the regions' masks on the sample; returns each region's number of tokens."""
        if not sample.regions:
            return []
        assert sample.path is not None
        assert encoded.view is not None
        n_frames = len(encoded.view.times_s)
        found = [self._masks(sample, n, n_frames, draw) for n in range(len(sample.regions))]
        keys = sorted({key for masks in found for key in masks})
        frames, others = self._frames_of(sample, encoded.view, keys)
        if others:
            others += others[-1:] * (-len(others) % self.settings.frames_together)
            encoded.other_view = View(sample.path, tuple(others))
        times_s = [*encoded.view.times_s, *others]
        first_s, last_s = encoded.view.times_s[0], encoded.view.times_s[-1]
        for number, masks in enumerate(found):
            for key, mask in masks.items():
                share = (times_s[frames[key]] - first_s) / max(last_s - first_s, 1e-6)
                encoded.grids.append(grid_of_mask(mask, self.settings.grid_side))
                encoded.region_frames.append(frames[key])
                encoded.region_times.append(min(max(share, 0.0), 1.0))
                encoded.regions.append(number)
        return [min(len(masks), self.settings.region_tokens) for masks in found]

    def _masks(
        self, sample: Sample, number: int, n_frames: int, draw: random.Random | None
    ) -> dict[int, np.ndarray]:
        which = self.settings.sampled_regions
        if sample.frame_keys == "raw":
            which = self.settings.raw_regions
        film = film_shape(str(sample.path))
        return masks_of_region(sample, number, n_frames, film, draw if which == "one" else None)

    def _frames_of(
        self, sample: Sample, view: View, keys: list[int]
    ) -> tuple[dict[int, int], list[float]]:
        """The frame of each key, and the times of those that the view does not have."""
        n_frames = len(view.times_s)
        if sample.frame_keys == "sampled":
            return {key: key for key in keys}, []
        fps = film_shape(str(sample.path)).fps
        frames: dict[int, int] = {}
        others: list[float] = []
        for key in keys:
            distances = [abs(time_s - key / fps) for time_s in view.times_s]
            nearest = min(range(n_frames), key=distances.__getitem__)
            if distances[nearest] < 0.5 / fps:
                frames[key] = nearest
            else:
                frames[key] = n_frames + len(others)
                others.append(key / fps)
        return frames, others

    def _fill(self, sample: Sample, region_counts: list[int]) -> list[tuple[str, str]]:
        """The turns with every placeholder spelled out in tokens."""
        duration_s = None
        if sample.path is not None:
            duration_s = film_shape(sample.path).duration_s
            if sample.clip_s is not None:
                duration_s = min(sample.clip_s[1], duration_s) - sample.clip_s[0]
        sample.count_shown()
        counts = iter(region_counts)
        turns = []
        for index, (question, answer) in enumerate(sample.turns):
            if self.settings.text_only:
                question = question.replace(f"{VIDEO}\n", "").replace(VIDEO, "")
                question, answer = (text.replace(REGION, "region") for text in (question, answer))
            elif index == 0 and sample.path is not None and VIDEO not in question:
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
            raise Unusable("a time in the text, but no film or no time in the sample")
        n_tokens, rounding = self.settings.n_time_tokens, self.settings.time_rounding
        try:
            return time_token(time_s, duration_s, n_tokens, rounding)
        except ValueError as error:
            raise Unusable("a time lies outside the film", str(error)) from None


def _last_index(ids: list[int], wanted: int) -> int:
    return len(ids) - 1 - ids[::-1].index(wanted)


def grid_of_mask(mask: np.ndarray, side: int) -> np.ndarray:
    """The share of each cell of a side × side grid that a mask covers: bool [H, W] → [S, S]."""
    cells = torch.from_numpy(mask.astype(np.float32))[None, None]
    return torch.nn.functional.adaptive_avg_pool2d(cells, side)[0, 0].numpy()
