"""The tracker through transformers' classes of SAM 2 and its kin: frames in memory, features
computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
import transformers
from torch.nn import functional
from transformers import AutoConfig

from strefer.agents.devices import device_of, dtype_of
from strefer.agents.halving import HalvingBatches
from strefer.agents.tracker.certain_masks import masks_of
from strefer.agents.tracker.interface import Box, Drawn, Session, Tracker
from strefer.agents.tracker.propagation import Features, encode_frames, join_features, unroll

DEFAULT_MAX_BATCH = 4  # frames of 1024 x 1024 pixels, or objects
# By a checkpoint's type, its classes. SAM 3's own has a detector beside the tracker.
CLASSES = {
    "sam2_video": ("Sam2VideoModel", "Sam2VideoProcessor"),
    "edgetam_video": ("EdgeTamVideoModel", "Sam2VideoProcessor"),
    "sam3_tracker_video": ("Sam3TrackerVideoModel", "Sam3TrackerVideoProcessor"),
    "sam3_video": ("Sam3TrackerVideoModel", "Sam3TrackerVideoProcessor"),
}


class TransformersTracker(Tracker):
    """`Sam2VideoModel` over whole films, by a procedure that follows objects together.

    Weights stay float32; a smaller `dtype` is used by autocast, so that positions, which bfloat16
    would round to whole pixels, keep their precision.
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        dtype: torch.dtype = torch.float32,
        max_batch: int = DEFAULT_MAX_BATCH,
    ) -> None:
        self.model = model.eval()
        self.processor = processor
        self.dtype = dtype
        self.batches = HalvingBatches(max_batch)

    @classmethod
    def load(cls, spec: dict) -> TransformersTracker:
        """From a folder or a hub id.

        Args:
            spec: `model`; optional `revision`, `dtype` (float32, bfloat16, float16), `device` (by
                default cuda where there is one), `max_batch` (frames encoded, and objects
                followed, at a time).
        """
        dtype, device = dtype_of(spec, "tracker"), device_of(spec.get("device"))
        source = {"revision": spec["revision"]} if spec.get("revision") else {}
        config = AutoConfig.from_pretrained(spec["model"], **source)
        if config.model_type not in CLASSES:
            raise ValueError(
                f"configuration: agents.tracker.model {spec['model']!r} is a "
                f"{config.model_type!r}; the adapter 'transformers' follows objects with one of "
                f"{', '.join(CLASSES)}, such as facebook/sam2.1-hiera-large"
            )
        model_class, processor_class = (
            getattr(transformers, n) for n in CLASSES[config.model_type]
        )
        model = model_class.from_pretrained(
            spec["model"], dtype=torch.float32, use_safetensors=True, **source
        )
        processor = processor_class.from_pretrained(spec["model"], **source)
        max_batch = int(spec.get("max_batch") or DEFAULT_MAX_BATCH)
        kind = cls if config.model_type == "sam2_video" else SessionTracker
        return kind(model.to(device), processor, dtype, max_batch)

    def _autocast(self) -> AbstractContextManager:
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.model.device.type, self.dtype)

    @torch.inference_mode()
    def _take_in(self, frames: np.ndarray) -> Features:
        return join_features(list(self.batches.run(self._encode, frames)))

    def _encode(self, first: int, frames: np.ndarray) -> list[Features]:
        pixels = self.processor.video_processor(
            videos=[torch.from_numpy(frames).permute(0, 3, 1, 2)],
            device=self.model.device,
            input_data_format="channels_first",
            return_tensors="pt",
        ).pixel_values_videos[0]
        with self._autocast():
            return [encode_frames(self.model, pixels)]

    def _follow(
        self, session: Session, order: range, boxes: Sequence[Box], min_certainty: float
    ) -> Iterator[Drawn]:
        @torch.inference_mode()
        def follow(first: int, batch: Sequence[Box]) -> Iterator[Drawn]:
            scaled = self._scaled(session, batch)
            rows = torch.tensor(order, device=scaled.device)[:, None].expand(-1, len(batch))
            steps = unroll(self.model, session.state, rows, scaled, session.n_frames)
            for frame in order:
                with self._autocast():
                    logits = next(steps).gated_logits()
                least = min_certainty if frame != order[0] else 0.0
                # One object after the other: at 4K a mask's logits take 33 MB.
                for number, small in enumerate(logits, first):
                    logit = self._at_frame_size(session, small[None])
                    yield number, frame, masks_of(logit, least)[0]

        return self.batches.run(follow, boxes)

    def _scaled(self, session: Session, boxes: Sequence[Box]) -> torch.Tensor:
        """Boxes [B, 4] in pixels of the model's input, which is a square."""
        size = self.model.image_size
        scale = [size / session.width_px, size / session.height_px] * 2
        scaled = np.asarray(boxes, np.float32) * np.asarray(scale, np.float32)
        return torch.from_numpy(scaled).to(self.model.device)

    def _at_frame_size(self, session: Session, logits: torch.Tensor) -> torch.Tensor:
        """Mask logits [B, H, W] from those of the decoder [B, 4h, 4w]."""
        return functional.interpolate(
            logits[:, None].float(),
            size=(session.height_px, session.width_px),
            mode="bilinear",
            align_corners=False,
        )[:, 0]


class SessionTracker(TransformersTracker):
    """SAM 2's kin by their own procedure, the sessions of transformers: object after object. A
    frame's image features are computed when it is first seen, and kept for all passes."""

    def _take_in(self, frames: np.ndarray) -> Any:
        return self.processor.init_video_session(
            video=torch.from_numpy(frames).permute(0, 3, 1, 2),
            inference_device=self.model.device,
            max_vision_features_cache_size=len(frames),
        )

    def _follow(
        self, session: Session, order: range, boxes: Sequence[Box], min_certainty: float
    ) -> Iterator[Drawn]:
        @torch.inference_mode()
        def follow(first: int, batch: Sequence[Box]) -> Iterator[Drawn]:
            session.state.reset_tracking_data()
            self.processor.add_inputs_to_inference_session(
                session.state,
                frame_idx=order[0],
                obj_ids=list(range(len(batch))),
                input_boxes=[[list(box) for box in batch]],
            )
            for frame in order:
                with self._autocast():
                    output = self.model(session.state, frame_idx=frame, reverse=order.step < 0)
                least = min_certainty if frame != order[0] else 0.0
                for number, small in enumerate(output.pred_masks[:, 0], first):
                    logit = self._at_frame_size(session, small[None])
                    yield number, frame, masks_of(logit, least)[0]

        return self.batches.run(follow, boxes)
