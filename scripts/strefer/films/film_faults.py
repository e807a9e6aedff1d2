"""Say why a file is not a film, where FFmpeg mostly says "Invalid data found"."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path


class DecodingError(Exception):
    """The film cannot be decoded; the text says why."""


# FFmpeg gives EIO for films that are cut, too, so it is not among them.
_MACHINES = {
    *(errno.ENOMEM, errno.EMFILE, errno.ENFILE),
    *(errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN, errno.EREMOTEIO),
}


def is_machines(error: Exception) -> bool:
    """True if memory, open files or a network drive are to blame, and not the film."""
    return isinstance(error, MemoryError) or getattr(error, "errno", None) in _MACHINES


_LOOKED_AT = 1 << 16  # bytes
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<ASX", b"<asx")


def why_no_film(path: str | Path) -> str:
    """The likely reason that a file cannot be opened as a film, by looking into it.

    Raises:
        OSError: if it cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(_LOOKED_AT)
    if not head.strip(b"\0"):
        return "it holds nothing but zeros"
    if head.lstrip().startswith(_PLAYLISTS) or b"<MPD" in head[:1000]:
        return "a playlist is not a film; give the films that it names"
    if _is_text(head):
        return "it is a text file, not a film"
    found = _boxes(path)
    if "ftyp" in found or "mdat" in found:
        if "moov" not in found:
            return "its index (moov) is missing: it was cut off, or the recording was not ended"
        return "its index (moov) is cut off or damaged"
    return "it is not a film of a known format, or its beginning is damaged"


def is_animated_webp(path: str | Path) -> bool:
    """True for the one kind of film that FFmpeg opens and has no decoder for."""
    with open(path, "rb") as file:
        head = file.read(64)
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP" and b"ANIM" in head


def _is_text(head: bytes) -> bool:
    try:
        # The end may cut a character in two.
        text = head[: max(len(head) - 4, 1)].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter.isspace() for letter in text)


def _boxes(path: str | Path) -> set[str]:
    """Names of the outermost boxes of an mp4, as far as they can be followed."""
    found, start, end = set(), 0, os.path.getsize(path)
    with open(path, "rb") as file:
        for _ in range(1000):
            if start + 8 > end:
                break
            file.seek(start)
            head = file.read(16)
            size, name = struct.unpack_from(">I4s", head)
            if size == 1 and len(head) == 16:
                (size,) = struct.unpack_from(">Q", head, 8)
            if not (name.isalnum() and name.isascii()):
                break
            found.add(name.decode("ascii"))
            if size < 8:  # 0: to the end of the file
                break
            start += size
    return found
