"""Reading a transcript line as subject and deed, and putting deeds into questions.

A transcript line is "The brown dog runs to the left."; its deed is "runs to the left". Mask
questions put another subject in front of the deed, so the two must come apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from strefer.records import Entity

# After these the line's subject goes on, so what follows the noun is not the deed yet.
# fmt: off
_SUBJECT_GOES_ON = frozenset((
    "in", "with", "on", "at", "near", "next", "of", "from", "behind", "wearing", "holding", "and",
    "or", "who", "that", "who's", "beside",
))
# fmt: on
# "Two dogs" and "people" take no indefinite article, nor what has a possessive.
_NO_ARTICLE = re.compile(
    r"(?:two|three|four|five|six|several|some|many|both|his|her|their|its|people|children|men|women"
    r")\b",
    re.I,
)  # fmt: skip
# Spelled with a vowel and spoken without one, or the other way round.
_AN = re.compile(r"(?!uni|use|eu|one\b|once\b)[aeiou]|hour|honest|heir", re.I)
_IRREGULAR = {"is": "be", "are": "be", "has": "have", "does": "do", "goes": "go", "dies": "die"}
_IRREGULAR |= {"lies": "lie", "ties": "tie"}


@lru_cache(maxsize=1024)
def _subject(expression: str, noun: str) -> re.Pattern[str]:
    whole = re.escape(expression)
    short = rf"(?:[\w-]+ ){{0,3}}?{re.escape(noun)}"
    aside = r"(?:(?:in|during|throughout|at) [^,.]{1,40}, )?"  # "In this clip, the dog …"
    who = rf"(?:(?:the|a|an) (?:{whole}|{short})|he|she|it|they)"
    return re.compile(rf"{aside}{who}\s+(.+)", re.I | re.S)


def deed_of(line: str, entity: Entity) -> str | None:
    """What the line says that the entity does: its first words behind the subject, lower case,
    without the final stop. None if the line does not begin with the entity.
    """
    match = _subject(entity.expression, entity.noun).match(" ".join(line.split()))
    if match is None:
        return None
    deed = match.group(1).strip().rstrip(".")
    if not deed or deed.split()[0].lower().strip(",") in _SUBJECT_GOES_ON or deed[0] in ",;:":
        return None
    return deed[0].lower() + deed[1:]


def is_garbled(deed: str, entity: Entity, entities: Sequence[Entity]) -> bool:
    """Whether the deed is no clear clause: it names its own doer, or another verb follows on a name
    without a link ("chases the red ball jumps")."""
    if entity.expression in deed:
        return True
    rests = [deed.partition(f"{e.expression} ")[2] for e in entities if e.expression in deed]
    return any(rest and bare(rest) is not None for rest in rests)


def first_sentence(deed: str) -> str:
    """The deed up to its first full stop; a question asks about one thing."""
    return deed.split(". ", 1)[0]


@lru_cache(maxsize=4096)
def bare(deed: str) -> str | None:
    """The deed as it stands after "does the dog": "runs to the left" → "run to the left".

    None where the first word is no plain third-person verb; such a deed is asked about with "is it
    true that".
    """
    head, _, rest = deed.partition(" ")
    rest = f" {rest}" if rest else ""
    if head.endswith("ly"):
        following = bare(rest.strip())
        return None if following is None else f"{head} {following}"
    if head in _IRREGULAR:
        return None if _IRREGULAR[head] == "be" else _IRREGULAR[head] + rest
    if not head.isalpha() or not head.endswith("s") or head.endswith("ss") or len(head) < 3:
        return None
    if head.endswith("ies"):
        return head[:-3] + "y" + rest
    if head.endswith(("shes", "ches", "sses", "xes", "zzes", "oes")):
        return head[:-2] + rest
    return head[:-1] + rest


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def listed(items: list[str] | tuple[str, ...]) -> str:
    """ "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def step_by_step(who: str, again: str, deeds: Sequence[str]) -> str:
    """ "First, the brown dog sits. Then the dog jumps. Finally, …".

    Args:
        who, again: the subject in the first sentence, and in those after it.
    """
    if len(deeds) == 1:
        return sentence(f"{who} {deeds[0]}")
    told = [f"First, {who} {deeds[0]}."]
    for number, deed in enumerate(deeds[1:], 1):
        start = "Finally," if number == len(deeds) - 1 and number > 1 else "Then"
        told.append(f"{start} {again} {deed}.")
    return " ".join(told)


def with_article(expression: str) -> str:
    """The expression with its indefinite article, if it takes one."""
    if _NO_ARTICLE.match(expression):
        return expression
    return f"{'an' if _AN.match(expression) else 'a'} {expression}"
