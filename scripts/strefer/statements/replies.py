"""Replies of the reader of transcripts: their schemas, and reading them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strefer.agents.reply_text import json_object
from strefer.records import Statement

_SHOWN = {"yes": True, "no": False, "unclear": None}
_CLAUSE = {"type": ["string", "null"], "maxLength": 160}
LINES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "number": {"enum": ["one", "several"]},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "line": {"type": "integer"},
                    "shown": {"enum": list(_SHOWN)},
                    "does": _CLAUSE,
                    "doing": _CLAUSE,
                    "do": _CLAUSE,
                },
                "required": ["line", "shown", "does", "doing", "do"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["number", "lines"],
    "additionalProperties": False,
}
_NUMBERS = {"type": "array", "items": {"type": "integer"}}
RELATIONS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "same": {"type": "array", "items": _NUMBERS},
        "contrary": {"type": "array", "items": _NUMBERS | {"minItems": 2, "maxItems": 2}},
    },
    "required": ["same", "contrary"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class LinesRead:
    """The reader's result for the lines about one entity.

    Attributes:
        several: whether the entity is more than one thing.
        lines: by number, from 1.
    """

    @dataclass(frozen=True)
    class Line:
        """True if the line says that the entity is shown (None if that is unclear), and what it
        does."""

        shown: bool | None
        statement: Statement | None

    several: bool
    lines: Mapping[int, Line]


@dataclass(frozen=True)
class Related:
    """Numbers of clauses that say the same, in groups, and pairs that exclude each other."""

    same: tuple[tuple[int, ...], ...]
    contrary: tuple[tuple[int, ...], ...]


def parse_lines(text: str) -> LinesRead:
    """Read a reply about an entity's lines. A line that is not as asked for is left out.

    Raises:
        ValueError: if no line can be read.
    """
    fields = json_object(text)
    lines = {}
    for one in _list_of(fields.get("lines"), dict):
        number, shown = one.get("line"), str(one.get("shown")).lower()
        if isinstance(number, int) and shown in _SHOWN:
            lines[number] = LinesRead.Line(_SHOWN[shown], _statement(one))
    if not lines:
        raise ValueError("the reply has no line")
    return LinesRead(fields.get("number") == "several", lines)


def parse_relations(text: str) -> Related:
    """Read a reply about how clauses relate.

    Raises:
        ValueError: if it is not an object with lists of numbers.
    """
    fields = json_object(text)
    groups = {
        name: tuple(tuple(_list_of(one, int)) for one in _list_of(fields.get(name), list))
        for name in ("same", "contrary")
    }
    if not isinstance(fields.get("same"), list) or not isinstance(fields.get("contrary"), list):
        raise ValueError("the reply has no lists `same` and `contrary`")
    return Related(groups["same"], tuple(pair for pair in groups["contrary"] if len(pair) == 2))


def _statement(fields: Mapping[str, Any]) -> Statement | None:
    does, doing, do = (_clause(fields.get(form)) for form in ("does", "doing", "do"))
    return None if does is None else Statement(does, doing, do)


def _clause(value: Any) -> str | None:
    """A clause without its final stop; None for what is not one clause."""
    if not isinstance(value, str):
        return None
    text = " ".join(value.split()).rstrip(".")
    if not text or re.search(r"[.!?;:<>{}\[\]]", text):
        return None
    return text[0].lower() + text[1:]


def _list_of(value: Any, kind: type) -> list[Any]:
    found = value if isinstance(value, list) else []
    return [one for one in found if isinstance(one, kind) and not isinstance(one, bool)]
