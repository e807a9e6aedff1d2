"""Samples for a Qwen-VL: regions are outlined on the frames, times are said in seconds."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from strefer.frames import read_frames
from strefer.videollm.architecture.model import IGNORED
from strefer.videollm.architecture.tokens import END_TIME, START_TIME, VIDEO
from strefer.videollm.data.batches import pad_samples
from strefer.videollm.data.conversation import encode_conversation
from strefer.videollm.data.fitting import encode_to_fit
from strefer.videollm.data.frame_source import View, film_shape, view_of
from strefer.videollm.data.samples import Sample
from strefer.videollm.data.shapes import mask_of_shape
from strefer.videollm.qwen_vl.region_drawing import COLOURS, name_regions, outline

_FILE = "qwen_settings.json"
_VIDEO_TYPE = 2  # of mm_token_type_ids


@dataclass(frozen=True)
class QwenSettings:
    """How samples are read; `base` is the model that was fine-tuned."""

    base: str
    n_frames: int = 32
    sampled_regions: str = "all"
    raw_regions: str = "all"
    system: str | None = None
    most_text_tokens: int = 1792

    def save(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=2, sort_keys=True)
        (folder / _FILE).write_text(text + "\n", encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> QwenSettings:
        return QwenSettings(**json.loads((folder / _FILE).read_text(encoding="utf-8")))

    @staticmethod
    def belong_to(folder: Path) -> bool:
        """Whether a folder is a checkpoint of a fine-tuned Qwen-VL."""
        return (folder / _FILE).is_file()


@dataclass
class EncodedQwen:
    """Token ids, labels, and the film's patches [N, pixels] with their grid [1, 3]."""

    ids: list[int]
    labels: list[int]
    patches: torch.Tensor | None = None
    grid: torch.Tensor | None = None


class QwenProcessor:
    """Encodes samples with the model's own processor (transformers)."""

    def __init__(self, processor: Any, settings: QwenSettings) -> None:
        self.processor, self.settings = processor, settings
        self.tokenizer = processor.tokenizer
        self._pad = "<|video_pad|>"
        self.video_id = self.tokenizer.convert_tokens_to_ids(self._pad)

    def encode(self, sample: Sample, draw: random.Random | None) -> EncodedQwen:
        """Encode one sample.

        Args:
            draw: chooses a region's frame in training; None shows all, for answering.

        Raises:
            ValueError: if the sample does not fit its film.
            DecodingError: if the film cannot be read.
        """
        if len(sample.regions) > len(COLOURS):
            raise ValueError(
                f"{sample.path}: {len(sample.regions)} regions, {len(COLOURS)} colours"
            )
        found: Any = {}
        video, n_tokens = "", 0
        if sample.path is not None:
            found = self._film(sample, draw)
            n_tokens = int(found["video_grid_thw"].prod()) // self._merge() ** 2
            video = f"<|vision_start|>{self._pad * n_tokens}<|vision_end|>"
        most = self.settings.most_text_tokens + n_tokens
        ids, learned = encode_to_fit(sample, lambda s: self._tokens(s, video), most)
        labels = [i if learn else IGNORED for i, learn in zip(ids, learned, strict=True)]
        return EncodedQwen(
            ids, labels, found.get("pixel_values_videos"), found.get("video_grid_thw")
        )

    def _tokens(self, sample: Sample, video: str) -> tuple[list[int], list[bool]]:
        turns = self._turns(sample, video)
        return encode_conversation(self.tokenizer, turns, self.settings.system)

    def _merge(self) -> int:
        return self.processor.video_processor.merge_size

    def _film(self, sample: Sample, draw: random.Random | None) -> Any:
        view = view_of(str(sample.path), self.settings.n_frames, sample.clip_s)
        frames = read_frames(view.path, view.times_s)
        shown = outline(frames, [self._masks(sample, n, view, draw) for n in _numbers(sample)])
        video = torch.from_numpy(shown).permute(0, 3, 1, 2)
        return self.processor.video_processor(
            videos=[video], do_sample_frames=False, return_tensors="pt"
        )

    def _masks(
        self, sample: Sample, number: int, view: View, draw: random.Random | None
    ) -> dict[int, np.ndarray]:
        """A region's masks by sampled frame; raw frames are shown on the nearest sampled one."""
        shape = film_shape(view.path)
        region = sample.regions[number]
        which = self.settings.raw_regions
        if sample.frame_keys == "sampled":
            which = self.settings.sampled_regions
        masks: dict[int, np.ndarray] = {}
        for key in sorted(region):
            mask = mask_of_shape(dict(region[key]), shape.height_px, shape.width_px)
            if mask is None:
                continue
            index = key
            if sample.frame_keys == "raw":
                distances = [abs(time_s - key / shape.fps) for time_s in view.times_s]
                index = min(range(len(distances)), key=distances.__getitem__)
            if not 0 <= index < len(view.times_s):
                raise ValueError(f"{view.path}: frame {key} in annotation, not among the samples")
            masks[index] = mask
        if not masks:
            raise ValueError(f"{view.path}: region {number} has no mask with pixels")
        if draw is not None and which == "one":
            masks = dict([draw.choice(sorted(masks.items(), key=lambda item: item[0]))])
        return masks

    def _turns(self, sample: Sample, video: str) -> list[tuple[str, str]]:
        names = iter(COLOURS)
        turns = []
        for number, (question, answer) in enumerate(sample.turns):
            if number == 0 and video and VIDEO not in question:
                question = f"{VIDEO}\n{question}"
            pair = []
            for text in (question, answer):
                for mark, time_s in ((START_TIME, sample.start_s), (END_TIME, sample.end_s)):
                    text = text.replace(mark, f"{time_s or 0:.1f} seconds")
                own = [next(names) for _ in range(text.count("<region>"))]
                pair.append(name_regions(text, own).replace(VIDEO, video))
            turns.append((pair[0], pair[1]))
        return turns


def _numbers(sample: Sample) -> range:
    return range(len(sample.regions))


def collate_qwen(
    samples: Sequence[EncodedQwen], pad_id: int, video_id: int, left: bool = False
) -> dict[str, torch.Tensor]:
    """One batch of a Qwen-VL.

    Args:
        left: pad on the left, for generation.
    """
    batch = pad_samples(samples, pad_id, left)
    batch["mm_token_type_ids"] = (batch["input_ids"] == video_id).int() * _VIDEO_TYPE
    films = [s for s in samples if s.patches is not None]
    if films:
        batch["pixel_values_videos"] = torch.cat([s.patches for s in films])
        batch["video_grid_thw"] = torch.cat([s.grid for s in films])
    return batch
