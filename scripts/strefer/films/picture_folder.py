"""Films that are folders of numbered pictures, as DAVIS and MeViS publish them.

FFmpeg's image2 demuxer reads them, so everything that opens films opens folders in the same way. A
folder says nothing about its rate: a file `fps.txt` in it, or in the folder above, does. Otherwise
24 pictures a second are assumed (DAVIS' rate), and a line says so.
"""

from __future__ import annotations

import functools
import glob
import hashlib
import logging
import re
from pathlib import Path

log = logging.getLogger("strefer")

ASSUMED_FPS = 24.0
RATE_FILE = "fps.txt"
_EXTENSIONS = (".jpg", ".jpeg", ".png")
_NUMBERED = re.compile(r"(.*?)(\d+)(\.\w+)", re.DOTALL)


def list_pictures(folder: str | Path) -> list[Path]:
    """The pictures of a folder by their number.

    Raises:
        ValueError: if it has no numbered pictures, or several kinds of names.
    """
    found: dict[tuple[str, str], list[tuple[int, Path]]] = {}
    for path in Path(folder).iterdir():
        match = _NUMBERED.fullmatch(path.name)
        if match and match[3].lower() in _EXTENSIONS and not path.name.startswith("."):
            found.setdefault((match[1], match[3]), []).append((int(match[2]), path))
    if not found:
        raise ValueError("a folder without numbered pictures (.jpg, .png)")
    if len(found) > 1:
        names = ", ".join(sorted(f"{before}…{after}" for before, after in found))
        raise ValueError(f"a folder with several kinds of pictures: {names}")
    (numbered,) = found.values()
    return [path for _, path in sorted(numbered)]


def opening_options(folder: str | Path) -> tuple[str, str, dict[str, str]]:
    """FFmpeg's arguments for a folder of pictures: the address, the demuxer and its options.

    Raises:
        ValueError: if the folder is not a film of pictures, or its `fps.txt` has no rate.
    """
    pictures = list_pictures(folder)
    before, first, after = _NUMBERED.fullmatch(pictures[0].name).groups()  # type: ignore[union-attr]
    options = {"framerate": f"{rate_of(str(folder)):g}", "protocol_whitelist": "file"}
    if [path.name for path in pictures] == sorted(path.name for path in pictures):
        place = glob.escape(f"{pictures[0].parent}/{before}")
        return f"{place}*[0-9]{after}", "image2", options | {"pattern_type": "glob"}
    numbers = [int(_NUMBERED.fullmatch(path.name)[2]) for path in pictures]  # type: ignore[index]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise ValueError("pictures whose numbers have gaps and no zeros in front; rename them")
    place = f"{pictures[0].parent}/{before}".replace("%", "%%")
    options |= {"pattern_type": "sequence", "start_number": first}
    return f"{place}%d{after}", "image2", options


def film_digest(path: str | Path) -> str:
    """SHA-256 of a film's bytes, or of all pictures of a folder one after the other."""
    digest = hashlib.sha256()
    for part in list_pictures(path) if Path(path).is_dir() else [path]:
        with open(part, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


@functools.cache
def rate_of(folder: str) -> float:
    """Pictures a second of a folder: said by `fps.txt`, or assumed with a line.

    Raises:
        ValueError: if the file does not contain a positive number.
    """
    for place in (Path(folder), Path(folder).resolve().parent):
        file = place / RATE_FILE
        if file.is_file():
            try:
                rate = float(file.read_text(encoding="utf-8"))
            except ValueError:
                rate = 0.0
            if not 0 < rate <= 1000:
                raise ValueError(
                    f"{file}: must contain the pictures per second, a number such as 24"
                )
            return rate
    log.warning(
        "%s: assuming %g pictures per second; to set another rate, write it into %s in this "
        "folder or the one above",
        folder,
        ASSUMED_FPS,
        RATE_FILE,
    )
    return ASSUMED_FPS
