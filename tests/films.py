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
