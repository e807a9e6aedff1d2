"""Small films for tests, written with real encoders."""

import av
import numpy as np


def write_film(path, n_frames=8, fps=8, size=(32, 48), pts=None, audio=False, rotation=0):
    """Write an H.264 film whose frame i has the grey value 16 + 8 * i.

    Args:
        size: height, width in pixels.
        pts: the frames' times in milliseconds, for a variable rate.
    """
    height, width = size
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "10"}
        if pts is not None:
            from fractions import Fraction

            stream.codec_context.time_base = Fraction(1, 1000)
        for i in range(n_frames):
            grey = np.full((height, width, 3), min(16 + 8 * i, 250), np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            if pts is not None:
                frame.pts, frame.time_base = pts[i], stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


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
