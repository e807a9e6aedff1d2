"""Opening a film: what FFmpeg may open, and in words why it cannot."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from strefer.films.film_faults import DecodingError, is_animated_webp, is_machines, why_no_film
from strefer.films.picture_folder import opening_options
from strefer.films.storage import film_here

# Allowed containers. Playlists (HLS, DASH, concat) are not: they name other files and addresses,
# and a film must not make this machine open them.
_OPEN_ONLY = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,ogg,flv,"
    "asf,gif,apng,webp_pipe,mxf,mxf_opatom,rm,dv,wtv,nut,ivf,h264,hevc,vvc,obu,av1,m4v,mjpeg,amv,"
    "yuv4mpegpipe,nsv,swf,vc1",
    "protocol_whitelist": "file",
}


@contextmanager
def open_film(
    path: str | Path, threads: int = 1
) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """A film with its video stream: the one that FFmpeg calls best, if there are several.

    Raises:
        DecodingError: if it is not a film with a video stream whose codec is known.
    """
    with film_here(path) as here, _open_file(here, threads) as opened:
        yield opened


@contextmanager
def _open_file(
    path: str | Path, threads: int
) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    # `file:` keeps a name with a colon from being read as a protocol.
    address, kind, options = f"file:{path}", None, dict(_OPEN_ONLY)
    if os.path.isdir(path):
        try:
            address, kind, options = opening_options(path)
        except ValueError as error:
            raise DecodingError(f"cannot be decoded: {error}") from None
    try:
        # Tags in other encodings than UTF-8 are common, and no reason to refuse a film.
        container = av.open(address, format=kind, options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        if is_machines(error):
            raise
        try:
            reason = why_no_film(path)
        except OSError as unreadable:
            reason = unreadable.strerror
        raise DecodingError(f"cannot be decoded: {reason}") from None
    with container:
        stream = container.streams.best("video")
        if stream is None:
            raise DecodingError("no video stream")
        if stream.frames == 1:  # a thumbnail, if there is a longer one
            stream = max(container.streams.video, key=lambda other: other.frames)
        if stream.codec_context is None:
            raise DecodingError("cannot be decoded: its codec is not known here")
        if container.format.name == "webp_pipe" and is_animated_webp(path):
            raise DecodingError("cannot be decoded: FFmpeg does not know animated WebP; convert it")
        stream.thread_count, stream.thread_type = threads, "AUTO"
        yield container, stream
