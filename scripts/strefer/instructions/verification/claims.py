"""Machine-checkable evidence: what has to be so for a pair to be true.

A claim is plain JSON. Windows are seconds of the film, entities positions in the references.

    {"kind": "does", "entity": 0, "start_s": 4.0, "end_s": 9.5, "text": "sits", "value": true}
    {"kind": "present", "entity": 0, "start_s": 4.0, "end_s": 9.5, "value": false}
    {"kind": "once", "entity": 0, "start_s": 4.0, "end_s": 9.5, "text": "sits", "value": true}
    {"kind": "count", "noun": "person", "start_s": 4.0, "end_s": 9.5, "n": 2, "value": true}
    {"kind": "longer", "entity": 0, "other": 1, "value": true}
    {"kind": "seconds", "entity": 0, "n": 8, "value": true}
    {"kind": "left_of", "entity": 0, "other": 1, "start_s": 4.0, "end_s": 9.5, "value": true}
    {"kind": "is", "entity": 0, "expression": "brown dog", "value": true}
    {"kind": "all", "of": [claim, …]}

Any source of knowledge about the film can be the witness: the transcript, the masklets, or, in the
demo, the ground truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

Claim = dict[str, Any]
Window = tuple[float, float]

KINDS = ("does", "present", "once", "count", "longer", "seconds", "left_of", "is", "all")


class Witness(Protocol):
    """Answers about one film; None where it does not know."""

    def does(self, entity: int, window: Window, text: str) -> bool | None:
        """True if the entity does this for most of the window; False if it is not there."""

    def seen(self, entity: int, window: Window) -> bool | None:
        """True if the entity is there for a good part of the window."""

    def occurrences(self, entity: int, text: str) -> list[Window] | None:
        """When the entity does this."""

    def count(self, noun: str, window: Window) -> int | None:
        """How many entities of the generalized noun are there in the window."""

    def seconds_seen(self, entity: int) -> float | None:
        """For how long the entity is there."""

    def left_of(self, entity: int, other: int, window: Window) -> bool | None:
        """True if the entity is to the left of the other, where both are seen in the window."""

    def expression(self, entity: int) -> str | None:
        """Who the entity is."""


def does(entity: int, window: Window, text: str, value: bool = True) -> Claim:
    """The entity does (or does not do) this for most of the window."""
    return _located("does", window, value) | {"entity": entity, "text": text}


def present(entity: int, window: Window, value: bool = True) -> Claim:
    """The entity is (or is not) there."""
    return _located("present", window, value) | {"entity": entity}


def once(entity: int, window: Window, text: str) -> Claim:
    """The entity does this within the window and at no other time of the film."""
    return _located("once", window, True) | {"entity": entity, "text": text}


def counted(noun: str, window: Window, n: int, value: bool = True) -> Claim:
    """There are (or are not) exactly n entities of the generalized noun in the window."""
    return _located("count", window, value) | {"noun": noun, "n": n}


def left_of(entity: int, other: int, window: Window) -> Claim:
    """The first entity is to the left of the second."""
    return _located("left_of", window, True) | {"entity": entity, "other": other}


def longer(entity: int, other: int) -> Claim:
    """The first entity is there for longer than the second."""
    return {"kind": "longer", "entity": entity, "other": other, "value": True}


def seconds_seen(entity: int, seconds: int) -> Claim:
    """The entity is there for about this many seconds of the film."""
    return {"kind": "seconds", "entity": entity, "n": seconds, "value": True}


def is_expression(entity: int, expression: str) -> Claim:
    """The entity is the one so described."""
    return {"kind": "is", "entity": entity, "expression": expression, "value": True}


def every(claims: Iterable[Claim]) -> Claim:
    """All of the claims."""
    claims = list(claims)
    return claims[0] if len(claims) == 1 else {"kind": "all", "of": claims}


def _located(kind: str, window: Window, value: bool) -> Claim:
    start_s, end_s = window
    return {"kind": kind, "start_s": start_s, "end_s": end_s, "value": value}


def parts(claim: Claim) -> list[Claim]:
    """The claim's simple claims."""
    if claim["kind"] == "all":
        return [simple for part in claim["of"] for simple in parts(part)]
    return [claim]


def evaluate(claim: Claim, witness: Witness) -> bool | None:
    """True if the claim holds according to the witness; None if the witness does not know.

    Raises:
        ValueError: if the claim's kind is unknown.
    """
    if claim["kind"] == "all":
        verdicts = [evaluate(part, witness) for part in claim["of"]]
        return False if False in verdicts else (None if None in verdicts else True)
    found = _found(claim, witness)
    return None if found is None else found == claim["value"]


def _found(claim: Claim, witness: Witness) -> bool | None:
    kind = claim["kind"]
    if kind == "longer":
        mine, other = (witness.seconds_seen(claim[name]) for name in ("entity", "other"))
        return None if mine is None or other is None else mine > other
    if kind == "seconds":
        seen_s = witness.seconds_seen(claim["entity"])
        return None if seen_s is None else abs(seen_s - claim["n"]) <= max(2.0, 0.25 * claim["n"])
    if kind == "is":
        known = witness.expression(claim["entity"])
        return None if known is None else known == claim["expression"]
    window = (claim["start_s"], claim["end_s"]) if "start_s" in claim else None
    if kind == "does":
        return witness.does(claim["entity"], window, claim["text"])
    if kind == "present":
        return witness.seen(claim["entity"], window)
    if kind == "left_of":
        return witness.left_of(claim["entity"], claim["other"], window)
    if kind == "count":
        n = witness.count(claim["noun"], window)
        return None if n is None else n == claim["n"]
    if kind == "once":
        times = witness.occurrences(claim["entity"], claim["text"])
        if times is None:
            return None
        return bool(times) and all(_mostly_within(time, window) for time in times)
    raise ValueError(f"claim of unknown kind {kind!r}; known: {', '.join(KINDS)}")


def _mostly_within(time: Window, window: Window) -> bool:
    shared = min(time[1], window[1]) - max(time[0], window[0])
    return shared >= 0.5 * (time[1] - time[0])
