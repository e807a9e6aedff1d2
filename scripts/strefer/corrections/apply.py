"""Applies corrections to a stage's lines, as they are written to its shard file.

The item store keeps the models' output, and the shard file the corrected result. So a correction
recomputes no item of its own stage; later stages digest the corrected records and recompute what
depends on them; and undoing a correction restores everything from the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from strefer.agents.replies import same_expression
from strefer.corrections.kinds import KINDS, Row, in_words
from strefer.stage.items import Item

# Used instead of a stage's name in lines that are not failures: for a film that was left out, and
# for a correction that found nothing to correct.
SET_ASIDE, LOST = "set aside", "corrections"
MOST_APART_S = 0.05  # times that are the same

Lines = list[dict[str, Any]]
Change = Callable[[Item, Lines, Lines, Row], Lines | None]
"""Applies a row to the lines of an item. It gets the item, its lines before all corrections, its
lines as they are by now, and the row. It gives new lines, or None if the item is not what the row
is about."""


class NotFound(Exception):
    """The object of a row is gone, or has changed."""


class Corrector:
    """The corrections of a shard.

    Args:
        rows: those of the stage, for the shard's films.
        change: how the stage applies one; `drop_film` is applied here.
    """

    def __init__(self, rows: Iterable[Row], change: Change | None) -> None:
        self.dropped: dict[str, str] = {}  # why, by film
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            if row["what"] == "drop_film":
                self.dropped[row["film"]] = row.get("reason") or by_hand("dropped", row)
            else:
                self._rows.setdefault(row["film"], []).append(row)
        self._change = change
        self._done: set[int] = set()
        self._reasons: dict[int, str] = {}

    def correct(self, item: Item, before: Lines) -> Lines:
        """An item's lines with all corrections; nothing that is given is changed."""
        lines = before
        for row in self._rows.get(item.video_id, []):
            if before and "failure" in before[0]:
                self._reasons[id(row)] = f"the film failed: {before[0]['failure']['reason']}"
                continue
            try:
                changed = self._change(item, before, lines, row) if self._change else None
            except NotFound as reason:
                self._reasons[id(row)] = str(reason)
                continue
            if changed is not None:
                self._done.add(id(row))
                lines = changed
        return lines

    def lost(self) -> Iterator[dict[str, Any]]:
        """A line for each row that found nothing to correct."""
        for film, rows in self._rows.items():
            for row in rows:
                if id(row) not in self._done and not row["dormant"]:
                    reason = self._reasons.get(id(row), KINDS[row["what"]].absent)
                    lost = {"stage": LOST, "reason": f"{in_words(row)}: {reason}"}
                    yield {"video_id": film, "failure": lost}


def by_hand(deed: str, row: Row) -> str:
    """The reason that a record shows for what a person did."""
    return f"{deed} by hand" + (f": {row['why']}" if row["why"] else "")


def position(names: Sequence[str], expressions: Sequence[str]) -> int:
    """Find an expression in a list, by the first of its names that is there.

    Raises:
        NotFound: if none is.
    """
    keys = [same_expression(expression) for expression in expressions]
    for name in names:
        if name in keys:
            return keys.index(name)
    known = ", ".join(map(repr, expressions))
    raise NotFound(f"there is no expression {names[0]!r} (there are {known or 'none'})")


def check_was(row: Row, *texts: str | None) -> None:
    """Check that a row matches what the person saw.

    Raises:
        NotFound: if it says what stood there, and that is neither of these texts.
    """
    if row["was"] and row["was"] not in [" ".join((text or "").split()) for text in texts]:
        raise NotFound(f"it now says {texts[-1]!r}, not {row['was']!r}")
