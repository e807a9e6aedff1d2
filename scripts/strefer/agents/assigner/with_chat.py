"""Assigning by asking any chat model that sees: boxes are drawn on the frame with their numbers."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from strefer.agents.assigner.interface import Box, ChoosingAssigner, parse_objects, unanswered
from strefer.agents.chat.interface import Chat, ChatRequest, ask
from strefer.prompts import Prompt

ATTEMPTS, RETRY_TEMPERATURE = 3, 0.7
MAX_NEW_TOKENS = 64
SHORTER_SIDE_PX = 448  # smaller frames are enlarged: the numbers must be readable
# Colours that differ in hue and in brightness, reused in turn.
COLOURS = ((230, 25, 75), (60, 180, 75), (0, 130, 200), (255, 225, 25), (245, 130, 48))


class ChatAssigner(ChoosingAssigner):
    """A chat model over numbered boxes; all expressions share the picture."""

    def __init__(self, chat: Chat, prompt: Prompt) -> None:
        self.chat = chat
        self.prompt = prompt

    def choose(
        self, frame: np.ndarray, boxes: Sequence[Box], expressions: Sequence[str]
    ) -> list[list[int]]:
        """As `Assigner.choose`; no box where no reply about an expression can be read."""
        if not boxes:
            return [[] for _ in expressions]
        picture = draw_numbered_boxes(frame, boxes)[None]
        requests = [
            ChatRequest(
                text=self.prompt.render(expression=expression, last=len(boxes) - 1),
                frames=picture,
                fps=1.0,
                max_new_tokens=MAX_NEW_TOKENS,
            )
            for expression in expressions
        ]
        answers = ask(
            self.chat,
            requests,
            lambda reply: parse_objects(reply, len(boxes)),
            ATTEMPTS,
            RETRY_TEMPERATURE,
        )
        return [
            unanswered(expression, str(answer.failure)) if answer.answer is None else answer.answer
            for expression, answer in zip(expressions, answers, strict=True)
        ]


def draw_numbered_boxes(frame: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """A copy of the frame, uint8 RGB, with each box and its number at its upper left corner."""
    scale = max(SHORTER_SIDE_PX / min(frame.shape[:2]), 1.0)
    size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
    picture = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)
    thickness = max(round(min(size) / 200), 1)
    font, font_scale = cv2.FONT_HERSHEY_SIMPLEX, min(size) / 500
    for number, box in enumerate(boxes):
        x0, y0, x1, y1 = (round(side * scale) for side in box)
        colour = COLOURS[number % len(COLOURS)]
        cv2.rectangle(picture, (x0, y0), (x1, y1), colour, thickness)
        (width, height), below = cv2.getTextSize(str(number), font, font_scale, thickness)
        # Inside the box, so that it is seen for boxes at the frame's upper edge too.
        cv2.rectangle(picture, (x0, y0), (x0 + width + 2, y0 + height + below), colour, -1)
        cv2.putText(
            picture, str(number), (x0 + 1, y0 + height), font, font_scale, (0, 0, 0), thickness
        )
    return picture
