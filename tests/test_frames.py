import struct

import av
import cv2
import numpy as np
import pytest

from helpers.films import boxes, edit_film, turn_film, write_film, write_film_of_sizes, write_frames
from strefer.films import decoding
from strefer.frames import (
    DecodingError,
    fit_size,
    iterate_pictures,
    measure,
    read_frames,
    sample_times,
)


def shade(frame):
    """Which frame of `write_film` this is."""
    return round((float(frame.mean()) - 16) / 8)


def test_frames_are_those_shown_at_the_times(tmp_path):
    path = write_film(tmp_path / "a.mp4", n_frames=16, fps=8)
    frames = read_frames(path, [0.0, 0.124, 0.125, 1.0, 1.06, 99.0])
    assert frames.shape == (6, 32, 48, 3)
    assert [shade(f) for f in frames] == [0, 0, 1, 8, 8, 15]


@pytest.mark.parametrize(
    ("degrees", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))]
)
def test_pictures_are_upright_at_any_size(tmp_path, degrees, corner):
    path = write_film(tmp_path / "a.mp4", size=(64, 96), corner_px=24)
    if degrees:
        turn_film(path, degrees)
    height, width = (96, 64) if degrees in (90, 270) else (64, 96)
    shape = measure(path)
    assert (shape.height_px, shape.width_px) == (height, width)
    pictures = list(iterate_pictures(path))
    assert [p.time_s for p in pictures] == pytest.approx([i / 8 for i in range(8)])
    whole, small = pictures[5].pixels(), pictures[5].pixels((width // 4, height // 4))
    assert whole.shape == (height, width, 3)
    assert small.shape == (height // 4, width // 4, 3)
    for seen in (whole, small):
        bright = {(y, x): seen[y, x].mean() for y in (0, -1) for x in (0, -1)}
        assert max(bright, key=bright.get) == corner
    # OpenCV turns films too.
    theirs = cv2.VideoCapture(str(path))
    for picture in pictures:
        frame = theirs.read()[1][:, :, ::-1]
        assert np.abs(picture.pixels() - frame.astype(float)).mean() < 2


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_frames_have_the_size_of_the_first_whatever_follows(tmp_path, name):
    path = write_film_of_sizes(tmp_path / name, [(32, 48), (96, 36), (32, 48)])
    shape = measure(path)
    assert (shape.height_px, shape.width_px, shape.duration_s) == (32, 48, 3.0)
    frames = read_frames(path, [0.0, 0.875, 1.0, 1.5, 1.875, 2.0])
    assert frames.shape == (6, 32, 48, 3)
    assert [shade(f) for f in frames] == [0, 7, 8, 12, 15, 16]


def test_a_variable_rate_is_measured_by_its_times(tmp_path):
    path = write_film(tmp_path / "a.mp4", n_frames=5, pts=[0, 100, 200, 1200, 2200])
    shape = measure(path)
    assert shape.n_frames == 5
    assert shape.fps == pytest.approx(4 / 2.2, rel=1e-3)
    assert [shade(f) for f in read_frames(path, [0.25, 1.1, 1.3])] == [2, 2, 3]


def test_sample_times_take_in_the_first_and_the_last_frame():
    times = sample_times(2.0, 5, 8)
    assert times[0] == 0
    assert times[-1] == pytest.approx(2.0 - 1 / 8)
    assert np.allclose(np.diff(times), times[1])
    assert sample_times(0.1, 3, 8) == [0, 0, 0]


def test_what_is_no_film_is_said(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("no")
    with pytest.raises(DecodingError, match="cannot be decoded"):
        read_frames(path, [0])


def test_a_trimmed_film_is_not_a_truncated_one(tmp_path):
    """Its container counts the frames that its edit list hides."""
    whole, trimmed = write_film(tmp_path / "a.mp4", n_frames=24), tmp_path / "trimmed.mp4"
    options = {"avoid_negative_ts": "disabled", "use_editlist": "1"}
    with av.open(str(whole)) as source, av.open(str(trimmed), "w", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                second = round(1 / packet.time_base)
                packet.pts, packet.dts = packet.pts - second, packet.dts - second
                packet.stream = stream
                target.mux(packet)
    with av.open(str(trimmed)) as container:
        assert container.streams.video[0].frames == 24
    shape = measure(trimmed)
    assert (shape.n_frames, shape.duration_s, shape.fps) == (16, 2.0, 8.0)
    assert [shade(f) for f in read_frames(trimmed, [0.0, 1.0])] == [8, 16]


def test_the_last_frame_lasts_as_long_as_it_says(tmp_path):
    """Slides: 0 to 5, 5 to 30, and one second more, not as long as the mean of those."""
    path = write_film(tmp_path / "a.mp4", n_frames=3, fps=1, pts=[0, 5000, 30_000])
    assert measure(path).duration_s == pytest.approx(31.0, abs=0.001)
    assert [shade(f) for f in read_frames(path, [4.9, 5.1, 29.9, 30.0])] == [0, 1, 1, 2]


@pytest.mark.parametrize("seconds", [0, 1, 3600])
def test_headers_that_lie_about_the_duration(tmp_path, seconds):
    """All frames are there: the film is as long as they are."""
    path = write_film(tmp_path / "a.mp4", n_frames=16)
    data = bytearray(path.read_bytes())
    for name, start, _ in boxes(data):
        if name in (b"mvhd", b"mdhd"):
            (scale,) = struct.unpack_from(">I", data, start + 20)
            struct.pack_into(">I", data, start + 24, seconds * scale)
    path.write_bytes(data)
    shape = measure(path)
    assert (shape.duration_s, shape.n_frames, shape.fps) == (2.0, 16, 8.0)
    assert [shade(f) for f in read_frames(path, [0.0, 1.0, 1.9])] == [0, 8, 15]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([(0, 2)], range(16)),
        ([(1, 1)], range(8, 16)),
        ([(0, 2), (3, 1)], [*range(16), *range(24, 32)]),
        ([(3, 1), (0, 2)], [*range(24, 32), *range(16)]),
        ([(0, 1), (0, 1)], [*range(8), *range(8)]),
    ],
)
def test_edit_lists(tmp_path, monkeypatch, edits, expected):
    monkeypatch.setattr(decoding, "_JUMP_FROM_S", 0.2)
    pictures = [np.full((32, 48, 3), 10 + 7 * i, np.uint8) for i in range(32)]
    options = {"bf": "0", "crf": "5", "g": "8"}
    path = edit_film(write_frames(tmp_path / "a.mp4", pictures, fps=8, options=options), edits)
    shape = measure(path)
    assert (shape.n_frames, shape.duration_s) == (len(expected), len(expected) / 8)
    times_s = [0.0, 0.5, (len(expected) - 1) / 8]
    shown = [round((float(f.mean()) - 10) / 7) for f in read_frames(path, times_s)]
    assert shown == [expected[0], expected[4], expected[-1]]


def test_first_frames_without_a_timestamp(tmp_path):
    """FFmpeg loses timestamps below zero of films with B-frames: the others go on from there."""
    times_ms = [125 * i - 1000 for i in range(24)]
    pictures = [np.full((32, 48, 3), 16 + 8 * i, np.uint8) for i in range(24)]
    path = write_frames(
        tmp_path / "a.mkv", pictures, fps=8, options={"crf": "10"}, times_ms=times_ms
    )
    assert next(iterate_pictures(path)).frame.pts is None
    shape = measure(path)
    assert (shape.n_frames, shape.duration_s) == (24, pytest.approx(3.0, abs=0.002))
    assert [shade(f) for f in read_frames(path, [0.01, 1.01, 2.01])] == [0, 8, 16]


def test_frames_in_the_size_that_is_asked_for(tmp_path):
    path = write_film(tmp_path / "a.mp4", size=(64, 96), corner_px=24)
    small = read_frames(path, [0.0, 0.5], size=(48, 32))
    assert small.shape == (2, 32, 48, 3)
    assert (small[1] == list(iterate_pictures(path))[4].pixels((48, 32))).all()


@pytest.mark.parametrize(
    ("size", "most", "expected"),
    [((1920, 1080), 1920 * 1080, (1920, 1080)), ((1920, 1080), 480 * 270, (480, 270)),
     ((10, 10), 10**9, (10, 10)), ((5000, 1), 2, (100, 1))],
)  # fmt: skip
def test_sizes_with_a_bound(size, most, expected):
    assert fit_size(size, most) == expected
