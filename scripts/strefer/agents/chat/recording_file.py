"""Reads what `with_recorded` writes; it needs no engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_recording(path: str | Path) -> list[dict[str, Any]]:
    """The requests of a recording, each once with its last reply, in the order of the file; with
    `read` or `refused` where the file says what was made of it.

    Raises:
        ValueError: if the file cannot be read or is not a recording.
    """
    requests: dict[str, dict[str, Any]] = {}
    try:
        with open(path, encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                line = _line(text)
                if line is None:
                    raise ValueError(
                        f"chat model {path}, line {number}: not a line of a recording, which an "
                        f"agent's `record` writes"
                    )
                if "reply" in line:
                    requests[line["digest"]] = line
                else:
                    requests.get(line["digest"], {}).update(line)
    except OSError as error:
        raise ValueError(f"chat model {path}: cannot be read: {error.strerror}") from None
    return list(requests.values())


def pictures_of(path: str | Path) -> Path:
    """The folder with the pictures of a recording's frames, by their digests."""
    return Path(f"{path}.frames")


def _line(text: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    if not isinstance(line, dict) or not isinstance(line.get("digest"), str):
        return None
    is_note = "read" in line or "refused" in line
    return line if isinstance(line.get("reply"), str) or is_note else None
