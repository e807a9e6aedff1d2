"""The detector through transformers' own Grounding DINO class (and its kin)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

from strefer.agents.detector.interface import RawDetection, in_order, prompt_of

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
DEFAULT_MAX_BATCH = 8


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
        self.max_batch = max_batch

    @classmethod
    def load(cls, spec: dict) -> TransformersDetector:
        """From a folder or a hub id.

        Args:
            spec: `model`; optional `revision`, `dtype` (float32, bfloat16, float16), `device` (by
                default cuda where there is one), `max_batch` (frames at a time).
        """
        dtype = spec.get("dtype") or "float32"
        if dtype not in DTYPES:
            raise ValueError(
                f"configuration: agents.detector.dtype is {dtype!r}; "
                f"it must be one of {sorted(DTYPES)}"
            )
        device = spec.get("device") or "auto"
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        source = {"revision": spec["revision"]} if spec.get("revision") else {}
        model = AutoModelForZeroShotObjectDetection.from_pretrained(
            spec["model"], dtype=torch.float32, use_safetensors=True, **source
        )
        processor = AutoProcessor.from_pretrained(spec["model"], **source)
        max_batch = int(spec.get("max_batch") or DEFAULT_MAX_BATCH)
        return cls(model.to(device), processor, DTYPES[dtype], max_batch)

    def detect(
        self,
        frames: Sequence[np.ndarray],
        phrases: Sequence[str],
        box_threshold: float,
        text_threshold: float,
    ) -> list[list[RawDetection]]:
        """As `Detector.detect`."""
        prompt = prompt_of(phrases)
        found: list[list[RawDetection]] = []
        for first in range(0, len(frames), self.max_batch):
            batch = frames[first : first + self.max_batch]
            found += self._detect_batch(batch, prompt, box_threshold, text_threshold)
        return found

    @torch.inference_mode()
    def _detect_batch(
        self, frames: Sequence[np.ndarray], prompt: str, box_threshold: float, text_threshold: float
    ) -> list[list[RawDetection]]:
        inputs = self.processor(
            images=list(frames),
            text=[prompt] * len(frames),
            input_data_format="channels_last",  # or a frame of one row would be taken for a channel
            return_tensors="pt",
        ).to(self.model.device)
        with self._autocast():
            outputs = self.model(**inputs)
        sizes = [(frame.shape[0], frame.shape[1]) for frame in frames]
        results = self.processor.post_process_grounded_object_detection(
            outputs,
            inputs.input_ids,
            threshold=box_threshold,
            text_threshold=text_threshold,
            target_sizes=sizes,
        )
        detections = []
        for (height_px, width_px), result in zip(sizes, results, strict=True):
            boxes = result["boxes"].float().cpu().tolist()
            scores = result["scores"].float().cpu().tolist()
            # Without a box the processor still gives one label, of no words.
            labels = [self._words(label) for label in result["text_labels"][: len(boxes)]]
            raw = [
                RawDetection(tuple(box), score, label)
                for box, score, label in zip(boxes, scores, labels, strict=True)
            ]
            detections.append(in_order(raw, width_px, height_px))
        return detections

    def _words(self, label: str) -> str:
        """A label without the dots and the special tokens that went over the threshold."""
        special = self.processor.tokenizer.all_special_tokens
        words = label.replace(".", " ").split()
        return " ".join(word for word in words if word not in special)

    def _autocast(self) -> AbstractContextManager:
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.model.device.type, self.dtype)
