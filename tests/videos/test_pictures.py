"""Films are shown as players show them."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc

from helpers.films import orient_film, write_film, write_frames
from strefer.frames import iterate_pictures, measure, read_frames

RED = np.full((48, 64, 3), (200, 60, 40), np.uint8)


def stored_frame(luma, blue, red, size=(48, 64), pixel_format="yuv420p10le"):
    """A frame of one colour, as it is stored."""
    frame = av.VideoFrame(size[1], size[0], pixel_format)
    kind = np.uint16 if "10" in pixel_format else np.uint8
    for plane, value in zip(frame.planes, (luma, blue, red), strict=True):
        row = np.full(plane.line_size // kind().itemsize, value, kind)
        plane.update(np.tile(row, plane.height).tobytes())
    return frame


def write_hdr(path, luma, blue, red, transfer):
    return write_frames(
        path,
        [stored_frame(luma, blue, red) for _ in range(3)],
        pixel_format="yuv420p10le",
        options={"crf": "1"},
        color_trc=transfer,
        color_primaries=ColorPrimaries.BT2020,
        colorspace=9,
        color_range=ColorRange.MPEG,
    )


# A stored point (x, y) is shown at (a x + c y, b x + d y).
ORIENTATIONS = {
    (1, 0, 0, 1): lambda p: p,
    (-1, 0, 0, 1): np.fliplr,
    (1, 0, 0, -1): np.flipud,
    (-1, 0, 0, -1): lambda p: p[::-1, ::-1],
    (0, 1, -1, 0): lambda p: np.rot90(p, -1),
    (0, -1, 1, 0): np.rot90,
    (0, 1, 1, 0): lambda p: p.swapaxes(0, 1),
    (0, -1, -1, 0): lambda p: p[::-1, ::-1].swapaxes(0, 1),
}


@pytest.mark.parametrize("matrix", ORIENTATIONS, ids=str)
def test_all_eight_orientations(tmp_path, matrix):
    plain = write_film(tmp_path / "plain.mp4", size=(64, 96))
    path = write_film(tmp_path / "a.mp4", size=(64, 96), corner_px=24)
    stored = read_frames(path, [0.5])[0]
    assert (stored != read_frames(plain, [0.5])[0]).any()
    shown = ORIENTATIONS[matrix](stored)
    orient_film(path, matrix)
    (picture,) = read_frames(path, [0.5])
    assert (picture == shown).all()
    shape = measure(path)
    assert (shape.height_px, shape.width_px) == shown.shape[:2]
    assert not shape.notes


def test_an_angle_that_is_not_right_is_noted(tmp_path):
    path = orient_film(write_film(tmp_path / "a.mp4"), (0.94, 0.34, -0.34, 0.94))
    assert "nearest right angle" in measure(path).notes[0]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_pixels_that_are_not_square(tmp_path, name):
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 32:] = 255
    path = write_frames(tmp_path / name, [picture] * 3, sample_aspect_ratio=Fraction(2))
    shape = measure(path)
    assert (shape.width_px, shape.height_px) == (128, 64)
    (shown,) = read_frames(path, [0])
    assert shown.shape == (64, 128, 3)
    assert shown[:, :60].max() < 20
    assert shown[:, 68:].min() > 235


def test_pixels_that_are_not_square_of_a_turned_film(tmp_path):
    path = write_frames(tmp_path / "a.mp4", [RED] * 3, sample_aspect_ratio=Fraction(3, 2))
    orient_film(path, (0, 1, -1, 0))
    assert read_frames(path, [0]).shape[1:3] == (96, 48)


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize(
    ("matrix", "red", "blue"),
    [(5, 0.299, 0.114), (1, 0.2126, 0.0722), (9, 0.2627, 0.0593)],
    ids=["bt601", "bt709", "bt2020"],
)
@pytest.mark.parametrize("bits", [8, 10])
def test_matrices_ranges_and_depths(tmp_path, matrix, red, blue, full, bits):
    r, g, b = np.array([200, 60, 40]) / 255
    luma = red * r + (1 - red - blue) * g + blue * b
    chroma = (b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)
    scale, most = 2 ** (bits - 8), 2**bits - 1
    coded = (
        [luma * most, *(most * c + 128 * scale for c in chroma)]
        if full
        else [(219 * luma + 16) * scale, *((224 * c + 128) * scale for c in chroma)]
    )
    pixel_format = "yuv420p" if bits == 8 else "yuv420p10le"
    path = write_frames(
        tmp_path / "a.mp4",
        [stored_frame(*np.round(coded), pixel_format=pixel_format) for _ in range(3)],
        pixel_format=pixel_format,
        options={"crf": "1"},
        colorspace=matrix,
        color_range=ColorRange.JPEG if full else ColorRange.MPEG,
    )
    shown = read_frames(path, [0])[0, 24, 32].tolist()
    assert shown == pytest.approx([200, 60, 40], abs=3)


def test_diffuse_white_of_a_film_in_high_dynamic_range(tmp_path):
    path = write_hdr(tmp_path / "a.mp4", 594, 512, 512, ColorTrc.SMPTE2084)
    assert read_frames(path, [0])[0, 24, 32].min() >= 200
    assert measure(path).notes == ("high dynamic range (PQ), tone-mapped",)


@pytest.mark.parametrize(
    ("transfer", "coded"),
    [
        # BT.709's red of 200 cd/m², as FFmpeg's zscale codes it.
        (ColorTrc.SMPTE2084, (0.5486, 0.3441, 0.2322)),
        (ColorTrc.ARIB_STD_B67, (0.6974, 0.3201, 0.1742)),
    ],
    ids=["pq", "hlg"],
)
def test_red_stays_red_in_high_dynamic_range(tmp_path, transfer, coded):
    r, g, b = coded
    luma = 0.2627 * r + 0.6780 * g + 0.0593 * b
    blue, red = (b - luma) / 1.8814, (r - luma) / 1.4746
    planes = (round(x) for x in (64 + 876 * luma, 512 + 896 * blue, 512 + 896 * red))
    path = write_hdr(tmp_path / "a.mp4", *planes, transfer)
    r, g, b = read_frames(path, [0], size=(32, 24))[0, 12, 16]
    assert r >= 220
    assert max(g, b) <= 70


def test_transparent_films_lie_over_black(tmp_path):
    picture = np.zeros((48, 64, 4), np.uint8)
    picture[:] = 200, 60, 40, 255
    picture[:, 32:, 3] = 0
    picture[:24, :32, 3] = 128
    frame = av.VideoFrame.from_ndarray(picture, format="rgba").reformat(format="argb")
    path = write_frames(tmp_path / "a.mov", [frame], codec="qtrle", pixel_format="argb")
    (shown,) = read_frames(path, [0])
    assert shown[40, 10].tolist() == [200, 60, 40]
    assert shown[10, 10].tolist() == [100, 30, 20]
    assert shown[10, 50].tolist() == [0, 0, 0]


def test_interlaced_films_show_one_moment(tmp_path):
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[::2] = 255  # the first field's moment is white, the second's black
    options = {"crf": "1", "x264-params": "tff=1"}
    path = write_frames(tmp_path / "a.mp4", [picture] * 3, options=options)
    assert next(iterate_pictures(path)).frame.interlaced_frame
    (shown,) = read_frames(path, [0])
    assert shown.shape == (64, 64, 3)
    assert shown.min() > 240
    assert measure(path).notes == ("interlaced; every other row is shown",)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_the_stream_that_ffmpeg_calls_best(tmp_path, name):
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        still = container.add_stream("mjpeg", rate=1)
        still.width, still.height, still.pix_fmt = 160, 90, "yuvj420p"
        film = container.add_stream("libx264", rate=25)
        film.width, film.height, film.pix_fmt = 320, 180, "yuv420p"
        thumbnail = av.VideoFrame.from_ndarray(np.zeros((90, 160, 3), np.uint8), format="rgb24")
        container.mux(still.encode(thumbnail))
        container.mux(still.encode(None))
        for i in range(50):
            picture = np.full((180, 320, 3), 4 * i, np.uint8)
            container.mux(film.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(film.encode(None))
    shape = measure(path)
    assert (shape.width_px, shape.height_px, shape.n_frames) == (320, 180, 50)
    assert shape.notes == ("2 video streams; stream 1 (320x180) is used",)
    assert read_frames(path, [0.0, 1.0]).shape == (2, 180, 320, 3)


def test_a_plain_film_is_scaled_and_nothing_else(tmp_path):
    """Not a bit differs from what FFmpeg's own scaler makes of the stored frames."""
    rng = np.random.default_rng(0)
    path = write_frames(tmp_path / "a.mp4", rng.integers(0, 255, (5, 48, 64, 3), np.uint8))
    with av.open(str(path)) as container:
        plain = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    shown = read_frames(path, [i / 25 for i in range(5)])
    assert (shown == np.stack(plain)).all()
