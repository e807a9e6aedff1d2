"""Two witnesses for claims about a film: the transcript and the masklets."""

from __future__ import annotations

from strefer.instructions.metadata.film import Film
from strefer.instructions.metadata.masks import Masks
from strefer.instructions.verification.claims import Window

SEEN = 0.5  # share of a window's sampled frames with pixels: from here on, the entity is there


class TranscriptWitness:
    """The transcript: who does what in which segment."""

    def __init__(self, film: Film) -> None:
        self.film = film

    def does(self, entity: int, window: Window, text: str) -> bool | None:
        segment = self.film.segment_of(window)
        if segment is None:
            return None
        if self.film.present[segment][entity] is False:
            return False
        deed = self.film.deeds[segment][entity]
        return None if deed is None else self.film.meaning.says(deed, text)

    def seen(self, entity: int, window: Window) -> bool | None:
        segment = self.film.segment_of(window)
        return None if segment is None else self.film.present[segment][entity]

    def occurrences(self, entity: int, text: str) -> list[Window] | None:
        if entity not in self.film.told:
            return None
        rows = zip(self.film.limits_s, self.film.deeds, strict=True)
        deeds = [(limits_s, row[entity]) for limits_s, row in rows if row[entity] is not None]
        if not all(deed == text or self.film.meaning.differs(deed, text) for _, deed in deeds):
            return None
        return [limits_s for limits_s, deed in deeds if deed == text]

    def count(self, noun: str, window: Window) -> int | None:
        segment = self.film.segment_of(window)
        if segment is None:
            return None
        verdicts = [
            there
            for there, known in zip(self.film.present[segment], self.film.entities, strict=True)
            if known.generalized_noun == noun
        ]
        return None if None in verdicts else sum(map(bool, verdicts))

    def seconds_seen(self, entity: int) -> float | None:
        return self.film.seconds_present(entity) if self.film.known(entity) else None

    def left_of(self, entity: int, other: int, window: Window) -> bool | None:
        return None  # transcripts do not speak of places

    def expression(self, entity: int) -> str | None:
        return self.film.entities[entity].expression


class MaskWitness:
    """The masklets: who is to be seen when, and where in the picture.

    Masks cannot show what an entity does, only that it does nothing while absent.
    """

    def __init__(self, film: Film, masks: Masks) -> None:
        self.film, self.masks = film, masks
        self._frame_s = film.duration_s / max(1, len(masks.frame_times_s))
        self._shares: dict[tuple[int, Window], float | None] = {}

    def share(self, entity: int, window: Window) -> float | None:
        """Share of the window's sampled frames in which the entity has pixels; None if it has no
        masklet or the window no sampled frame."""
        if (entity, window) not in self._shares:
            self._shares[entity, window] = self._share(entity, window)
        return self._shares[entity, window]

    def _share(self, entity: int, window: Window) -> float | None:
        if entity not in self.film.maskable:
            return None
        sampled = sum(window[0] <= t < window[1] for t in self.masks.frame_times_s)
        if not sampled:
            return None
        seen = sum(window[0] <= t < window[1] for t in self.masks.times_s[entity])
        return seen / sampled

    def does(self, entity: int, window: Window, text: str) -> bool | None:
        return False if self.seen(entity, window) is False else None

    def seen(self, entity: int, window: Window) -> bool | None:
        """True for pixels in half of the frames, False for none at all, in between unknown."""
        share = self.share(entity, window)
        if share is None or 0 < share < SEEN:
            return None
        return share > 0

    def occurrences(self, entity: int, text: str) -> list[Window] | None:
        return None

    def count(self, noun: str, window: Window) -> int | None:
        verdicts = [
            self.seen(entity, window)
            for entity, known in enumerate(self.film.entities)
            if known.generalized_noun == noun
        ]
        return None if None in verdicts else sum(map(bool, verdicts))

    def seconds_seen(self, entity: int) -> float | None:
        if entity not in self.film.maskable:
            return None
        return len(self.masks.times_s[entity]) * self._frame_s

    def left_of(self, entity: int, other: int, window: Window) -> bool | None:
        return self.masks.left_of(entity, other, window)

    def expression(self, entity: int) -> str | None:
        return None
