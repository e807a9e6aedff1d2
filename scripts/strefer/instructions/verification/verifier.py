"""The verifier: rejects pairs that contradict what is known about the film.

Each rejection has a reason that begins with the check's name (`verification.checks`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strefer.instructions.metadata.agreement import existence_doubt, is_in_pieces, shares_masklet
from strefer.instructions.metadata.film import Film
from strefer.instructions.verification.claims import Claim, Window, does, evaluate, parts, present
from strefer.instructions.verification.form import LETTERS, form_fault, reference_fault
from strefer.instructions.verification.motion import (
    Motion,
    chases,
    contradiction,
    goes,
    goes_after,
    motion_in,
    plainly_so,
    shows_in_shape,
)
from strefer.instructions.verification.second_look import SecondLook
from strefer.instructions.verification.witnesses import MaskWitness, TranscriptWitness
from strefer.records import Instruction


@dataclass(frozen=True)
class Checks:
    """Options of the verifier.

    Attributes:
        motion: whether to compare movements in the words with the masklets' paths.
        unseen: whether to reject pairs about an entity whose masklet and transcript disagree, in
            films with masklets.
        least_score: a masklet with a lower score must be confirmed by the transcript.
    """

    motion: bool = True
    unseen: bool = True
    least_score: float = 0.0


class Verifier:
    """Checks the pairs of one film."""

    def __init__(self, film: Film, checks: Checks) -> None:
        self.film, self.checks = film, checks
        self.transcript = TranscriptWitness(film)
        self.masks = None if film.masks is None else MaskWitness(film, film.masks)
        self.second_look = SecondLook(film)
        self._known: dict[tuple, str | None] = {}
        self._known_of_masks: dict[tuple, str | None] = {}
        self._pieces: dict[tuple[int, Window], bool] = {}

    def verify(self, pairs: Sequence[Instruction]) -> list[Instruction]:
        """The pairs with `rejected` filled in; pairs that are rejected already stay so."""
        reasons = [pair.rejected or self.reason(pair) for pair in pairs]
        for place in self._contradictory(pairs, reasons):
            reasons[place] = "pairs: the same question has another answer in this film"
        return [
            pair if pair.rejected == reason else dataclasses.replace(pair, rejected=reason)
            for pair, reason in zip(pairs, reasons, strict=True)
        ]

    def reason(self, pair: Instruction) -> str | None:
        """Say why the pair is rejected, or return None: the first check that finds a fault gives
        the reason."""
        checks = {
            "form": lambda pair: form_fault(pair, self.film.duration_s),
            "reference": lambda pair: reference_fault(pair, self.film),
        }
        claims = parts(pair.evidence.claim)
        return (
            _first_fault(checks, pair)
            or next(filter(None, map(self._claim_fault, claims)), None)
            or _first_fault({"pieces": self._pieces_fault}, pair)
        )

    def _pieces_fault(self, pair: Instruction) -> str | None:
        window = pair.clip_s or (0.0, self.film.duration_s)
        scattered = self.masks and any(self._in_pieces(e, window) for e in pair.regions)
        return "a masklet is in pieces" if scattered else None

    def _in_pieces(self, entity: int, window: Window) -> bool:
        if (entity, window) not in self._pieces:
            assert self.film.masks is not None
            self._pieces[entity, window] = is_in_pieces(self.film.masks, entity, window)
        return self._pieces[entity, window]

    def _claim_fault(self, claim: Claim) -> str | None:
        key = tuple(claim.values())
        if key not in self._known:
            self._known[key] = self._find_fault(claim)
        return self._known[key]

    def _find_fault(self, claim: Claim) -> str | None:
        checks = {
            "transcript": self._transcript_fault,
            "repetition": self._repetition_fault,
            "second look": self.second_look.fault,
        }
        return _first_fault(checks, claim) or self._masks_fault(claim)

    def _transcript_fault(self, claim: Claim) -> str | None:
        if evaluate(claim, self.transcript) is False:
            return f"the transcript does not say so ({claim['kind']})"
        return None

    def _repetition_fault(self, claim: Claim) -> str | None:
        if claim["kind"] != "once":
            return None
        window, text = (claim["start_s"], claim["end_s"]), claim["text"]
        again = self.second_look.told_elsewhere(claim["entity"], window, text)
        return f"of another part of the film the transcriber says {text!r} too" if again else None

    def _masks_fault(self, claim: Claim) -> str | None:
        key = tuple(claim.values())
        if self.masks is not None and key not in self._known_of_masks:
            self._known_of_masks[key] = self._find_masks_fault(claim, self.masks)
        return self._known_of_masks.get(key)

    def _find_masks_fault(self, claim: Claim, masks: MaskWitness) -> str | None:
        checks = {
            "existence": self._existence_fault,
            "presence": self._shown_fault,
            "number": self._count_fault,
            "only time": self._once_fault,
        }
        if "text" in claim:
            checks["motion"] = lambda claim: self._deed_fault(claim, masks)
        return _first_fault(checks, claim)

    def _existence_fault(self, claim: Claim) -> str | None:
        # A negative claim stays true even if the entity does not exist.
        if not self.checks.unseen or claim["kind"] == "count" or not claim["value"]:
            return None
        entities = [claim[name] for name in ("entity", "other") if name in claim]
        doubts = (existence_doubt(self.film, e, self.checks.least_score) for e in entities)
        return next(filter(None, doubts), None)

    def _shown_fault(self, claim: Claim) -> str | None:
        assert self.masks is not None
        if evaluate(claim, self.masks) is False and not self._thrice_told(claim):
            return f"the masklets show otherwise ({claim['kind']})"
        return None

    def _count_fault(self, claim: Claim) -> str | None:
        if claim["kind"] == "count" and self._counts_twice(claim):
            return "of those counted, one shares its masklet with another"
        return None

    def _once_fault(self, claim: Claim) -> str | None:
        if claim["kind"] == "once" and self._doubtful_elsewhere(claim):
            return "another line about the entity is doubtful, so it may not be the only time"
        return None

    def _thrice_told(self, claim: Claim) -> bool:
        """True if both transcriptions agree on the action. Then a window without pixels is likelier
        a gap in the masklet."""
        return claim["kind"] == "does" and claim["value"] and self.second_look.insists(claim)

    def _counts_twice(self, claim: Claim) -> bool:
        """True if two descriptions may be of one of those that are counted."""
        segment = self.film.segment_of((claim["start_s"], claim["end_s"]))
        return segment is not None and any(
            self.film.present[segment][entity] and shares_masklet(self.film, entity)
            for entity in self.film.maskable
            if self.film.entities[entity].generalized_noun == claim["noun"]
        )

    def _doubtful_elsewhere(self, claim: Claim) -> bool:
        """True if the masklets contradict what the transcript says of the entity at other times."""
        entity = claim["entity"]
        lines = zip(self.film.limits_s, self.film.present, self.film.deeds, strict=True)
        for window, there, deeds in lines:
            deed = deeds[entity]
            unread = there[entity] is not False and deed is None
            if unread or window == (claim["start_s"], claim["end_s"]):
                continue
            said = present(entity, window, False) if deed is None else does(entity, window, deed)
            # A doubted line counts only if what the claim says may have happened there instead.
            doubtful = not self._thrice_told(said) and self._masks_fault(said)
            if doubtful and not self._shown_otherwise(entity, window, claim["text"]):
                return True
        return False

    def _shown_otherwise(self, entity: int, window: Window, text: str) -> bool:
        assert self.masks is not None
        claim = does(entity, window, text)
        return evaluate(claim, self.masks) is False or bool(self._deed_fault(claim, self.masks))

    def _deed_fault(self, claim: Claim, witness: MaskWitness) -> str | None:
        entity, text = claim["entity"], claim["text"]
        window = (claim["start_s"], claim["end_s"])
        motion, confirmed = self._motion(entity, window), self.second_look.confirms(claim)
        if not claim["value"]:
            moves = motion is not None and not confirmed and plainly_so(motion, text)
            return f"not {text!r}, but the masklet moves so" if moves else None
        others = [e for e in range(len(self.film.entities)) if e != entity]
        named = [e for e in others if self.film.entities[e].expression in text]
        for other in named:
            if witness.seen(other, window) is False:
                known = self.film.entities[other].expression
                return f"{text!r}, but the masklets do not show the {known}"
        if self.checks.motion and chases(text):  # takes two, and both have to be seen
            if not named:
                return f"{text!r}, but no entity of the film is so described"
            if motion is None:
                return f"{text!r}, but the masklet hardly shows it"
        if motion is None:
            return None
        if shows_in_shape(text) and self._in_pieces(entity, window):
            return f"{text!r}, but the masklet is in pieces"
        person = self.film.entities[entity].generalized_noun == "person"
        against = contradiction(motion, text, confirmed, person)
        against = against or self._company_fault(motion, text, named, window)
        return f"{text!r}, but {against}" if against else None

    def _motion(self, entity: int, window: Window) -> Motion | None:
        if not self.checks.motion or self.masks is None:
            return None
        return motion_in(self.masks.masks, entity, window)

    def _company_fault(
        self, motion: Motion, text: str, named: Sequence[int], window: Window
    ) -> str | None:
        """True if the entity, said to go somewhere, moves behind another, and the text does not say
        so; or the other way round."""
        if not goes(text):
            return None
        chased = chases(text)
        others = named if chased else [e for e in self.film.maskable if e != motion.entity]
        for other in others:
            of_other = self._motion(other, window)
            if (of_other is not None and goes_after(motion, of_other)) is not chased:
                known = self.film.entities[other].expression
                return f"the masklet {'does not go' if chased else 'goes'} after the {known}"
        return None

    def _contradictory(
        self, pairs: Sequence[Instruction], reasons: Sequence[str | None]
    ) -> list[int]:
        """Places of pairs that ask the same of the same regions and times with another answer."""
        answers: dict[tuple, set[str]] = {}
        keys = []
        for pair in pairs:
            keys.append((pair.question, pair.regions, pair.start_s, pair.end_s, pair.clip_s))
        for key, pair, reason in zip(keys, pairs, reasons, strict=True):
            if reason is None and pair.form != "open":
                answers.setdefault(key, set()).add(_verdict(pair))
        return [
            place
            for place, (key, reason) in enumerate(zip(keys, reasons, strict=True))
            if reason is None and len(answers.get(key, ())) > 1
        ]


def _first_fault(checks: Mapping[str, Callable[[Any], str | None]], asked: Any) -> str | None:
    """The fault that the first of the checks finds, with the check's name before it, or None."""
    found = ((name, check(asked)) for name, check in checks.items())
    return next((f"{name}: {fault}" for name, fault in found if fault), None)


def _verdict(pair: Instruction) -> str:
    if pair.form == "choice":
        return pair.options[LETTERS.index(pair.answer)]
    return pair.answer.split()[0].strip(",.").lower()
