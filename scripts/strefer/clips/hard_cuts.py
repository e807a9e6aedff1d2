"""Hard cuts: PySceneDetect's content detector, fed with frames that are decoded elsewhere."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
from scenedetect import ContentDetector, FrameTimecode
from scenedetect.common import Timecode
from scenedetect.scene_manager import compute_downscale_factor

_MICROSECOND = Fraction(1, 1_000_000)


class _OneCallDetector(ContentDetector):
    """PySceneDetect's content detector with its default weights; the score comes from one call of
    OpenCV instead of three channels' differences in numpy, which were a tenth of the clipper's
    time. The value is the same. It takes RGB."""

    _last: np.ndarray | None = None

    def _calculate_frame_score(self, timecode: FrameTimecode, frame_img: np.ndarray) -> float:
        hsv = cv2.cvtColor(frame_img, cv2.COLOR_RGB2HSV)
        last, self._last = self._last, hsv
        return 0.0 if last is None else cv2.norm(hsv, last, cv2.NORM_L1) / hsv.size


class CutDetector:
    """The content detector over a stream of frames (mean change of hue, saturation and value
    between neighbours).

    Attributes:
        size: width and height in pixels that it wants its frames in: those of PySceneDetect's own
            scene manager.
    """

    def __init__(
        self, threshold: float, min_segment_s: float, fps: float, film_size: tuple[int, int]
    ) -> None:
        """Args:
        threshold: mean change, of 255, from which a frame begins a new shot.
        min_segment_s: cuts that follow each other faster are merged.
        fps: mean rate of the film.
        film_size: width and height of the film in pixels.
        """
        self.detector = _OneCallDetector(threshold, min_scene_len=float(min_segment_s))
        self.fps = fps
        factor = max(compute_downscale_factor(max(film_size)), 1.0)
        self.size = tuple(max(1, round(side / factor)) for side in film_size)

    def feed(self, time_s: float, frame: np.ndarray) -> list[float]:
        """Take the next frame.

        Args:
            frame: uint8 RGB [H, W, 3] of the size `size`.

        Returns:
            Times of the cuts that are certain now, in seconds: each is the time of the first
            frame of a shot.
        """
        # A time of its own for each frame, so that variable rates are no special case.
        time = Timecode(pts=round(time_s / _MICROSECOND), time_base=_MICROSECOND)
        cuts = self.detector.process_frame(FrameTimecode(time, fps=self.fps), frame)
        return [round(cut.seconds, 6) for cut in cuts]
