"""Tasks for the question writer, each for one pair.

A task fixes what makes a pair checkable (form, what is asked, the right answer, the claim behind
it); the words are the writer's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from strefer.instructions.metadata.film import Film
from strefer.instructions.proposals.facts import ABSENT, DURING, Fact, when_of
from strefer.instructions.verification.claims import Claim, Window

Cell = tuple[int, int]  # segment, entity
MAX_FACTS = 8


@dataclass(frozen=True)
class Scope:
    """The part of a film that a question is about, and how it names its entities.

    Attributes:
        film: the metadata.
        masks: whether entities are named by regions, not by words.
        window: the segment that <start_time> and <end_time> enclose, or None.
        clip: the segment that is the whole clip, or None for the whole film.
        subjects: the entities named in the question, in this order (regions are numbered by it).
    """

    film: Film
    masks: bool
    window: int | None
    clip: int | None
    subjects: tuple[int, ...]

    def who(self, entity: int) -> str:
        """The entity's name in facts and questions."""
        if self.masks and entity in self.subjects:
            return f"the {self.film.kind(entity)} in <region{self.subjects.index(entity) + 1}>"
        return self.film.named(entity)

    def again(self, entity: int) -> str:
        """The entity's name the second time in one question."""
        that = "those" if entity in self.film.plurals else "that"
        return f"{that} {self.film.kind(entity) if self.masks else self.film.again(entity)}"

    @property
    def when(self) -> str:
        """The window's wording, with a space before it; empty without a window."""
        return "" if self.window is None else f" {DURING}"

    @property
    def limits_s(self) -> Window | None:
        """The window's (start_s, end_s)."""
        return None if self.window is None else self.film.limits_s[self.window]

    @property
    def clip_s(self) -> Window | None:
        """The clip's (start_s, end_s)."""
        return None if self.clip is None else self.film.limits_s[self.clip]

    def hides(self, text: str) -> bool:
        """True if the text may be used in a question: in mask groups it must not describe one of
        the regions."""
        if not self.masks:
            return True
        return not any(self.film.entities[e].expression in text for e in self.subjects)


@dataclass(frozen=True)
class Task:
    """One pair to be written.

    Attributes:
        form: "open", "yes_no" or "choice".
        focus: the kind of question; with the form it names the phrasings of `oracle`.
        scope: where and who.
        ask: what to ask, to be read after "Ask": "whether the brown dog sits".
        facts: the lines shown to the writer.
        cited: numbers (from 1) of the facts that the answer rests on.
        truth: for yes/no, which answer is right.
        premise: whether the question supposes something false and is to be refused.
        slots: the words that phrasings are filled with.
        answer: for a choice, the right option.
        wrong: for a choice, the other options.
        claim: what has to be so for the pair to be true.
        segments: the segments it rests on.
        couple: for yes/no, the number that it shares with its counterpart.
    """

    form: str
    focus: str
    scope: Scope
    ask: str
    facts: tuple[Fact, ...]
    cited: tuple[int, ...]
    claim: Claim
    segments: tuple[int, ...]
    slots: dict[str, Any] = field(default_factory=dict)
    truth: bool | None = None
    premise: bool = False
    answer: str = ""
    wrong: tuple[str, ...] = ()
    couple: int | None = None


def gather_facts(scope: Scope, cited: Sequence[Cell]) -> tuple[tuple[Fact, ...], tuple[int, ...]]:
    """The facts for a task and the numbers of the cited ones, in the order they are cited.

    Besides the cited cells, further cells of the scope are included (the subjects' first, up to
    MAX_FACTS lines), so that the writer has to read.
    """
    cells = list(dict.fromkeys(cited))
    film = scope.film
    for others in (False, True):
        if others and scope.masks:
            break  # an entity without a region could only be named by its words
        for segment in _near(scope):
            for entity in range(len(film.entities)):
                if (entity in scope.subjects) == others or (segment, entity) in cells:
                    continue
                deed = film.deeds[segment][entity]
                unread = film.present[segment][entity] is not False and deed is None
                if unread or (others and deed is None) or not scope.hides(deed or ""):
                    continue
                cells.append((segment, entity))
    cells = sorted(cells[: max(MAX_FACTS, len(set(cited)))])
    facts = tuple(
        Fact(when_of(segment, scope.window), state(scope, segment, entity), (segment, entity))
        for segment, entity in cells
    )
    return facts, tuple(cells.index(cell) + 1 for cell in cited)


def state(scope: Scope, segment: int, entity: int) -> str:
    """A clause: who, and what it does in the segment."""
    deed = scope.film.deeds[segment][entity]
    return scope.film.agreeing(f"{scope.who(entity)} {ABSENT if deed is None else deed}")


def _near(scope: Scope) -> list[int]:
    if scope.clip is not None:
        return [scope.clip]
    last = len(scope.film.limits_s) - 1
    if scope.window is None:
        return list(range(last + 1))
    near = (scope.window, scope.window - 1, scope.window + 1)
    return [segment for segment in near if 0 <= segment <= last]
