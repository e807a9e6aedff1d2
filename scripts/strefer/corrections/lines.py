"""Corrections of stage `transcripts`: what a line says."""

from __future__ import annotations

from strefer.clips.cut_parts import PART
from strefer.corrections.apply import MOST_APART_S, Lines, check_was, position
from strefer.corrections.kinds import Row
from strefer.stage.items import Item


def correct_line(item: Item, before: Lines, lines: Lines, row: Row) -> Lines | None:
    """The `Change` of a segment's transcript. A second look at a part of the segment is given the
    same line, so that it does not contradict the person."""
    line = lines[0]
    share = _share(row, line["start_s"], line["end_s"])
    if share is None:
        return None
    at = position(row["names"][0], item.context.expressions)
    if share == 1:
        check_was(row, before[0]["lines"][at], line["lines"][at])
    said = [*line["lines"]]
    said[at] = row["value"] or None
    unknown = {entity: why for entity, why in line["unknown"].items() if entity != str(at)}
    return [line | {"lines": said, "unknown": unknown}]


def _share(row: Row, start_s: float, end_s: float) -> float | None:
    """The share of the row's segment that lies between two times: 1, `PART`, or None for another
    segment."""
    whole_s = row["end_s"] - row["start_s"]
    for share in (1, PART):
        for offset_s in (0, (1 - share) * whole_s):
            first_s = row["start_s"] + offset_s
            apart_s = abs(first_s - start_s), abs(first_s + share * whole_s - end_s)
            if max(apart_s) <= MOST_APART_S:
                return share
    return None
