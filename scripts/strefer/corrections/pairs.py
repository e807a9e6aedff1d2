"""Corrections of stage `instructions`: pairs rejected and edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strefer.corrections.apply import Lines, NotFound, by_hand
from strefer.corrections.kinds import Row
from strefer.files import digest_of
from strefer.instructions.verification.form import form_fault
from strefer.records import Instruction, from_json
from strefer.stage.items import Item

_CONTENT = (
    "group", "form", "question", "answer", "options", "regions", "start_s", "end_s", "clip_s",
)  # fmt: skip


def pair_item(fields: Mapping[str, Any]) -> str:
    """The key of a pair: a digest of what it says. Its id counts through, so that another pair may
    have it after a change."""
    return digest_of({name: fields[name] for name in _CONTENT})[:16]


def correct_pair(item: Item, before: Lines, lines: Lines, row: Row) -> Lines | None:
    """The `Change` of a film's pairs. The key may be that of before an edit, too."""
    found = [
        place
        for place, (old, now) in enumerate(zip(before, lines, strict=True))
        if row["item"] in (pair_item(old), pair_item(now))
    ]
    if not found:
        return None
    lines = list(lines)
    for place in found:
        lines[place] = lines[place] | _changed(lines[place], row)
    return lines


def _changed(pair: Mapping[str, Any], row: Row) -> dict[str, Any]:
    what, value = row["what"], row["value"]
    if what == "reject_pair":
        return {"rejected": by_hand("rejected", row)}
    # Only the person vouches for it.
    evidence = pair["evidence"] | {"claim": {"kind": "all", "of": []}}
    changed = {what.removeprefix("edit_"): value, "evidence": evidence, "written_by": "person"}
    fields = {name: field for name, field in {**pair, **changed}.items() if name != "video_id"}
    if fault := form_fault(from_json(Instruction, fields), float("inf")):
        raise NotFound(f"the result would not be a valid pair: {fault}")
    return changed
