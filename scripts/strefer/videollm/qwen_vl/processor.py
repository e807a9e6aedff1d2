"""Samples for a Qwen-VL: regions are outlined on the frames, times are said in seconds.

The model's own processor writes the film's tokens (with the time of every pair of frames, in the
models that read them), and the film's true rate goes along, so that a second is a second in
training and answering.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from strefer.frames import read_frames
from strefer.videollm.architecture.model import IGNORED
from strefer.videollm.architecture.tokens import END_TIME, REGION, START_TIME, VIDEO
from strefer.videollm.data.batches import pad_samples
from strefer.videollm.data.conversation import ConversationEncoder
from strefer.videollm.data.film_shape import film_shape
from strefer.videollm.data.fitting import encode_to_fit
from strefer.videollm.data.frame_source import View, view_of
from strefer.videollm.data.region_masks import masks_of_region
from strefer.videollm.data.samples import Sample
from strefer.videollm.data.unusable import Unusable
from strefer.videollm.qwen_vl.region_drawing import COLOURS, name_regions, outline

_FILE = "qwen_settings.json"
_PAD = "<|video_pad|>"
_FILM = f"<|vision_start|>{_PAD}<|vision_end|>"
_OF_TEXT = {"input_ids", "attention_mask", "mm_token_type_ids", "video_metadata"}


@dataclass(frozen=True)
class QwenSettings:
    """How to read samples.

    Args:
        base: the model that was fine-tuned.
        most_video_tokens: of a film; its frames are made smaller for it.
        n_frames, sampled_regions, raw_regions, system, most_text_tokens: as in
            `ProcessorSettings`.
    """

    base: str
    n_frames: int = 32
    most_video_tokens: int = 12288
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
        """True if a folder is a checkpoint of a fine-tuned Qwen-VL."""
        return (folder / _FILE).is_file()


@dataclass
class EncodedQwen:
    """Token ids, labels and modalities (0 text, 2 video), and what the vision tower and the
    positions need of the film (patches, grid, seconds of a grid), under the model's names."""

    ids: list[int]
    labels: list[int]
    modalities: list[int]
    film: dict[str, torch.Tensor] = field(default_factory=dict)


