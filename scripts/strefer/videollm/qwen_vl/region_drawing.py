"""Regions drawn on the frames: the visual prompt of models that know no region tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from strefer.videollm.architecture.tokens import REGION

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (255, 0, 0),
    "lime": (0, 255, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "orange": (255, 140, 0),
    "blue": (0, 0, 255),
}
_WIDTH_SHARE = 0.015  # of the frame's shorter side


def name_regions(text: str, names: Sequence[str]) -> str:
    """The text with each `<region>` replaced by the words for its outline, in order."""
    pieces = text.split(REGION)
    told = [outlined_in(name) for name in names[: len(pieces) - 1]]
    return pieces[0] + "".join(a + b for a, b in zip(told, pieces[1:], strict=True))


def outlined_in(name: str) -> str:
    """The words for a region that is outlined in a colour of this name."""
    return f"the object outlined in {name}"


def outline(frames: np.ndarray, regions: Sequence[Mapping[int, np.ndarray]]) -> np.ndarray:
    """Draw every region's outline on the frames, each in a different colour.

    Args:
        frames: uint8 RGB [T, H, W, 3].
        regions: of each region its masks, bool [H, W], by index of the frame.
    """
    drawn = frames.copy()
    width = max(round(min(frames.shape[1:3]) * _WIDTH_SHARE), 1)
    for region, colour in zip(regions, COLOURS.values(), strict=False):
        for index, mask in region.items():
            kind, how = cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
            found, _ = cv2.findContours(mask.astype(np.uint8), kind, how)
            drawn[index] = cv2.drawContours(drawn[index].copy(), found, -1, colour, width)
    return drawn
