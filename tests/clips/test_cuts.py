"""The detector of hard cuts gives PySceneDetect's own scores."""

import numpy as np
import pytest
import scenedetect

from helpers.shards import video_of
from helpers.shared_data import shared_data
from strefer import frames
from strefer.clips.hard_cuts import CutDetector


def test_scores_are_those_of_scenedetect():
    """Cuts can only differ where a score is close to the threshold: these are the same numbers."""
    rng = np.random.default_rng(2)
    theirs = scenedetect.ContentDetector(threshold=20)
    ours = CutDetector(20, 25.0, (64, 48)).detector
    for i in range(20):
        frame = rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        time = scenedetect.FrameTimecode(i, 25.0)
        expected = theirs._calculate_frame_score(time, frame)
        score = ours._calculate_frame_score(time, np.ascontiguousarray(frame[:, :, ::-1]))
        assert score == pytest.approx(expected, abs=1e-9)
    assert expected > 20


class RecordingDetector(scenedetect.ContentDetector):
    """PySceneDetect's own detector, with its scores in order."""

    def __init__(self, **options):
        super().__init__(**options)
        self.scores = []

    def process_frame(self, timecode, frame_img):
        cuts = super().process_frame(timecode, frame_img)
        self.scores.append(self._frame_score)
        return cuts


@pytest.mark.parametrize("name", ["01_dog", "03_blocks", "04_coffee", "bedroom"])
def test_real_films_have_the_scores_of_scenedetect(name):
    """The scaled frames are nearly those of OpenCV: averaging would be off by up to 4."""
    path = str(shared_data(f"videos/{name}.mp4"))
    theirs = RecordingDetector(threshold=20)
    scenedetect.detect(path, theirs)
    video = video_of(path)
    ours = CutDetector(20, video.fps, (video.width_px, video.height_px))
    scores = []
    for picture in frames.iterate_pictures(path):
        small = picture.pixels(ours.size, interpolation="FAST_BILINEAR")
        assert ours.feed(picture.time_s, small) == []
        scores.append(ours.detector._frame_score)
    differences = np.abs(np.subtract(scores, theirs.scores))
    assert differences.mean() < 0.25
    assert differences.max() < 1.0
