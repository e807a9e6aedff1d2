"""Lines about an entity in a clip, as people would write them around the drawn world's clauses.

A line puts a clause into a sentence in one of many ways: tense and aspect, article, pronoun, hedge,
negation, a subordinate clause, a second sentence. Some lines are odd, as chat models' are: words
before the answer, a sentence about the camera, one that says no action, a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random

from drawn_world.language.clauses import (
    FORMS,
    Clause,
    clause_of,
    clauses_of,
    words,
)
from drawn_world.vocabulary import (
    ACTIONS_OF,
    GENERALIZED_NOUNS,
    NOUNS,
    all_expressions,
    with_article,
)

PLACE_WORDS: Mapping[str, tuple[str, ...]] = {
    "street": ("on the street", "on the road"),
    "lawn": ("on the lawn", "on the grass"),
    "room": ("in the room", "indoors"),
    "beach": ("on the beach", "on the sand"),
    "snow": ("in the snow", "on the snow"),
}
_PRONOUNS = {"man": "he", "woman": "she", "child": "the child"}

_CAMERA = " while the camera stays fixed"

# By how they begin, drawn in two steps: else nearly all would begin with the article.
# {s} is the subject, {a} the subject with an indefinite article, {it} its pronoun, {who} its
# relative pronoun, {place} where it is; {does}, {doing}, {do}, {past} the clause, {other} another
# clause, of what it does not do.
_FRAMES: tuple[tuple[str, ...], ...] = (
    (
        "{s} {does}.",
        "{s} is {doing}.",
        "{s} was {doing}.",
        "{s} {past}.",
        "{s} can be seen {doing}.",
        "{s} is seen {place}, {doing}.",
        "{s} appears to be {doing}.",
        "{s} seems to {do}.",
        "{s} probably {does}.",
        "{s}, {who} can be seen {place}, {does}.",
        f"{{s}} {{does}}{_CAMERA}.",
        "{s} is {place}. {it} {does}.",
        "{s} is {place} and {does}.",
        "{s} is in view. {it} can be seen {doing}.",
        "{s} is not {other}; {it} is {doing}.",
    ),
    ("{a} {does}.", "{a} is {doing}.", "{a} can be seen {doing}.", "{a} was {doing}."),
    ("There is {a} {doing}.", "There is {a} {who} {does}."),
    ("We see {s} {doing}.", "We see how {s} {does}."),
    ("{place}, {s} {does}.", "{place}, {s} is {doing}.", "{place}, {a} can be seen {doing}."),
    ("It looks like {s} is {doing}.", "It seems that {s} {does}."),
    ("The clip shows {s} {doing}.", "The clip shows {a} {who} {does}."),
    ("As the camera holds still, {s} {does}.", "As far as one can see, {s} is {doing}."),
    ("Rather than {other}, {s} {does}.",),
)
_ODD: tuple[str, ...] = (
    "Sure! {s} {does}.",
    "Here is what happens: {s} {does}.",
    "The camera does not move. {s} {does}.",
)
_NO_CLAUSE: tuple[str, ...] = (
    "{s} can be seen in the clip.",
    "{s} is {place}.",
)
_REFUSALS: tuple[str, ...] = ("I cannot tell what {s} does.",)
_ODD_SHARES = {_ODD: 0.04, _NO_CLAUSE: 0.015, _REFUSALS: 0.01}
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Line:
    """A line and its parts: (text, what it is), "verb" and "tail" of the clause, "name" of the
    entity, "" for all else. `clause` is what it says that the entity does, or None."""

    parts: tuple[tuple[str, str], ...]
    clause: Clause | None

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.parts)


def draw_line(random: Random, expression: str, action: str, target: str | None, place: str) -> Line:
    """A line that says what an entity does.

    Args:
        expression: the entity's, without an article.
        target: the expression of the one that is chased.
        place: one of PLACES.
    """
    noun = noun_of(expression)
    clause = random.choice(clauses_of(NOUNS[noun], action, target))
    frame = _draw_frame(random, clause)
    other = _draw_other(random, NOUNS[noun], clause)
    has_clause = frame not in _NO_CLAUSE + _REFUSALS
    return Line(
        tuple(_filled(random, frame, expression, clause, other, place)),
        clause if has_clause else None,
    )


def noun_of(expression: str) -> str:
    """The noun of one of the world's expressions."""
    return next(word for word in expression.split() if word in NOUNS)


def _draw_frame(random: Random, clause: Clause) -> str:
    chance = random.random()
    for frames, share in _ODD_SHARES.items():
        chance -= share
        if chance < 0:
            return random.choice(frames)
    frame = random.choice(random.choice(_FRAMES))
    return _FRAMES[0][0] if clause.verb.past is None and "{past}" in frame else frame


def _draw_other(random: Random, kind: str, clause: Clause) -> Clause:
    """A clause about another action, which the entity is said not to do; never a chase."""
    actions = [
        action
        for action in ACTIONS_OF[kind]
        if action != "chase" and action not in clause.meaning.actions
    ]
    if "chase" in clause.meaning.actions:
        actions = [action for action in actions if not action.startswith("move")]
    usable = [
        c for c in clauses_of(kind, random.choice(actions)) if not c.verb.does.startswith("does")
    ]
    return random.choice([c for c in usable if not c.meaning.actions & clause.meaning.actions])


def _filled(
    random: Random, frame: str, expression: str, clause: Clause, other: Clause, place: str
) -> Iterator[tuple[str, str]]:
    noun = noun_of(expression)
    name = expression if random.random() < 0.7 else noun
    slots = {
        "s": f"the {name}",
        "a": with_article(expression),
        "it": _PRONOUNS.get(noun, "it"),
        "who": "who" if noun in _PRONOUNS else "which",
        "place": random.choice(PLACE_WORDS[place]),
        "other": other.form("doing"),
    }
    begins = True
    for piece in re.split(r"(\{\w+\})", frame):
        slot = piece[1:-1] if _SLOT.fullmatch(piece) else None
        if slot in FORMS:
            yield getattr(clause.verb, slot), "verb"
            if clause.tail:
                yield clause.tail, "tail"
        elif piece:
            text = piece if slot is None else slots[slot]
            yield (
                text[0].upper() + text[1:] if begins else text,
                "name" if slot in ("s", "a") else "",
            )
        begins = piece.endswith((". ", "! ")) or (begins and not piece)


@lru_cache(maxsize=16384)
def read_line(line: str) -> Clause | None:
    """What a line says that its entity does: the clause that it ends with, in whatever form. None
    if it ends with none, or denies it."""
    words = line.rstrip(".").removesuffix(_CAMERA).split(" ")
    for start in range(len(words)):
        found = [clause_of(" ".join(words[start:]), form) for form in FORMS]
        clause = next(filter(None, found), None)
        if clause is not None:
            return None if words[start - 1 : start] == ["not"] else clause
    return None


def template_of(text: str) -> str:
    """A question without what it is about: "What does ~ do right after ~ ~?"."""
    return " ".join(_named().sub("~", text).split())


@cache
def _named() -> re.Pattern[str]:
    names = _any_of((*all_expressions(), *NOUNS, *GENERALIZED_NOUNS))
    named = rf"\b(?:the|that|an?) {names}\b(?: in <region>)?"
    verbs, tails = words()
    deeds = rf"\b{_any_of(verbs)}(?: {_any_of(tails)}| the {names})?(?!\w)"
    return re.compile(f"{named}|{deeds}", re.I)


def _any_of(texts) -> str:
    return f"(?:{'|'.join(sorted(map(re.escape, texts), key=len, reverse=True))})"
