"""Assigning by RexSeek, the paper's engine.

RexSeek needs a separate environment (Python 3.10, torch 2.1) and a CUDA device; its licence is
non-commercial. It is imported only when an assigner is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from strefer.agents.assigner.interface import Box, ChoosingAssigner, parse_objects, unanswered
from strefer.stage.meter import metered

MAX_NEW_TOKENS = 512
# Qwen2.5's turns, which RexSeek-3B was trained on.
TURNS = {"INSTRUCTION": "<|im_start|>user\n{input}<|im_end|>\n<|im_start|>assistant\n"}

Reply = Callable[[np.ndarray, Sequence[Box], str], str]


class RexSeekAssigner(ChoosingAssigner):
    """RexSeek over candidate boxes, one question an expression."""

    def __init__(self, reply: Reply) -> None:
        """
        Args:
            reply: the engine: frame uint8 [H, W, 3], boxes and question to the model's text.
        """
        self.reply = reply

    @classmethod
    def load(cls, spec: dict) -> RexSeekAssigner:
        """Load the model.

        Args:
            spec: `model`, for example "IDEA-Research/RexSeek-3B" or a folder.
        """
        return cls(_load_engine(str(spec["model"])))

    @metered
    def choose(
        self, frame: np.ndarray, boxes: Sequence[Box], expressions: Sequence[str]
    ) -> list[list[int]]:
        """See `Assigner.choose`; no box if the reply cannot be parsed."""
        if not boxes:
            return [[] for _ in expressions]
        return [self._choose(frame, boxes, expression) for expression in expressions]

    def _choose(self, frame: np.ndarray, boxes: Sequence[Box], expression: str) -> list[int]:
        reply = self.reply(frame, boxes, question_of(expression))
        try:
            return parse_objects(reply, len(boxes))
        except ValueError as error:
            return unanswered(expression, f"{error}; RexSeek said {reply!r}")


def question_of(expression: str) -> str:
    """The question that RexSeek was trained on."""
    return f"Please detect {expression} in this image. Answer the question with object indexes."


def _load_engine(model_path: str) -> Reply:
    import torch
    from PIL import Image
    from rexseek.builder import load_rexseek_model
    from rexseek.utils.inference_utils import (
        modify_processor_resolution,
        prepare_input_for_rexseek,
    )

    tokenizer, model, image_processor, _ = load_rexseek_model(model_path)
    image_processor, crop_size = modify_processor_resolution(image_processor)

    def reply(frame: np.ndarray, boxes: Sequence[Box], question: str) -> str:
        inputs: dict[str, Any] = prepare_input_for_rexseek(
            Image.fromarray(frame),
            image_processor,
            tokenizer,
            [list(box) for box in boxes],
            question,
            crop_size,
            TURNS,
        )
        ids = inputs.pop("input_ids").to("cuda")
        floats = {name: t.to("cuda", torch.float16) for name, t in inputs.items()}
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
            output = model.generate(ids, **floats, do_sample=False, max_new_tokens=MAX_NEW_TOKENS)
        return tokenizer.batch_decode(output, skip_special_tokens=False)[0].strip()

    return reply
