"""Small films for tests, written with real encoders."""

import struct
from fractions import Fraction

import av
import numpy as np


def write_film(
    path,
    n_frames=8,
    fps=8,
    size=(32, 48),
    pts=None,
    corner_px=0,
    shade=lambda frame: 16 + 8 * frame,
):
    """Write an H.264 film whose frame i has the grey value 16 + 8 * i.

    Args:
        shade: another grey value of frame i.
        size: height, width in pixels.
        pts: the frames' times in milliseconds, for a variable rate.
        corner_px: side of a white square in the upper left corner, which tells where up is.
    """
    height, width = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "10"}
        if pts is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for i in range(n_frames):
            grey = np.full((height, width, 3), min(shade(i), 250), np.uint8)
            grey[:corner_px, :corner_px] = 255
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            if pts is not None:
                frame.pts, frame.time_base = pts[i], stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_film_of_sizes(path, sizes, n_frames=8, fps=8):
    """Write an H.264 film whose size changes every `n_frames`; frames as `write_film` has them.

    Args:
        sizes: heights and widths in pixels.
    """
    with av.open(str(path), "w") as container:
        stream = None
        for part, (height, width) in enumerate(sizes):
            encoder = av.CodecContext.create("libx264", "w")
            encoder.height, encoder.width, encoder.pix_fmt = height, width, "yuv420p"
            encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
            encoder.options = {"crf": "10", "bf": "0"}
            if stream is None:
                stream = container.add_stream("libx264", rate=fps)
                stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
                stream.options = {"bf": "0"}
            packets = []
            for i in range(part * n_frames, (part + 1) * n_frames):
                grey = np.full((height, width, 3), min(16 + 8 * i, 250), np.uint8)
                frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
                frame.pts, frame.time_base = i, Fraction(1, fps)
                packets += encoder.encode(frame)
            for packet in packets + encoder.encode(None):
                packet.stream = stream
                container.mux(packet)
    return path


def write_frames(path, pictures, codec="libx264", fps=25, pixel_format="yuv420p", **given):
    """Write a film of RGB pictures, or of frames as they are to be stored.

    Args:
        pictures: uint8 [H, W, 3] each, or frames of PyAV.
        given: `options` of the encoder, `times_ms` of the pictures; else fields of the codec's
            context, for example `color_trc`.
    """
    options, times_ms = given.pop("options", {}), given.pop("times_ms", None)
    base = Fraction(1, 1000) if times_ms else 1 / Fraction(fps)
    # Times below zero are written as they are.
    muxing = {"avoid_negative_ts": "disabled"} if times_ms else {}
    with av.open(str(path), "w", options=muxing) as container:
        stream = container.add_stream(codec, rate=fps)
        for number, picture in enumerate(pictures):
            stored = isinstance(picture, av.VideoFrame)
            frame = picture if stored else av.VideoFrame.from_ndarray(picture, format="rgb24")
            if not number:
                stream.width, stream.height = frame.width, frame.height
                stream.pix_fmt, stream.options = pixel_format, options
                stream.codec_context.time_base = base
                for name, value in given.items():
                    setattr(stream.codec_context, name, value)
            frame.pts, frame.time_base = times_ms[number] if times_ms else number, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def orient_film(path, matrix):
    """Write a display matrix (a, b, c, d) into an mp4's track header: a stored point (x, y) is
    shown at (a x + c y, b x + d y)."""
    data = bytearray(path.read_bytes())
    (start,) = [start for name, start, _ in boxes(data) if name == b"tkhd"]
    place = start + 8 + 40
    a, b, c, d = (round(value * 0x10000) for value in matrix)
    struct.pack_into(">9i", data, place, a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(data)
    return path


def edit_film(path, edits):
    """Write an edit list into an mp4 without one of its own: (start, length) in seconds each."""
    data = bytearray(path.read_bytes())
    places = {name: (start, size) for name, start, size in boxes(data)}
    assert places[b"moov"][0] > places[b"mdat"][0]  # else the frames would move
    film_scale, scale = (
        struct.unpack_from(">I", data, places[name][0] + 20)[0] for name in (b"mvhd", b"mdhd")
    )
    entries = [
        struct.pack(">IiI", round(length * film_scale), round(start * scale), 0x10000)
        for start, length in edits
    ]
    size = 16 + 12 * len(edits)
    new = struct.pack(">I4sII", size, b"elst", 0, len(edits)) + b"".join(entries)
    for name in (b"edts", b"trak", b"moov"):
        start, outer = places[name]
        struct.pack_into(">I", data, start, outer + size - places[b"elst"][1])
    start, old = places[b"elst"]
    data[start : start + old] = new
    path.write_bytes(data)
    return path


def turn_film(path, degrees):
    """Write a turn (90, 180, 270) as a telephone does: players turn the picture so far
    clockwise."""
    return orient_film(path, {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees])


CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"udta"}


def boxes(data, start=0, end=None):
    """(name, offset, size) of every box of an mp4, those inside others too."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size = struct.unpack_from(">I", data, start)[0]
        name = bytes(data[start + 4 : start + 8])
        if size < 8:
            return
        yield name, start, size
        if name in CONTAINERS:
            yield from boxes(data, start + 8, start + size)
        start += size


def write_audio(path):
    """Write an mp4 that has sound and no picture."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_textured_film(path, seconds, fps=30, size=(720, 1280), shot_s=4.0, seed=0):
    """Write a film that costs a decoder what a camera's does: noisy textures that drift, and a hard
    cut every `shot_s` seconds.

    Args:
        size: height, width in pixels.
    """
    height, width = size
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 4, (4, height, width, 1))
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "24", "bf": "0"}
        for i in range(round(seconds * fps)):
            step = i % round(shot_s * fps)
            if step == 0:
                texture = _texture(rng, height, width + 2 * round(shot_s * fps))
            shown = texture[:, 2 * step : 2 * step + width] + noise[i % len(noise)]
            picture = np.clip(shown, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _texture(rng, height, width):
    """float [H, W, 3]: blobs of all sizes around one colour."""
    import cv2

    texture = np.zeros((height, width, 3), np.float32) + rng.uniform(40, 200, 3)
    for cells in (4, 16, 64):
        blobs = rng.normal(0, 25, (cells, cells * 2, 3)).astype(np.float32)
        texture += cv2.resize(blobs, (width, height), interpolation=cv2.INTER_CUBIC)
    return texture


def repeat_film(source, path, times):
    """Write a film that shows another, of constant rate, so many times: its packets are copied."""
    with av.open(str(source)) as once, av.open(str(path), "w", format="mp4") as container:
        packets = [p for p in once.demux(video=0) if p.dts is not None]
        stream = container.add_stream_from_template(once.streams.video[0])
        step = packets[1].dts - packets[0].dts
        starts = [(packet.pts, packet.dts) for packet in packets]
        for round_ in range(times):
            for packet, (pts, dts) in zip(packets, starts, strict=True):
                packet.pts = pts + round_ * step * len(packets)
                packet.dts = dts + round_ * step * len(packets)
                packet.stream = stream
                container.mux(packet)
    return path


def write_colours(path, colours, fps=8, size=(48, 64), times_ms=None):
    """A film of single-coloured frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width = size
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "10"}
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for i, colour in enumerate(colours):
            picture = np.empty((*size, 3), np.uint8)
            picture[:] = colour
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if times_ms is not None:
                frame.pts, frame.time_base = times_ms[i], stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return str(path)
