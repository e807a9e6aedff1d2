import av
import cv2
import numpy as np
import pytest

from helpers.films import turn_film, write_film, write_film_of_sizes
from strefer.frames import DecodingError, iterate_pictures, measure, read_frames, sample_times


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
