"""The parts of a film that a question group may ask about: cells (segment, entity) and scopes."""

from __future__ import annotations

import re
from random import Random

from strefer.instructions.english import first_sentence
from strefer.instructions.metadata.agreement import pointable
from strefer.instructions.metadata.film import Film
from strefer.instructions.proposals.tasks import Cell, Scope

LONGEST_ASKED = 14  # maximum number of words of an action inside a question
_PRONOUN = re.compile(r"\b(?:he|she|it|they|him|them|himself|herself|itself|themselves)\b", re.I)


class Places:
    """The cells of a film that one question group may ask about.

    Args:
        film: the metadata.
        masks: whether entities are named by regions. Then a cell needs a masklet with pixels, and
            one that is not in doubt.
        timed: whether a time window is asked about; otherwise a clip or the whole film.
        random: draws among wrong options and counterparts.

    Attributes:
        cells: where an entity does something that could be parsed.
        absent: where an entity is not there but can still be referred to.
        once: cells whose action the entity does nowhere else in the film.
    """

    def __init__(self, film: Film, masks: bool, timed: bool, random: Random) -> None:
        self.film, self.masks, self.timed, self.random = film, masks, timed, random
        self.entities = sorted(pointable(film)) if masks else list(range(len(film.entities)))
        self.cells: list[Cell] = [
            (segment, entity)
            for segment, deeds in enumerate(film.deeds)
            for entity in self.entities
            if deeds[entity] is not None
            and (not masks or film.has_pixels(entity, *film.limits_s[segment]))
        ]
        self.readable = frozenset(self.cells)
        appearing = {entity for row in film.present for entity, there in enumerate(row) if there}
        # A clip that the entity is not in has no region to point with.
        self.absent: list[Cell] = [
            (segment, entity)
            for segment, present in enumerate(film.present)
            for entity in self.entities
            if present[entity] is False and entity in appearing and not (masks and not timed)
        ]
        self.once = [cell for cell in self.cells if cell[1] in film.told and self._single(cell)]
        self.deeds_of_kind: dict[str, list[str]] = {}
        self._deeds_of: dict[int, set[str]] = {}
        for cell in self.cells:
            text = self.short_deed(cell)
            texts = self.deeds_of_kind.setdefault(self.kind(cell[1]), [])
            if text not in texts:
                texts.append(text)
            self._deeds_of.setdefault(cell[1], set()).add(text)

    def _single(self, cell: Cell) -> bool:
        segment, entity = cell
        deed = self.film.deeds[segment][entity]
        return all(
            row[entity] is None or self.film.meaning.differs(row[entity], deed)
            for other, row in enumerate(self.film.deeds)
            if other != segment
        )

    def at(self, cell: Cell, *others: int) -> Scope:
        """The scope of a question about one segment: a window or a clip."""
        segment, entity = cell
        window, clip = (segment, None) if self.timed else (None, segment)
        return Scope(self.film, self.masks, window, clip, (entity, *others))

    def overall(self, *subjects: int) -> Scope:
        """The scope of a question about the whole film."""
        return Scope(self.film, self.masks, None, None, subjects)

    def kind(self, entity: int) -> str:
        """The entity's generalized noun, in its number: clauses about one and about several are
        no options beside each other."""
        return self.film.kind(entity)

    def deed(self, cell: Cell) -> str:
        """The action in a parsed cell."""
        deed = self.film.deeds[cell[0]][cell[1]]
        assert deed is not None, cell
        return deed

    def short_deed(self, cell: Cell) -> str:
        """The action's first sentence."""
        return first_sentence(self.deed(cell))

    def showable(self, texts: list[str], *subjects: int) -> bool:
        """True if a question about these subjects may contain the texts: they are short, name the
        entities that they are about, do not describe a region, and no action mentions the entity
        that does it."""
        if any(_PRONOUN.search(text) or len(text.split()) > LONGEST_ASKED for text in texts):
            return False
        if not self.masks:
            return True
        return not any(self.film.entities[e].expression in text for e in subjects for text in texts)

    def untrue_deeds(self, cell: Cell) -> list[str]:
        """Actions of its kind in this film that the entity does not do in the segment, shuffled,
        without those that mention the entity itself ("chases the red ball" for the red ball). If
        the question is about a time, the entity's actions at other times come first."""
        segment, entity = cell
        said = self.film.deeds[segment][entity] or ""
        name = self.film.entities[entity].expression
        texts = [
            text
            for text in self.deeds_of_kind.get(self.kind(entity), ())
            if name not in text and (not said or self.film.meaning.excludes(text, said))
        ]
        self.random.shuffle(texts)
        if self.timed:
            own = self._deeds_of.get(entity, ())
            texts.sort(key=lambda text: text not in own)
        return texts

    def only_doer(self, cell: Cell) -> bool:
        """True if it is certain that nobody else in the segment does the same."""
        row, present = self.film.deeds[cell[0]], self.film.present[cell[0]]
        text = self.short_deed(cell)
        return not any(
            there is not False
            and entity != cell[1]
            and (row[entity] is None or not self.film.meaning.excludes(text, row[entity]))
            for entity, there in enumerate(present)
        )
