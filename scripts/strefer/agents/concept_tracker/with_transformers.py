"""The concept tracker through transformers' `Sam3VideoModel` (SAM 3, arXiv 2511.16719).

The class looks at frame after frame and holds a film's frames, and what it remembers of each object
on each of them, to the end. Here frames come one by one, and what the model no longer looks back to
is dropped: memory depends on the number of objects, not on the length of the film.
"""

from __future__ import annotations

import itertools
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, Sam3VideoConfig, Sam3VideoModel, Sam3VideoProcessor

from strefer.agents.concept_tracker import plain_kernels
from strefer.agents.concept_tracker.interface import Followed
from strefer.agents.devices import device_of, dtype_of
from strefer.agents.tracker.interface import Masks
from strefer.masks import box_of_rle, encode_mask
from strefer.stage.meter import metered

NO_LIMIT = 10_000  # the class's own
LONGEST_PHRASE = 32  # tokens, to which the processor fills every phrase up
POINTERS = ("object_pointer", "object_score_logits")  # what is looked back to furthest


class Sam3ConceptTracker:
    """`Sam3VideoModel` over films or windows of them."""

    def __init__(
        self,
        model: Sam3VideoModel,
        processor: Sam3VideoProcessor,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.model = model.eval()
        self.processor = processor
        self.dtype = dtype
        _provide_kernels()

    @classmethod
    def load(cls, spec: dict) -> Sam3ConceptTracker:
        """From a folder or a hub id.

        Args:
            spec: `model`; optional `revision`, `dtype` (float32, bfloat16, float16), `device` (by
                default cuda where there is one).

        Raises:
            ValueError: if the model is of another class.
        """
        dtype, device = dtype_of(spec, "concept_tracker"), device_of(spec.get("device"))
        source = {"revision": spec["revision"]} if spec.get("revision") else {}
        config = AutoConfig.from_pretrained(spec["model"], **source)
        if not isinstance(config, Sam3VideoConfig):
            raise ValueError(
                f"configuration: agents.concept_tracker.model {spec['model']!r} is a "
                f"{config.model_type!r}; only SAM 3 ('sam3_video'), such as facebook/sam3, can "
                f"find and follow what phrases name"
            )
        model = Sam3VideoModel.from_pretrained(
            spec["model"], dtype=dtype, use_safetensors=True, **source
        )
        processor = Sam3VideoProcessor.from_pretrained(spec["model"], **source)
        return cls(model.to(device), processor, dtype)

    @metered
    @torch.inference_mode()
    def follow(
        self,
        frames: Iterable[np.ndarray],
        n_frames: int,
        phrases: Sequence[str],
        every: int = 1,
        max_objects: int | None = None,
    ) -> list[Followed]:
        """As `ConceptTracker.follow`."""
        asked = {self._shortened(phrase): phrase for phrase in reversed(phrases)}
        if not asked or not n_frames:
            return []
        device = self.model.device
        session = self.processor.init_video_session(inference_device=device, dtype=self.dtype)
        self.processor.add_text_prompt(session, list(reversed(asked)))
        first = next(frames := iter(frames))
        session.video_height, session.video_width = first.shape[:2]
        pixels = map(self._pixels, itertools.chain([first], frames))
        session.processed_frames = _Incoming(pixels, n_frames)
        self.model.max_num_objects = max_objects or NO_LIMIT
        scores: dict[tuple[str, int], float] = {}
        masks: defaultdict[tuple[str, int], Masks] = defaultdict(dict)
        for output in self.model.propagate_in_video_iterator(session):
            self._forget(session)
            if output.frame_idx % every:
                continue
            drawn = self.processor.postprocess_outputs(session, output)
            of_object = zip(drawn["object_ids"].tolist(), drawn["masks"], strict=True)
            rows = {number: mask for number, mask in of_object if mask.any()}
            sure = dict(zip(drawn["object_ids"].tolist(), drawn["scores"].tolist(), strict=True))
            for phrase, numbers in drawn["prompt_to_obj_ids"].items():
                for number in [number for number in numbers if number in rows]:
                    key = asked[phrase], number
                    scores.setdefault(key, sure[number])
                    masks[key][output.frame_idx // every] = encode_mask(rows[number].cpu().numpy())
        order = {phrase: position for position, phrase in enumerate(phrases)}
        return [
            Followed(key[0], scores[key], first, box_of_rle(masks[key][first]), masks[key])
            for key in sorted(masks, key=lambda key: (order[key[0]], key[1]))
            for first in (min(masks[key]),)
        ]

    def _shortened(self, phrase: str) -> str:
        """A phrase without the last of its words, if it is too long for the model."""
        words = phrase.split()
        while len(words) > 1 and self._length(" ".join(words)) > LONGEST_PHRASE:
            words.pop()
        return " ".join(words)

    def _length(self, text: str) -> int:
        return len(self.processor.tokenizer(text).input_ids)

    def _pixels(self, frame: np.ndarray) -> torch.Tensor:
        """A frame as the model sees it, [3, S, S]."""
        seen = self.processor.video_processor(
            videos=[torch.from_numpy(frame[None]).permute(0, 3, 1, 2)],
            device=self.model.device,
            input_data_format="channels_first",
            return_tensors="pt",
        )
        return seen.pixel_values_videos[0, 0].to(self.dtype)

    def _forget(self, session: Any) -> None:
        """Drop what no later frame looks back to: of a tracked frame first its memory, then its
        pointer; of a frame on which an object was found or confirmed the memory alone, once there
        are enough later ones."""
        tracker = self.model.tracker_model
        now = session.processed_frames.latest
        near = now - tracker.num_maskmem
        far = now - tracker.config.max_object_pointers_in_encoder
        selected = tracker.config.max_cond_frame_num  # -1: all
        for outputs in session.output_dict_per_obj.values():
            tracked, found = outputs["non_cond_frame_outputs"], outputs["cond_frame_outputs"]
            for frame in [frame for frame in tracked if frame <= far]:
                del tracked[frame]
            light = [one for frame, one in tracked.items() if frame <= near]
            light += [found[frame] for frame in sorted(found)[:-selected] if selected > 0]
            for one in light:
                for key in one.keys() - set(POINTERS):
                    del one[key]


class _Incoming(Mapping):
    """The frames of a session, by their numbers: each is there when its turn comes, and then gone.

    Attributes:
        latest: the frame being processed.
    """

    def __init__(self, pixels: Iterator[torch.Tensor], count: int) -> None:
        self.pixels, self.count, self.latest = pixels, count, -1

    def __getitem__(self, frame: int) -> torch.Tensor:
        if frame > self.latest:
            self.held, self.latest = next(self.pixels), self.latest + 1
        if frame != self.latest:
            raise KeyError(f"frame {frame} is gone or not there yet; in hand is {self.latest}")
        return self.held

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.count))


def _provide_kernels() -> None:
    """Let the class suppress and clean masks as published, also without the package `kernels`."""
    module = sys.modules[Sam3VideoModel.__module__]
    if module.is_kernels_available():
        module._load_cv_utils_kernel_once()
    if not module.cv_utils_kernel:
        module.cv_utils_kernel = plain_kernels
