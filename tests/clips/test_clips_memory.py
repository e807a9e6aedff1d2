"""The clipper's memory does not depend on a film's length."""

import tracemalloc
from pathlib import Path

import av
import pytest

from helpers.clipper_memory import clipper_peaks_mb
from helpers.films import repeat_film, write_colours, write_textured_film
from helpers.shards import MeanColour, video_of
from strefer.clips import cut_clips as clips

OPTIONS = {
    "shot_detector": "content",
    "content_threshold": 20.0,
    "embedding_fps": 8.0,
    "distance_threshold": 4.5,
    "min_segment_s": 1.0,
}
TEACHER = Path(__file__).resolve().parents[2] / "resources" / "teachers" / "embedder"


def test_memory_does_not_grow_with_the_film(tmp_path):
    path = write_colours(tmp_path / "a.mp4", [(200, 30, 30)] * 400, size=(240, 320))
    video = video_of(path)
    tracemalloc.start()
    clips.segment_film(video, OPTIONS, MeanColour())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 240 * 320 * 3, "more than 100 of the 400 frames were held"


def test_a_long_film_takes_no_more_memory_than_a_short_one(tmp_path):
    """Of the whole process, with the decoder's frames and a real embedder."""
    short = write_textured_film(tmp_path / "short.mp4", seconds=6, fps=10, size=(270, 480))
    longer = repeat_film(short, tmp_path / "long.mp4", times=12)
    short_mb, long_mb = clipper_peaks_mb(TEACHER, short, longer)
    assert long_mb < short_mb + 40, "its 720 frames are 280 MB"


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_an_hour_takes_no_more_than_two_gigabytes(tmp_path, capsys):
    minute = write_textured_film(tmp_path / "minute.mp4", seconds=60, fps=10)
    hour = repeat_film(minute, tmp_path / "hour.mp4", times=60)
    with av.open(str(hour)) as container:  # the clipper's process decodes it, and that is enough
        assert container.duration / av.time_base == pytest.approx(3600)
    [peak_mb] = clipper_peaks_mb(TEACHER, hour)
    with capsys.disabled():
        print(f"\nthe clipper on an hour of 1280 x 720: {peak_mb:.0f} MB")
    assert peak_mb <= 2000
