import itertools

import numpy as np
import pytest

from helpers.films import write_film
from strefer.masklets.windows import plan_times, plan_windows, read_windows


def test_a_short_film_is_one_window_from_its_first_to_its_last_frame():
    times_s = plan_times(10.0, 8.0, 32, 180.0)
    assert len(times_s) == 32
    assert (times_s[0], times_s[-1]) == (0.0, 9.875)
    assert plan_windows(32, 32, 180.0, 10.0) == [range(32)]


def test_a_long_film_is_sampled_as_densely_as_a_window():
    times_s = plan_times(3600.0, 25.0, 32, 180.0)
    assert max(np.diff(times_s)) <= 180.0 / 31
    assert times_s[-1] == pytest.approx(3599.96)


@pytest.mark.parametrize("count", [33, 50, 100, 621])
def test_windows_cover_all_frames_and_overlap(count):
    windows = plan_windows(count, 32, 180.0, 20.0)
    assert all(len(window) == 32 for window in windows)
    assert (windows[0].start, windows[-1].stop) == (0, count)
    for earlier, later in itertools.pairwise(windows):
        assert earlier.start < later.start
        assert earlier.stop - later.start >= 3


def test_the_film_is_read_window_by_window(tmp_path):
    film = write_film(tmp_path / "a.mp4", n_frames=20)
    times_s = plan_times(20 / 8, 8.0, 20, 180.0)
    windows = plan_windows(20, 8, 180.0, 60.0)
    for window, frames in zip(windows, read_windows(film, times_s, windows), strict=True):
        shown = [round((float(f.mean()) - 16) / 8) for f in frames]
        assert shown == list(window)
