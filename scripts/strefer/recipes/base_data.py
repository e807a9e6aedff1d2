"""Base data in the published format: its files, samples and films."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strefer.recipes.published_format import Sample
from strefer.recipes.recipe import Recipe

log = logging.getLogger("strefer")


_FILM_KEYS = (b'"path"', b'"video"', b'"image"')  # what a base data set names a film or image by


_VALUE = re.compile(rb'\s*:\s*("(?:[^"\\]|\\.)*")')


_BLOCK_BYTES, _LONGEST_BYTES = 2**24, 2**14


def base_files(recipe: Recipe, root: Path) -> list[Path]:
    """The base files that a recipe needs; paths are relative to `root`."""
    return [root / part.base for part in recipe.parts if part.base is not None]


def missing_base(recipe: str, file: Path) -> str:
    """The error text for a recipe whose base file is missing."""
    return (
        f"recipe {recipe}: base data {file}: no such file. Put it there, name its folder by "
        "`base_data`, or choose other `recipes` (config/recipes/README.md)"
    )


def read_base(path: Path) -> list[Sample]:
    """Read a base data set: a JSON list or JSON Lines in LLaVA or VideoRefer format.

    A sample has `conversations`, and `path` or `video` (or `image`); VideoRefer-style `annotation`
    has raw frame numbers unless `frame_keys` says otherwise. Paths are relative to the file's
    folder. Invalid samples are kept: the training counts them.

    Raises:
        ValueError: names the file, and the first sample if all of them are wrong.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise ValueError(f"base data {path}: no such file; see config/recipes/README.md") from None
    try:
        entries = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(line) for line in text.splitlines() if line.strip()]
        )
    except ValueError as error:
        raise ValueError(f"base data {path}: neither JSON nor JSON Lines: {error}") from None
    faults = [fault for entry in entries if (fault := _fault_of(entry))]
    if faults and len(faults) == len(entries):
        raise ValueError(f"base data {path}, sample 1: {faults[0]}")
    if faults:
        log.warning(
            "base data %s: %d of %d samples cannot be used, for example because: %s",
            path, len(faults), len(entries), faults[0],
        )  # fmt: skip
    return [_base_sample(entry, path) for entry in entries]


def films_of_base(path: Path) -> list[str]:
    """The films and images that a base data set names, each once, without parsing its samples, of
    which there may be millions. None for a file that is missing or invalid, which `read_base`
    reports. Keys are searched in their JSON form: inside a text, their quotation marks would be
    escaped.
    """
    named, text = set(), b""
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK_BYTES):
                text = text[-_LONGEST_BYTES:] + block  # also find keys that cross a block boundary
                parts = (part for key in _FILM_KEYS for part in text.split(key)[1:])
                named |= {found[1] for part in parts if (found := _VALUE.match(part))}
        return sorted(os.path.join(path.parent, json.loads(name)) for name in named)
    except (OSError, ValueError):
        return []


def _base_sample(entry: Any, path: Path) -> Sample:
    sample = dict(entry) if isinstance(entry, Mapping) else {}
    film = sample.pop("path", None) or sample.get("video") or sample.get("image")
    if isinstance(film, str):
        sample["path"] = str(film if Path(film).is_absolute() else path.parent / film)
    if sample.get("annotation") is not None:
        sample.setdefault("frame_keys", "raw")
    turns = sample.get("conversations")
    if isinstance(turns, list):
        # LLaVA's data say <video> or <image>; the student knows the latter.
        sample["conversations"] = [
            turn | {"value": turn["value"].replace("<video>", "<image>")}
            if isinstance(turn, dict) and isinstance(turn.get("value"), str)
            else turn
            for turn in turns
        ]
    return sample


def _fault_of(entry: Any) -> str | None:
    """Say what is wrong with a base data sample, or return None if nothing is visible without its
    film."""
    turns = entry.get("conversations") if isinstance(entry, Mapping) else None
    if not isinstance(turns, list) or len(turns) < 2:
        return "`conversations` must be a list of at least two turns"
    for turn in turns:
        if not isinstance(turn, Mapping) or turn.get("from") not in ("human", "gpt", "system"):
            return "each turn needs `from` (human or gpt) and `value`"
    regions = sum(str(turn.get("value")).count("<region>") for turn in turns)
    objects = entry.get("annotation") or ()
    if len(objects) != regions:
        return f"{regions} <region> in the text, {len(objects)} objects in `annotation`"
    return None
