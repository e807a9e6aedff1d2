"""Corrections of stage `references`: expressions and their nouns."""

from __future__ import annotations

from strefer.corrections.apply import Lines, NotFound, check_was, position
from strefer.corrections.kinds import Row
from strefer.stage.items import Item


def correct_expressions(item: Item, before: Lines, lines: Lines, row: Row) -> Lines:
    """The `Change` of a film's list of expressions."""
    entities = list(lines[0]["entities"])
    expressions = [entity["expression"] for entity in entities]
    at, what = position(row["names"][0], expressions), row["what"]
    if what == "drop_entity":
        del entities[at]
    elif what == "same_as":
        if position(row["names"][1], expressions) == at:
            raise NotFound(f"there is no other expression {row['value']!r}")
        del entities[at]
    elif what == "rename_entity":
        if row["names"][1][0] in [e.lower() for i, e in enumerate(expressions) if i != at]:
            raise NotFound(f"{row['value']!r} exists already; use same_as to merge the two")
        check_was(row, expressions[at])
        entities[at] = entities[at] | {"expression": row["value"]}
    else:
        check_was(row, entities[at][what])
        entities[at] = entities[at] | {what: row["value"]}
    return [lines[0] | {"entities": entities}]
