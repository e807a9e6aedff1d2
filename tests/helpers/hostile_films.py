"""Bad and odd films, made by code: `write_hostile_films` fills a folder with more than sixty."""

import os
import random
import struct
from fractions import Fraction

import av
import numpy as np

from helpers.films import (
    boxes,
    orient_film,
    turn_film,
    write_audio,
    write_film,
    write_film_of_sizes,
    write_frames,
)

SECRET = "root-of-all-secrets"


def write_hostile_films(folder):
    """Write the films. Returns those that are good, however odd: they must come out."""
    folder.mkdir()
    whole = write_film(folder / "whole.mp4", n_frames=16, size=(64, 64)).read_bytes()
    good = {"whole.mp4"}
    _write_cut(folder, whole)
    _write_damaged(folder, whole)
    _write_no_films(folder)
    good |= _write_odd_pictures(folder)
    good |= _write_odd_times(folder)
    good |= _write_odd_names(folder, whole)
    return good


def _write_cut(folder, whole):
    """Cut behind the head of every box."""
    for number, (name, start, _) in enumerate(boxes(whole)):
        path = folder / f"cut_{number:02d}_{name.decode('latin1')}.mp4"
        path.write_bytes(whole[: start + 8])


def _write_damaged(folder, whole):
    places = {name: (start, size) for name, start, size in boxes(whole)}
    drawn = random.Random(0)
    for number in range(8):
        data = bytearray(whole)
        start, size = places[b"mdat"] if number % 2 else places[b"moov"]
        for _ in range(20):
            data[start + 8 + drawn.randrange(size - 8)] = drawn.randrange(256)
        (folder / f"damaged_{number}.mp4").write_bytes(data)
    for name, value in ((b"stsz", 0xFFFFFFFF), (b"stts", 0), (b"stco", 0xFFFFFFF0), (b"stsc", 0)):
        data = bytearray(whole)
        start, size = places[name]
        struct.pack_into(">I", data, start + size - 4, value)
        (folder / f"lying_{name.decode()}.mp4").write_bytes(data)
    zero = bytearray(whole)
    for name in (b"mvhd", b"mdhd"):
        struct.pack_into(">I", zero, places[name][0] + 24, 0)
    (folder / "zero_duration.mp4").write_bytes(zero)
    (folder / "huge_box.mp4").write_bytes(struct.pack(">I4sQ", 1, b"ftyp", 2**63 - 1) + whole)
    (folder / "wrong_codec.mp4").write_bytes(whole.replace(b"avc1", b"hev1"))
    (folder / "unknown_codec.mp4").write_bytes(whole.replace(b"avc1", b"zzzz"))


def _write_no_films(folder):
    secret = folder.parent / "secret.txt"
    secret.write_text(SECRET)
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no film")
    (folder / "zeros.mp4").write_bytes(bytes(100_000))
    (folder / "noise.mp4").write_bytes(random.Random(1).randbytes(100_000))
    (folder / "page.mp4").write_text("<script>alert(1)</script>")
    (folder / "playlist.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n")
    (folder / "concat.mp4").write_text("ffconcat version 1.0\nfile whole.mp4\n")
    (folder / "address.mp4").write_text("http://localhost:9/film.mp4")
    write_audio(folder / "sound.mp4")
    (folder / "folder.mp4").mkdir()
    (folder / "loop").symlink_to(folder)
    (folder / "self.mp4").symlink_to(folder / "self.mp4")
    (folder / "dangling.mp4").symlink_to(folder / "nowhere")
    (folder / "endless.mp4").symlink_to("/dev/zero")
    (folder / "kernel.mp4").symlink_to("/proc/kmsg")
    (folder / "secret.mp4").symlink_to(secret)
    os.mkfifo(folder / "pipe.mp4")


