"""Reading a benchmark's files as their owners publish them: JSON, JSON Lines and parquet, checked
field by field, and the films they name."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

log = logging.getLogger("strefer")

TEXT, NUMBER, LIST, OBJECT = str, (int, float), list, dict
ID = (str, int)
_KINDS = {TEXT: "a text", NUMBER: "a number", LIST: "a list", OBJECT: "an object"}
_KINDS |= {ID: "a text or a whole number"}
_EXTENSIONS = (".mp4", ".MP4", ".mkv", ".webm", ".avi", ".mov")


def read_json(path: Path) -> Any:
    """Read a benchmark's JSON or JSON Lines file; blank lines and a byte-order mark are allowed.

    Raises:
        ValueError: if it is missing or is neither; names the file.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise ValueError(f"benchmark file {path}: {reason}") from None
    except UnicodeDecodeError:
        raise ValueError(f"benchmark file {path}: not text in UTF-8") from None
    try:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in text.split("\n") if line.strip()]
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"benchmark file {path}: not JSON: {error}") from None


def read_rows(path: Path) -> Any:
    """As `read_json`, or the rows of a parquet file, or of all parquet files below a folder.

    Raises:
        ValueError: if nothing can be read; names the file.
    """
    path = Path(path)
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"benchmark folder {path}: has no .parquet file")
    if files[0].suffix != ".parquet":
        return read_json(path)
    import pyarrow
    import pyarrow.parquet

    try:
        return [row for file in files for row in pyarrow.parquet.read_table(file).to_pylist()]
    except (OSError, pyarrow.ArrowException) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(f"benchmark file {path}: not a parquet file: {reason}") from None


def entries_of(content: Any, path: Path, named: str = "entry") -> Iterator[tuple[str, dict]]:
    """The objects of a list, each with what an error calls it ("file, entry 3").

    Raises:
        ValueError: if the content is not a list of objects.
    """
    if not isinstance(content, list):
        raise ValueError(f"{path}: must contain a list of objects, not {_shown(content)}")
    for number, entry in enumerate(content):
        where = f"{path}, {named} {number}"
        if not isinstance(entry, dict):
            raise ValueError(f"{where}: must be an object, not {_shown(entry)}")
        yield where, entry


def field(entry: Mapping[str, Any], key: str, kind: Any, where: str) -> Any:
    """A field of an entry.

    Args:
        kind: one of `TEXT`, `NUMBER`, `ID`, `LIST`, `OBJECT`.

    Raises:
        ValueError: if it is missing or of another kind; names entry and field.
    """
    if key not in entry:
        raise ValueError(f"{where}: {key!r} is missing")
    value = entry[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind in (NUMBER, ID)):
        raise ValueError(f"{where}: {key!r} must be {_KINDS[kind]}, not {_shown(value)}")
    return value


def texts(entry: Mapping[str, Any], key: str, where: str) -> list[str]:
    """A field that is a list of texts. Raises ValueError as `field` does."""
    values = field(entry, key, LIST, where)
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"{where}: {key!r} must be a list of texts")
    return values


def leave_out(where: str, reason: str) -> None:
    """Say that an entry is left out, and why; the others go on."""
    log.warning("%s: left out: %s", where, reason)


def find_film(folder: Path, *names: str) -> Path:
    """Find the film with one of these names in a folder or its `data` or `videos`, with any
    extension or as a folder of pictures; the first name with .mp4 if there is none."""
    known = [name for name in names if name] or [""]
    for place in (folder, folder / "data", folder / "videos"):
        for name in known:
            for extension in _EXTENSIONS:
                path = place / (name + extension)
                if path.exists():
                    return path
            if name and (place / name).is_dir():
                return place / name
    return folder / f"{known[0]}.mp4"


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + "..."
