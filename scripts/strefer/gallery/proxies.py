"""Films as a browser can play them: as they are, or as a small copy."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import IO

import av
from av.stream import Disposition

from strefer.files import atomic_write, digest_of
from strefer.films.film_faults import is_machines
from strefer.films.storage import is_remote
from strefer.frames import fit_size, iterate_pictures
from strefer.records import Video

# Codecs by container that Chromium, Firefox and Safari all play, under FFmpeg's names. Only these
# two pixel formats, because Firefox does not play H.264 with ten bits or finer colours.
PLAYED = {"mov": ("h264", "vp9", "av1"), "matroska": ("vp8", "vp9", "av1")}
ENDINGS = {"mov": ".mp4", "matroska": ".webm"}
PIXELS = ("yuv420p", "yuvj420p")
LATEST_START_S = 0.02  # a browser counts from the file's start, the run from the first frame
PROXY = {"codec": "libx264", "max_pixels": 640 * 480, "crf": "28", "preset": "veryfast"}
_BASE = Fraction(1, 1000)  # seconds a tick


def ending_if_played(path: str) -> str | None:
    """The ending by which servers know the film's container; None if a browser may not play it."""
    if is_remote(path):
        return None
    # The film was opened by the stage `videos` before: it is one of the containers allowed there.
    families = {"format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"}
    options = families | {"protocol_whitelist": "file"}
    try:
        with av.open(f"file:{path}", options=options, metadata_errors="replace") as container:
            family = container.format.name.partition(",")[0]
            films = [s for s in container.streams.video if not s.disposition & _COVER]
            stream = films[0]
            codec = stream.codec_context
            played = (
                len(films) == 1
                and codec.codec.canonical_name in PLAYED[family]
                and codec.pix_fmt in PIXELS
                and abs(float((stream.start_time or 0) * stream.time_base)) <= LATEST_START_S
            )
            return ENDINGS[family] if played else None
    except (av.FFmpegError, ValueError, IndexError, AttributeError) as error:
        if is_machines(error):
            raise
        return None


_COVER = Disposition.attached_pic


def proxy_of(video: Video, folder: Path) -> Path:
    """A small H.264 copy of a film without sound, made unless the folder has it. Its frames and
    their times are those that the stages see.

    Raises:
        DecodingError: if the film cannot be decoded.
    """
    path = folder / f"{digest_of([video.digest, PROXY])[:32]}.mp4"
    if not path.exists():
        with atomic_write(path, "wb") as file:
            _write_proxy(video, file)
    return path


def _write_proxy(video: Video, file: IO[bytes]) -> None:
    width, height = fit_size((video.width_px, video.height_px), PROXY["max_pixels"])
    width, height = max(2, width // 2 * 2), max(2, height // 2 * 2)  # colours of 2 x 2 pixels
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream(
            PROXY["codec"], rate=Fraction(video.fps).limit_denominator(1000)
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = _BASE
        stream.options = {"crf": PROXY["crf"], "preset": PROXY["preset"], "bf": "0", "g": "25"}
        last = -1
        for picture in iterate_pictures(video.path):
            frame = av.VideoFrame.from_ndarray(picture.pixels((width, height)), format="rgb24")
            last = max(last + 1, round(picture.time_s / _BASE))
            frame.pts, frame.time_base = last, _BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
