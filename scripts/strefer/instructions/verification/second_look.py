"""Checks a segment's transcript against the transcripts of its parts.

Who does something throughout a segment does it in either part. Where a part says otherwise, the
line is in doubt: the transcriber guessed, or the segment contains more than one scene.
"""

from __future__ import annotations

from collections.abc import Sequence

from strefer.instructions.metadata.film import Film, Look
from strefer.instructions.verification.claims import Claim, Window


class SecondLook:
    """Knows what was said of the parts of a film's segments.

    Args:
        film: without `parts`, nothing is doubted.
    """

    def __init__(self, film: Film) -> None:
        self.film = film

    def _parts(self, window: Window) -> tuple[Look, ...]:
        segment = self.film.segment_of(window) if self.film.parts else None
        return () if segment is None else self.film.parts[segment]

    def confirms(self, claim: Claim) -> bool:
        """True if a part says too that the entity does this, or no part does."""
        parts, entity = self._parts((claim["start_s"], claim["end_s"])), claim["entity"]
        said = [part.deeds[entity] for part in parts]
        same = [self._says(deed, claim["text"]) for deed in said]
        return True in same if claim["value"] else any(said) and set(same) == {False}

    def insists(self, claim: Claim) -> bool:
        """True if every part says too that the entity does this."""
        parts, entity = self._parts((claim["start_s"], claim["end_s"])), claim["entity"]
        return bool(parts) and all(self._says(p.deeds[entity], claim["text"]) for p in parts)

    def fault(self, claim: Claim) -> str | None:
        """Say why the parts contradict the claim about one entity in one segment, or return
        None."""
        if claim["kind"] not in ("does", "once", "present"):
            return None
        parts, entity = self._parts((claim["start_s"], claim["end_s"])), claim["entity"]
        parts = [part for part in parts if part.present[entity] is not None]
        there = [part.present[entity] for part in parts]
        if not parts or (claim["kind"] == "present" and claim["value"] in there):
            return None
        if claim["kind"] == "present" or (claim["value"] and not any(there)):
            return "the transcriber's second look does not agree who is there"
        return self._deed_fault(claim, [part.deeds[entity] for part in parts])

    def _deed_fault(self, claim: Claim, deeds: Sequence[str | None]) -> str | None:
        text = claim["text"]
        for deed in deeds:
            if deed is not None and self._says(deed, text) is (not claim["value"]):
                denied = "" if claim["value"] else "not "
                return f"{denied}{text!r}, but the transcriber says {deed!r} of a part"
        return None

    def told_elsewhere(self, entity: int, window: Window, text: str) -> bool:
        """True if a part of another segment says, or may say, that the entity does this."""
        but = self.film.segment_of(window)
        return any(
            self._says(part.deeds[entity], text) is not False
            for segment, parts in enumerate(self.film.parts)
            for part in parts
            if segment != but
        )

    def _says(self, deed: str | None, text: str) -> bool | None:
        """True if a part has this action; not if its action was not parsed or is missing."""
        return False if deed is None else self.film.meaning.says(deed, text)
