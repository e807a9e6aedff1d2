"""All metadata of one film, joined: what the instruction groups draw from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from strefer.entities.nouns import head_noun, is_human_part
from strefer.instructions.english import agreeing, definite, is_plural, plural
from strefer.instructions.metadata.masks import Masks
from strefer.instructions.metadata.meaning import ByWords, Meaning
from strefer.records import Entity, Statement


@dataclass(frozen=True)
class Look:
    """What one transcript says about each entity, by position: whether it is there (None if
    unknown), and what it does (None if it is absent or unknown, or its line cannot be parsed)."""

    present: tuple[bool | None, ...]
    deeds: tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class Film:
    """Joined metadata of one film.

    Attributes:
        digest: digest of the film's bytes, used as the seed for sampling.
        duration_s: length in seconds.
        entities: the references; other fields name an entity by its position here.
        limits_s: (start_s, end_s) of each transcribed segment, in temporal order.
        present: [segment][entity] whether the entity is there according to the transcript; None if
            unknown.
        deeds: [segment][entity] what it does ("runs to the left"); None if it is absent
            or its line cannot be parsed.
        masks: the masklets, or None if that stage did not run.
        parts: for each segment, what the transcriber says about its parts; empty without a second
            look.
        several: entities that are more than one thing ("two women").
        meaning: which actions say the same, and which exclude each other.
        forms: by action, its statement with the verb's other forms.
    """

    digest: str
    duration_s: float
    entities: tuple[Entity, ...]
    limits_s: tuple[tuple[float, float], ...]
    present: tuple[tuple[bool | None, ...], ...]
    deeds: tuple[tuple[str | None, ...], ...]
    masks: Masks | None = None
    parts: tuple[tuple[Look, ...], ...] = ()
    several: frozenset[int] = frozenset()
    meaning: Meaning = field(default_factory=ByWords)
    forms: Mapping[str, Statement] = field(default_factory=dict)

    @cached_property
    def covered(self) -> bool:
        """True if the transcribed segments cover the film. Statements on the whole film ("only
        once", "for so long") need it."""
        edges = [0.0, *(t for limits in self.limits_s for t in limits), self.duration_s]
        return all(abs(edges[i + 1] - edges[i]) <= 0.05 for i in range(0, len(edges), 2))

    @cached_property
    def told(self) -> frozenset[int]:
        """Entities whose whole time is known: the segments cover the film, and every line about
        them could be read."""
        if not self.covered:
            return frozenset()
        rows = list(zip(self.present, self.deeds, strict=True))
        return frozenset(
            entity
            for entity in range(len(self.entities))
            if all(deeds[entity] is not None or there[entity] is False for there, deeds in rows)
        )

    @cached_property
    def plurals(self) -> frozenset[int]:
        """Entities with a plural name ("two women"), unlike one group of many ("herd of cows")."""
        return frozenset(e for e in self.several if is_plural(self.entities[e].expression))

    def named(self, entity: int) -> str:
        """The entity by its whole expression: "the brown dog"."""
        return definite(self.entities[entity].expression)

    def kind(self, entity: int) -> str:
        """The entity's generalized noun, in its number; "herd" for one group of many, "hands" for
        those of a person."""
        known = self.entities[entity]
        head = head_noun(known.expression)
        if entity in self.several - self.plurals or is_human_part(head):
            return head
        return plural(known.generalized_noun) if entity in self.plurals else known.generalized_noun

    def again(self, entity: int) -> str:
        """The entity's name when it has been named before: "dog" for "brown dog"."""
        known = self.entities[entity]
        of_many = entity in self.several - self.plurals
        return head_noun(known.expression) if of_many else known.noun

    def bare(self, deed: str) -> str | None:
        """The action in the form that follows "does the dog": "walk to the left"; None if
        unknown."""
        statement = self.forms.get(deed)
        return None if statement is None else statement.do

    def agreeing(self, text: str) -> str:
        """The text with verbs in the plural beside entities that are several."""
        for entity in sorted(self.plurals):
            names = (self.entities[entity].expression, self.kind(entity))
            for name in names:
                text = agreeing(text, f"the {name}")
        return text

    def segment_of(self, window: tuple[float, float]) -> int | None:
        """The segment that contains most of the window."""
        for segment, (start_s, end_s) in enumerate(self.limits_s):
            shared = min(end_s, window[1]) - max(start_s, window[0])
            if shared > 0.5 * (window[1] - window[0]):
                return segment
        return None

    def follows(self, segment: int) -> bool:
        """True if the next segment begins where this one ends."""
        return (
            segment + 1 < len(self.limits_s)
            and abs(self.limits_s[segment + 1][0] - self.limits_s[segment][1]) < 0.05
        )

    def known(self, entity: int) -> bool:
        """True if each segment's transcript says if the entity is there."""
        return all(row[entity] is not None for row in self.present)

    def seconds_present(self, entity: int) -> float:
        """For how long the transcript has the entity there."""
        rows = zip(self.limits_s, self.present, strict=True)
        return sum(end_s - start_s for (start_s, end_s), row in rows if row[entity])

    @cached_property
    def maskable(self) -> frozenset[int]:
        """Entities that a mask can refer to; without masklets, all."""
        if self.masks is None:
            return frozenset(range(len(self.entities)))
        return frozenset(entity for entity, masks in self.masks.by_entity.items() if masks)

    def has_pixels(self, entity: int, start_s: float, end_s: float) -> bool:
        """True if the entity's masklet has pixels within the window; without masklets, True."""
        if self.masks is None:
            return True
        return any(start_s <= t < end_s for t in self.masks.times_s.get(entity, ()))
