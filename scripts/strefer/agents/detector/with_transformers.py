"""The detector through transformers' own Grounding DINO class (and its kin)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

from strefer.agents.detector.interface import RawDetection, TextPrompt, prompt_of, read_queries
from strefer.agents.devices import device_of, dtype_of
from strefer.agents.halving import HalvingBatches
from strefer.stage.meter import metered

DEFAULT_MAX_BATCH = 4  # frames of 800 x 1333 pixels


class TransformersDetector:
    """Grounding DINO on frames in memory, `max_batch` at a time.

    Weights stay float32 and a smaller `dtype` is used by autocast: boxes in bfloat16 would be
    rounded to several pixels.
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
    def load(cls, spec: dict) -> TransformersDetector:
        """From a folder or a hub id.

        Args:
            spec: `model`; optional `revision`, `dtype` (float32, bfloat16, float16), `device` (by
                default cuda where there is one), `max_batch` (frames at a time).
        """
        dtype, device = dtype_of(spec, "detector"), device_of(spec.get("device"))
        source = {"revision": spec["revision"]} if spec.get("revision") else {}
        model = AutoModelForZeroShotObjectDetection.from_pretrained(
            spec["model"], dtype=torch.float32, use_safetensors=True, **source
        )
        processor = AutoProcessor.from_pretrained(spec["model"], **source)
        max_batch = int(spec.get("max_batch") or DEFAULT_MAX_BATCH)
        return cls(model.to(device), processor, dtype, max_batch)

    @metered
    def detect(
        self,
        frames: Sequence[np.ndarray],
        phrases: Sequence[str],
        box_threshold: float,
        text_threshold: float,
    ) -> list[list[RawDetection]]:
        """As `Detector.detect`."""
        prompt, thresholds = prompt_of(phrases), (box_threshold, text_threshold)
        if not prompt.spans:
            return [[] for _ in frames]
        found = self.batches.run(
            lambda _, batch: self._detect_batch(batch, prompt, thresholds), frames
        )
        return list(found)

    @torch.inference_mode()
    def _detect_batch(
        self, frames: Sequence[np.ndarray], prompt: TextPrompt, thresholds: tuple[float, float]
    ) -> list[list[RawDetection]]:
        inputs = self.processor(
            images=list(frames),
            text=[prompt.text] * len(frames),
            input_data_format="channels_last",  # or a frame of one row would be taken for a channel
            return_tensors="pt",
        ).to(self.model.device)
        with self._autocast():
            outputs = self.model(**inputs)
        boxes = outputs.pred_boxes.float().cpu().numpy()
        probabilities = outputs.logits.float().sigmoid().cpu().numpy()
        read = self.processor.tokenizer(prompt.text, return_offsets_mapping=True)
        tokens = prompt.tokens(read["offset_mapping"])
        return [
            read_queries(*of_frame, tokens, thresholds, (frame.shape[1], frame.shape[0]))
            for frame, *of_frame in zip(frames, boxes, probabilities, strict=True)
        ]

    def _autocast(self) -> AbstractContextManager:
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.model.device.type, self.dtype)