def _write_odd_pictures(folder):
    for name, size, codec in (
        ("one_pixel.mkv", (1, 1), "ffv1"),
        ("one_row.mkv", (1, 64), "ffv1"),
        ("large.mp4", (4320, 7680), "libx264"),
        ("odd_size.mkv", (37, 51), "ffv1"),
    ):
        _write(folder / name, 2, size, codec)
    write_film(folder / "one_frame.mp4", n_frames=1)
    write_film_of_sizes(folder / "two_sizes.mp4", [(32, 48), (64, 36)])
    for turn in (90, 180, 270):
        _write(folder / f"turned_{turn}.mp4", 6, (32, 48), "libx264", turn=turn)
    orient_film(write_film(folder / "mirrored.mp4"), (-1, 0, 0, 1))
    grey = [np.full((32, 48, 3), 20 * i, np.uint8) for i in range(6)]
    write_frames(folder / "wide_pixels.mp4", grey, sample_aspect_ratio=Fraction(2))
    write_frames(folder / "mad_pixels.mkv", grey, sample_aspect_ratio=Fraction(60_000, 1))
    write_frames(folder / "interlaced.mp4", grey, options={"x264-params": "tff=1"})
    write_frames(
        folder / "hdr.mp4", grey, pixel_format="yuv420p10le", color_trc=16, color_primaries=9
    )
    write_frames(folder / "moving.gif", grey, codec="gif", pixel_format="rgb8")
    write_frames(folder / "still.gif", grey[:1], codec="gif", pixel_format="rgb8")
    return {
        *("mirrored.mp4", "wide_pixels.mp4", "mad_pixels.mkv", "interlaced.mp4", "hdr.mp4"),
        "moving.gif",
        *("one_pixel.mkv", "one_row.mkv", "large.mp4", "odd_size.mkv", "one_frame.mp4"),
        "two_sizes.mp4",
        *(f"turned_{turn}.mp4" for turn in (90, 180, 270)),
    }


def _write_odd_times(folder):
    write_film(folder / "240_fps.mp4", n_frames=24, fps=240)
    write_film(folder / "variable.mp4", n_frames=6, pts=[0, 10, 500, 510, 2000, 2001])
    _write(folder / "negative.mkv", 6, (32, 48), "ffv1", first_ms=-700)
    _write(folder / "late.mkv", 6, (32, 48), "ffv1", first_ms=3_600_000)
    _write(folder / "days.mkv", 3, (32, 48), "ffv1", step_ms=400_000_000)
    _write(folder / "still.mkv", 5, (32, 48), "ffv1", step_ms=0)
    return {"240_fps.mp4", "variable.mp4", "negative.mkv", "late.mkv"}


def _write_odd_names(folder, whole):
    """Copies of a good film, so that they cost nothing."""
    names = [
        "quote'.mp4",
        'double".mp4',
        "new\nline.mp4",
        "tab\t.mp4",
        "{wildcards}.mp4",
        "{shard}.mp4",
        "..mp4.mp4",
        "-n.mp4",
        "$(touch owned).mp4",
        "`touch owned`; touch owned &.mp4",
        "%s%n.mp4",
        "<b onmouseover=alert(1)>.mp4",
        "film.mp4",
        "FILM.mp4",
        "Film.MP4",
        "ein Blick – ü 字 🎬.mp4",
        "e\u0301.mp4",
        "\u202e4pm.mp4",
        "file:colon.mp4",
        "a" * 251 + ".mp4",
        ".hidden.mp4",
    ]
    for name in names:
        (folder / name).write_bytes(whole)
    deep = folder / ("d" * 150) / ("e" * 150)
    deep.mkdir(parents=True)
    (deep / "deep.mp4").write_bytes(whole)
    with open(os.fsencode(folder) + b"/bytes\xff\xfe.mp4", "wb") as file:
        file.write(whole)
    return {*names, f"{'d' * 150}/{'e' * 150}/deep.mp4"}


def _write(path, n_frames, size, codec, turn=0, first_ms=0, step_ms=40):
    height, width = size
    with av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p" if codec == "libx264" else "bgr0"
        if codec == "libx264":
            stream.options = {"preset": "ultrafast"}
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        drawn = np.random.default_rng(0)
        for number in range(n_frames):
            picture = np.full((height, width, 3), drawn.integers(256), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if turn:
                frame = frame.reformat(format="yuv420p")
            frame.pts = first_ms + number * step_ms
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if turn:
        turn_film(path, turn)
