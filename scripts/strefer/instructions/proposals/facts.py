"""Metadata as short numbered lines, the way the question writer and the second reader see it.

    1. part 1: the brown dog runs to the left.
    2. part 2: the brown dog is not there.

Words-only groups name an entity by its expression, mask groups by its region ("the dog in
<region1>"). Around a time window the parts are called by their place to it ("right before
<start_time>").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DURING = "between <start_time> and <end_time>"
BEFORE = "right before <start_time>"
AFTER = "right after <end_time>"
ABSENT = "is not there"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: when, and a clause with its subject; `cell` is the (segment, entity) that says so,
    None where masklets do."""

    when: str
    text: str
    cell: tuple[int, int] | None = None


def render_facts(facts: Sequence[Fact]) -> str:
    """The facts as numbered lines, counted from 1."""
    return "\n".join(f"{n}. {fact.when}: {fact.text}." for n, fact in enumerate(facts, 1))


def when_of(segment: int, window: int | None) -> str:
    """A segment's name in relation to the window (also a segment), or without one."""
    if window is None:
        return f"part {segment + 1}"
    names = {window: DURING, window - 1: BEFORE, window + 1: AFTER}
    return names.get(segment, "earlier" if segment < window else "later")
