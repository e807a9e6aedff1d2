"""The tracker through the `sam2` package, for its own checkpoints.

The package takes films as folders of images only, and computes image features again for each pass.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from strefer.agents.devices import device_of
from strefer.agents.tracker.certain_masks import masks_of
from strefer.agents.tracker.interface import Box, Drawn, Session, Tracker


class Sam2PackageTracker(Tracker):
    """`SAM2VideoPredictor` over whole films."""

    def __init__(self, predictor: Any, dtype: str = "float32") -> None:
        self.predictor = predictor
        self.dtype = dtype

    @classmethod
    def load(cls, spec: dict) -> Sam2PackageTracker:
        """From a hub id that the package knows (facebook/sam2.1-hiera-large and its sisters).

        Args:
            spec: `model`; optional `revision`, `dtype` (float32 or bfloat16), `device` (by default
                cuda where there is one).
        """
        from huggingface_hub import hf_hub_download
        from sam2.build_sam import HF_MODEL_ID_TO_FILENAMES, build_sam2_video_predictor

        dtype = spec.get("dtype") or "float32"
        if dtype not in ("float32", "bfloat16"):
            raise ValueError(
                f"config: agents.tracker.dtype is {dtype!r}; the sam2 adapter supports float32 "
                f"and bfloat16"
            )
        if spec["model"] not in HF_MODEL_ID_TO_FILENAMES:
            raise ValueError(
                f"config: agents.tracker.model {spec['model']!r} is not a checkpoint of the sam2 "
                f"package; it knows {sorted(HF_MODEL_ID_TO_FILENAMES)}, and the adapter "
                f"'transformers' accepts folders"
            )
        config_name, weights_name = HF_MODEL_ID_TO_FILENAMES[spec["model"]]
        weights = hf_hub_download(spec["model"], weights_name, revision=spec.get("revision"))
        device = device_of(spec.get("device"))
        # The package reads its weights with torch.load(weights_only=True): no code is run.
        return cls(build_sam2_video_predictor(config_name, weights, device=device), dtype)

    def _autocast(self) -> AbstractContextManager:
        if self.dtype == "float32":
            return nullcontext()
        return torch.autocast(self.predictor.device.type, torch.bfloat16)

    def _take_in(self, frames: np.ndarray) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            for index, frame in enumerate(frames):
                # The package goes by the name's end, its reader by the content: so nothing is
                # lost to JPEG.
                Image.fromarray(frame).save(Path(folder) / f"{index:05d}.jpg", format="png")
            with self._autocast():
                return self.predictor.init_state(video_path=folder)

    def _follow(
        self, session: Session, order: range, boxes: Sequence[Box], min_certainty: float
    ) -> Iterator[Drawn]:
        start_frame = order[0]
        with torch.inference_mode(), self._autocast():
            self.predictor.reset_state(session.state)
            for row, box in enumerate(boxes):
                _, _, logits = self.predictor.add_new_points_or_box(
                    session.state,
                    frame_idx=start_frame,
                    obj_id=row,
                    box=np.asarray(box, np.float32),
                )
            # A pass towards the start yields nothing when it starts on frame 0.
            for row, logit in enumerate(logits[:, 0]):
                yield row, start_frame, masks_of(logit[None])[0]
            for frame, ids, logits in self.predictor.propagate_in_video(
                session.state,
                start_frame_idx=start_frame,
                max_frame_num_to_track=len(order) - 1,
                reverse=order.step < 0,
            ):
                least = min_certainty if frame != start_frame else 0.0
                for row, logit in zip(ids, logits[:, 0], strict=True):
                    yield row, frame, masks_of(logit[None], least)[0]
