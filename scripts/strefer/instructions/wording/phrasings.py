"""Phrasings: the wordings of questions and answers, in text files.

A file has sections, a phrasing a line; `#` begins a comment:

    [describe_entity]
    What does {who} do in the video?
    Tell me what {who} does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter

from strefer.files import ROOT

Phrasings = Mapping[str, tuple[str, ...]]
_HEADING = re.compile(r"\[([\w.]+)\]")


def load_phrasings(path: str | Path) -> dict[str, tuple[str, ...]]:
    """Read a phrasings file.

    Raises:
        ValueError: names the file and the line that is wrong.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        raise ValueError(f"phrasings {path}: no such file; see `phrasings`") from None
    sections: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        heading = _HEADING.fullmatch(line)
        if heading:
            current = sections.setdefault(heading[1], [])
        elif current is None:
            raise ValueError(f"phrasings {path}, line {number}: no [section] above it")
        elif line in current:
            raise ValueError(f"phrasings {path}, line {number}: duplicate line")
        else:
            _check(line, path, number)
            current.append(line)
    empty = [name for name, found in sections.items() if not found]
    if empty:
        raise ValueError(f"phrasings {path}: section [{empty[0]}] is empty")
    return {name: tuple(found) for name, found in sections.items()}


def _check(line: str, path: Path, number: int) -> None:
    try:
        names = [name for _, name, _, _ in Formatter().parse(line) if name is not None]
    except ValueError as error:
        raise ValueError(f"phrasings {path}, line {number}: {error}") from None
    bad = [name for name in names if not re.fullmatch(r"\w+", name)]
    if bad:
        raise ValueError(f"phrasings {path}, line {number}: {{{bad[0]}}} is not a placeholder")


def load_folder(folder: str | Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """All phrasings files of a folder, by name without the extension."""
    return {path.stem: load_phrasings(path) for path in phrasing_files(folder)}


def phrasing_files(folder: str | Path) -> list[Path]:
    """The folder's phrasings files, by name.

    Raises:
        ValueError: if there is none.
    """
    files = sorted(Path(folder).glob("*.txt"))
    if not files:
        raise ValueError(f"phrasings {folder}: contains no .txt file")
    return files


@cache
def default_folder() -> Path:
    """The phrasings of the default configuration."""
    return ROOT / "config" / "phrasings"
