"""Many objects in large frames: masks are encoded as they are drawn."""

import tracemalloc

import numpy as np
import pytest

from helpers.hand_made_masklets import ScriptedDetector, track_options
from strefer.agents.detector.interface import RawDetection
from strefer.agents.tracker.interface import Tracker
from strefer.masklets.tracking_ours import track_ours
from strefer.masklets.tracking_paper import track_paper

WIDTH_PX, HEIGHT_PX = 3840, 2160  # 4K: a mask of bytes is 8.3 MB
PEOPLE = 100
PEAK_MB = 60


class Filling(Tracker):
    """Draws each object as its box, in memory of its own, on every frame."""

    def _take_in(self, frames):
        return None

    def _follow(self, session, order, boxes, min_certainty):
        for frame in order:
            for number, (x0, y0, x1, y1) in enumerate(boxes):
                drawn = np.zeros((session.height_px, session.width_px), bool)
                drawn[int(y0) : int(y1), int(x0) : int(x1)] = True
                yield number, frame, drawn


def crowd(count):
    places = [(40.0 * (i % 90), 100.0 * (i // 90)) for i in range(count)]
    return [
        RawDetection((x, y, x + 30, y + 90), 0.6 + i / 10_000, "person")
        for i, (x, y) in enumerate(places)
    ]


@pytest.mark.parametrize("procedure", [track_ours, track_paper])
def test_a_hundred_people_in_4k_stay_below_sixty_megabytes(procedure):
    """All masks of this one frame as bytes would be 100 x 8.3 MB = 830 MB, of 32 frames 27 GB."""
    frames = np.zeros((1, HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    detector = ScriptedDetector({0: crowd(900)})
    options = track_options(max_objects=PEOPLE, look_ahead=1, max_starting_frames=1)
    tracemalloc.start()
    _, tracks = procedure(frames, ["person"] * 3, detector, Filling(), options)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(tracks) == PEOPLE
    assert all(list(track.masks) == [0] for track in tracks)
    scores = [track.detections[0].score for track in tracks]
    assert min(scores) == pytest.approx(0.68)  # the surest of 0.6 to 0.69
    assert peak / 1e6 < PEAK_MB
