"""Which films a browser plays as they are, and the copies of the others."""

import dataclasses

import numpy as np
import pytest

from helpers.films import write_film, write_frames
from helpers.gallery_run import write_square_film
from helpers.shards import video_of
from strefer.films.film_faults import DecodingError
from strefer.frames import iterate_pictures
from strefer.gallery.proxies import ending_if_played, proxy_of

# Chromium plays those with an ending, and Firefox and Safari by what their makers say.
CASES = [
    ("a.mp4", "libx264", "yuv420p", ".mp4"),
    ("a.mov", "libx264", "yuv420p", ".mp4"),
    ("a.webm", "libvpx", "yuv420p", ".webm"),
    ("a.webm", "libvpx-vp9", "yuv420p", ".webm"),
    ("a.mp4", "libsvtav1", "yuv420p", ".mp4"),
    ("a.mp4", "libx264", "yuv444p", None),
    ("a.mp4", "libx264", "yuv420p10le", None),
    ("a.mkv", "libx264", "yuv420p", None),
    ("a.mp4", "libx265", "yuv420p", None),
    ("a.mp4", "mpeg4", "yuv420p", None),
    ("a.avi", "libx264", "yuv420p", None),
    ("a.ts", "mpeg2video", "yuv420p", None),
    ("a.mov", "prores_ks", "yuv422p10le", None),
]


@pytest.mark.parametrize(("name", "codec", "pixel_format", "ending"), CASES)
def test_what_every_browser_plays_is_left_as_it_is(tmp_path, name, codec, pixel_format, ending):
    write_square_film(tmp_path / name, codec, pixel_format)
    assert ending_if_played(str(tmp_path / name)) == ending


def test_a_film_whose_first_frame_comes_late_is_copied(tmp_path):
    greys = [np.full((32, 48, 3), 40 * number, np.uint8) for number in range(4)]
    for first_ms, ending in ((0, ".webm"), (500, None)):
        times_ms = [first_ms + 100 * number for number in range(4)]
        path = write_frames(tmp_path / f"{first_ms}.webm", greys, "libvpx", times_ms=times_ms)
        assert ending_if_played(str(path)) == ending


def test_a_folder_of_pictures_and_what_is_no_film_are_not_played(tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    assert ending_if_played(str(tmp_path)) is None
    assert ending_if_played(str(tmp_path / "text.mp4")) is None


def test_a_copy_shows_the_same_frames_at_the_same_times(tmp_path):
    pts = [0, 40, 200, 1000, 1100, 1900]
    film = write_film(tmp_path / "film.mkv", n_frames=6, size=(34, 50), pts=pts)
    copy = proxy_of(video_of(film), tmp_path / "proxies")
    assert ending_if_played(str(copy)) == ".mp4"
    ours, theirs = list(iterate_pictures(copy)), list(iterate_pictures(film))
    assert [p.time_s for p in ours] == pytest.approx([p.time_s for p in theirs], abs=1e-3)
    for one, other in zip(ours, theirs, strict=True):
        assert one.pixels().shape == (34, 50, 3)
        assert abs(np.mean(one.pixels()) - np.mean(other.pixels())) < 4


def test_a_large_film_gets_a_small_copy_of_even_sides(tmp_path):
    film = write_film(tmp_path / "film.mkv", n_frames=2, size=(1002, 2000))
    width, height = (
        (video := video_of(proxy_of(video_of(film), tmp_path))).width_px,
        video.height_px,
    )
    assert width * height <= 640 * 480 and width % 2 == height % 2 == 0
    assert width / height == pytest.approx(2, rel=0.02)


def test_a_copy_is_made_once(tmp_path):
    video = video_of(write_film(tmp_path / "film.mkv"))
    first = proxy_of(video, tmp_path / "proxies")
    made_ns = first.stat().st_mtime_ns
    assert proxy_of(video, tmp_path / "proxies").stat().st_mtime_ns == made_ns
    assert proxy_of(dataclasses.replace(video, digest="1"), tmp_path / "proxies") != first


def test_a_film_that_cannot_be_decoded_leaves_no_copy(tmp_path):
    video = video_of(write_film(tmp_path / "film.mkv"))
    (tmp_path / "film.mkv").write_bytes(b"gone bad")
    with pytest.raises(DecodingError):
        proxy_of(video, tmp_path / "proxies")
    assert list((tmp_path / "proxies").iterdir()) == []
