"""Hard cuts: PySceneDetect's content detector, fed with frames that are decoded elsewhere."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
from scenedetect import ContentDetector, FrameTimecode
from scenedetect.common import Timecode
from scenedetect.scene_manager import compute_downscale_factor

_MICROSECOND = Fraction(1, 1_000_000)


class CutDetector:
    """The content detector over a stream of frames (mean change of hue, saturation and value
    between neighbours), with the sizes that PySceneDetect's own scene manager takes."""

    def __init__(self, threshold: float, min_segment_s: float, fps: float) -> None:
        """Args:
        threshold: mean change, of 255, from which a frame begins a new shot.
        min_segment_s: cuts that follow each other faster are merged.
        fps: mean rate of the film.
        """
        self.detector = ContentDetector(threshold, min_scene_len=float(min_segment_s))
        self.fps = fps
        self.size: tuple[int, int] | None = None

    def feed(self, time_s: float, frame: np.ndarray) -> list[float]:
        """Take the next frame.

        Args:
            frame: uint8 RGB [H, W, 3].

        Returns:
            Times of the cuts that are certain now, in seconds: each is the time of the first
            frame of a shot.
        """
        if self.size is None:
            height, width = frame.shape[:2]
            factor = max(compute_downscale_factor(max(height, width)), 1.0)
            self.size = max(1, round(width / factor)), max(1, round(height / factor))
        if (frame.shape[1], frame.shape[0]) != self.size:
            frame = cv2.resize(frame, self.size, interpolation=cv2.INTER_LINEAR)
        # A time of its own for each frame, so that variable rates are no special case.
        time = Timecode(pts=round(time_s / _MICROSECOND), time_base=_MICROSECOND)
        cuts = self.detector.process_frame(
            FrameTimecode(time, fps=self.fps), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        )
        return [round(cut.seconds, 6) for cut in cuts]
