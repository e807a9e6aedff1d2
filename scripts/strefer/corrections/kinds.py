"""The kinds of corrections: which stage each one corrects, and what its row has to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ALWAYS = ("film", "what")
ABOUT = ("was", "who", "when", "why")  # any row may say these
COLUMNS = (*ALWAYS, "entity", "start_s", "end_s", "item", "value", *ABOUT)

Row = dict[str, Any]  # a row of the table, as jobs get it


@dataclass(frozen=True)
class Kind:
    """One kind.

    Attributes:
        stage: the stage whose results it corrects.
        needs: the columns that its row must fill, besides `ALWAYS`.
        may: the columns that it may fill as well.
        absent: what is missing if it finds nothing to correct.
    """

    stage: str
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    absent: str = "it has no result in this stage"


_TIMES = ("start_s", "end_s")
_NO_PAIR = "no pair has this key any longer"

KINDS = {
    "drop_film": Kind("videos"),
    "drop_entity": Kind("references", ("entity",)),
    "rename_entity": Kind("references", ("entity", "value")),
    "same_as": Kind("references", ("entity", "value")),
    "noun": Kind("references", ("entity", "value")),
    "generalized_noun": Kind("references", ("entity", "value")),
    "cut_masklet": Kind("masklets", ("entity",), _TIMES),
    "replace_masklet": Kind("masklets", ("entity", "value"), _TIMES),
    "masklet_of": Kind("masklets", ("entity", "value"), _TIMES),
    "line": Kind(
        "transcripts", ("entity", *_TIMES), ("value",), "no segment has these times any longer"
    ),
    "reject_pair": Kind("instructions", ("item",), absent=_NO_PAIR),
    "edit_question": Kind("instructions", ("item", "value"), absent=_NO_PAIR),
    "edit_answer": Kind("instructions", ("item", "value"), absent=_NO_PAIR),
}
# Kinds after which one name of an expression also means another.
RENAMES = ("rename_entity", "same_as")


def in_words(row: Row) -> str:
    """Describe a row's decision for people."""
    parts = [row["what"], *(repr(row[name]) for name in ("entity", "item") if row[name])]
    if row["start_s"] is not None:
        parts.append(f"{row['start_s']:g} to {row['end_s']:g} s")
    return " ".join(parts)
