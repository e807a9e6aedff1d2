"""Cuts between shots, by detectors that are fed with frames which are decoded elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
from scenedetect import AdaptiveDetector, ContentDetector, FrameTimecode
from scenedetect.common import Timecode
from scenedetect.scene_manager import compute_downscale_factor

from strefer.clips.shots import Cut, ShotDetector

_MICROSECOND = Fraction(1, 1_000_000)


SHOT_DETECTORS = ("content", "adaptive", "transnetv2")


def load_shot_detector(
    options: Mapping[str, Any], fps: float, film_size: tuple[int, int]
) -> ShotDetector:
    """The detector that the options of the stage `clips` name, for one film.

    Args:
        options: `shot_detector`, one of `SHOT_DETECTORS`; `content_threshold`.
        fps, film_size: as in `CutDetector`.

    Raises:
        ValueError: for another name, or if the detector's package is missing.
    """
    name = options["shot_detector"]
    if name == "content":
        return CutDetector(options["content_threshold"], fps, film_size)
    if name == "adaptive":
        return CutDetector(None, fps, film_size)
    if name == "transnetv2":
        from strefer.clips.cuts_transnetv2 import TransNetDetector, load_model

        return TransNetDetector(load_model())
    raise ValueError(
        f"configuration: clips.shot_detector is {name!r}; it must be one of "
        f"{', '.join(SHOT_DETECTORS)}"
    )


class _OneCallScore:
    """The content detector's score, with its default weights, by one call of OpenCV instead of
    three channels' differences in numpy, which were a tenth of the clipper's time. The value is the
    same. It takes RGB."""

    _last: np.ndarray | None = None

    def _calculate_frame_score(self, timecode: FrameTimecode, frame_img: np.ndarray) -> float:
        hsv = cv2.cvtColor(frame_img, cv2.COLOR_RGB2HSV)
        last, self._last = self._last, hsv
        return 0.0 if last is None else cv2.norm(hsv, last, cv2.NORM_L1) / hsv.size


class _OneCallContent(_OneCallScore, ContentDetector):
    pass


class _OneCallAdaptive(_OneCallScore, AdaptiveDetector):
    pass


class CutDetector:
    """PySceneDetect's content detector over a stream of frames (mean change of hue, saturation and
    value between neighbours), or its adaptive one, which compares that with the surrounding frames,
    so that a fast camera does not count as a cut. It returns every cut: PySceneDetect's own filter
    merges cuts in quick succession, so that a montage would become a single shot.

    Attributes:
        size: width and height in pixels that it wants its frames in: those of PySceneDetect's own
            scene manager.
    """

    def __init__(self, threshold: float | None, fps: float, film_size: tuple[int, int]) -> None:
        """Args:
        threshold: mean change, of 255, from which a frame begins a new shot; None for the adaptive
            detector, with PySceneDetect's own settings.
        fps: mean rate of the film.
        film_size: width and height of the film in pixels.
        """
        self.detector: ContentDetector = (
            _OneCallAdaptive(min_scene_len=0)
            if threshold is None
            else _OneCallContent(threshold, min_scene_len=0)
        )
        self.fps = fps
        factor = max(compute_downscale_factor(max(film_size)), 1.0)
        self.size = tuple(max(1, round(side / factor)) for side in film_size)

    def feed(self, time_s: float, frame: np.ndarray) -> list[Cut]:
        """As `ShotDetector.feed`; the adaptive detector's cuts come a few frames late."""
        # Give each frame its own time, so that variable rates need no special case.
        time = Timecode(pts=round(time_s / _MICROSECOND), time_base=_MICROSECOND)
        cuts = self.detector.process_frame(FrameTimecode(time, fps=self.fps), frame)
        return [Cut(round(cut.seconds, 6)) for cut in cuts]

    def finish(self) -> list[Cut]:
        """As `ShotDetector.finish`: none."""
        return []
