"""Relations between statements: which say the same, and which exclude each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from strefer.instructions.english import first_sentence


class Meaning(Protocol):
    """How two statements (third person: "walks to the left") are related, about one entity at one
    time or about two entities of one category.

    Attributes:
        closed: whether the statements cover everything that happens, and all entities are listed.
    """

    closed: bool

    def says(self, one: str, other: str) -> bool | None:
        """True if the one is the other, False if they exclude each other, None if unknown."""

    def alike(self, one: str, other: str) -> bool:
        """True if they are the same or say the same."""

    def differs(self, one: str, other: str) -> bool:
        """True if they are certainly not the same."""

    def excludes(self, one: str, other: str) -> bool:
        """True if nobody can do both."""


class ByWords:
    """A closed language: one action has one wording, and other words are another action."""

    closed = True

    def says(self, one: str, other: str) -> bool | None:
        return first_sentence(one) == first_sentence(other)

    def alike(self, one: str, other: str) -> bool:
        return one in other or other in one

    def differs(self, one: str, other: str) -> bool:
        return one != other

    def excludes(self, one: str, other: str) -> bool:
        return not self.alike(one, other)


class ByReader:
    """An open language: a reader was asked which statements say the same and which exclude each
    other. Of all others it is not known.

    Args:
        relations: (one, other, whether they say the same; if not, they exclude each other).
    """

    closed = False

    def __init__(self, relations: Iterable[tuple[str, str, bool]]) -> None:
        self._known: dict[frozenset[str], bool] = {}
        for one, other, same in relations:
            self._known[frozenset((one, other))] = same

    def says(self, one: str, other: str) -> bool | None:
        return True if one == other else self._known.get(frozenset((one, other)))

    def alike(self, one: str, other: str) -> bool:
        return self.says(one, other) is True

    def differs(self, one: str, other: str) -> bool:
        return self.says(one, other) is False

    def excludes(self, one: str, other: str) -> bool:
        return self.says(one, other) is False