class QwenProcessor:
    """Encodes samples with the model's own processor (transformers)."""

    def __init__(self, processor: Any, settings: QwenSettings) -> None:
        self.processor, self.settings = processor, settings
        self.tokenizer = processor.tokenizer
        self.conversations = ConversationEncoder(self.tokenizer)
        self.video_id = self.tokenizer.convert_tokens_to_ids(_PAD)

    def encode(self, sample: Sample, draw: random.Random | None) -> EncodedQwen:
        """Encode one sample.

        Args:
            draw: chooses a region's frame in training; None shows all, for answering.

        Raises:
            Unusable: if the sample does not fit its film, or leaves nothing to learn.
            DecodingError: if the film cannot be read.
        """
        film = self._film(sample, draw) if sample.path is not None else {}
        shown = film.pop("input_ids")[0].tolist() if film else []
        # The text's own tokens: without the film's, which come in place of its three marks.
        most = self.settings.most_text_tokens
        if film:
            most += 3 - (len(shown) - shown.count(self.video_id))
        ids, learned = encode_to_fit(sample, self._tokens, most)
        modalities = [0] * len(ids)
        if film:
            at = ids.index(self.video_id) - 1
            ids[at : at + 3] = shown
            learned[at : at + 3] = [False] * len(shown)
            modalities[at : at + 3] = film.pop("mm_token_type_ids")[0].tolist()
        if draw is not None and not any(learned):
            raise Unusable("no answer within `most_text_tokens`")
        labels = [i if learn else IGNORED for i, learn in zip(ids, learned, strict=True)]
        film = {name: torch.as_tensor(film[name]) for name in film if name not in _OF_TEXT}
        return EncodedQwen(ids, labels, modalities, film)

    def _tokens(self, sample: Sample) -> tuple[list[int], list[bool]]:
        return self.conversations.encode(self._turns(sample), sample.system or self.settings.system)

    def _film(self, sample: Sample, draw: random.Random | None) -> dict[str, Any]:
        """The processor's output for the film: its tokens, patches, grid and times."""
        view = view_of(str(sample.path), self.settings.n_frames, sample.clip_s)
        masks = [self._masks(sample, n, view, draw) for n in range(len(sample.regions))]
        frames = self._bounded(outline(read_frames(view.path, view.times_s), masks))
        length_s = view.times_s[-1] - view.times_s[0]
        metadata = {
            "fps": (len(frames) - 1) / length_s if length_s else film_shape(view.path).fps,
            "frames_indices": list(range(len(frames))),
            "total_num_frames": len(frames),
        }
        found = self.processor(
            text=[_FILM],
            videos=[torch.from_numpy(frames).permute(0, 3, 1, 2)],
            videos_kwargs={"do_sample_frames": False, "video_metadata": [metadata]},
            return_tensors="pt",
        )
        return dict(found)

    def _bounded(self, frames: np.ndarray) -> np.ndarray:
        """Frames of no more tokens than the film may have."""
        video = self.processor.video_processor
        side_px = video.patch_size * video.merge_size
        grids = math.ceil(len(frames) / video.temporal_patch_size)
        cells = self.settings.most_video_tokens / grids
        height, width = frames.shape[1:3]
        share = math.sqrt(cells * side_px**2 / (height * width))
        if share >= 1:
            return frames
        size = [max(int(side * share) // side_px, 1) * side_px for side in (width, height)]
        return np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames])

    def _masks(
        self, sample: Sample, number: int, view: View, draw: random.Random | None
    ) -> dict[int, np.ndarray]:
        """A region's masks by sampled frame; raw frames are shown on the nearest sampled one."""
        film, n_frames = film_shape(view.path), len(view.times_s)
        raw = sample.frame_keys == "raw"
        which = self.settings.raw_regions if raw else self.settings.sampled_regions
        found = masks_of_region(sample, number, n_frames, film, draw if which == "one" else None)
        if not raw:
            return found
        shown = {}
        for key, mask in found.items():
            distances = [abs(time_s - key / film.fps) for time_s in view.times_s]
            shown[min(range(n_frames), key=distances.__getitem__)] = mask
        return shown

    def _turns(self, sample: Sample) -> list[tuple[str, str]]:
        if len(sample.regions) > len(COLOURS):
            raise Unusable(
                "more regions than colours",
                f"{sample.path}: {len(sample.regions)} regions, {len(COLOURS)} colours",
            )
        shown = sample.count_shown()
        names = iter(COLOURS)
        turns = []
        for number, (question, answer) in enumerate(sample.turns):
            if number == 0 and sample.path is not None and not shown:
                question = f"{VIDEO}\n{question}"
            pair = []
            for text in (question, answer):
                for mark, time_s in ((START_TIME, sample.start_s), (END_TIME, sample.end_s)):
                    text = text.replace(mark, f"{time_s or 0:.1f} seconds")
                own = [next(names) for _ in range(text.count(REGION))]
                pair.append(name_regions(text, own).replace(VIDEO, _FILM))
            turns.append((pair[0], pair[1]))
        return turns


def collate_qwen(
    samples: Sequence[EncodedQwen], pad_id: int, left: bool = False
) -> dict[str, torch.Tensor]:
    """One batch of a Qwen-VL.

    Args:
        left: pad on the left, for generation.
    """
    batch = pad_samples(samples, pad_id, left)
    modalities = torch.zeros_like(batch["input_ids"], dtype=torch.int)
    modalities[batch["attention_mask"].bool()] = torch.tensor(
        [kind for sample in samples for kind in sample.modalities], dtype=torch.int
    )
    batch["mm_token_type_ids"] = modalities
    films = [sample.film for sample in samples if sample.film]
    for name in films[0] if films else ():
        batch[name] = torch.cat([film[name] for film in films])
    return batch
