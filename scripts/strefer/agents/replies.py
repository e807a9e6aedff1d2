"""Parsers of model replies: into what the stage asked for, or a `ValueError` that says why not.

They read what people and models write when they mean an answer: mark-up, preambles, more sentences
than asked for, lists that were cut off. What passes can be put into the next prompt.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from strefer.agents.reply_text import (
    answer_of,
    cleaned,
    has_words,
    is_refusal,
    refuse_other_language,
    without_markup,
)
from strefer.agents.sentences import (
    ended,
    is_of_the_picture,
    says_absent,
    says_nothing,
    says_present,
    split_sentences,
    without_preamble,
)
from strefer.entities.nouns import generalized, head_noun, singular
from strefer.records import Entity

MAX_BEHAVIOUR_CHARS = 800
MAX_EXPRESSION_CHARS = 200
MAX_NOUN_CHARS = 60
MAX_LISTED = 200
ENGLISH = "the"  # a text in the language of the prompts that come along

_SURE = (
    r"(?:(?:definitely|absolutely|clearly|probably|indeed|oh|it's a|that's a|i (?:think|believe)|"
    r"i would say)[, ]+)?"
)
_YES_NO = re.compile(rf"{_SURE}(yes|yeah|yep|yup|no|nope|nah)(?![^\W_])", re.IGNORECASE)
# "no" that begins something else than an answer; "No. 7" is a number.
_NO_ANSWER = re.compile(
    r"\W*(?:doubt|question|one\b|idea|matter|clue|information|way\b|clear\b|more\b)|\.\s*\d",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"\s*(?:/|,?\s*(?:and|or|but also)\b)\s*(?:yes|no)\b|"
    r"(?:[.,;:!?-]\s*)(?:(?:or|and|but|wait|actually|sorry|rather|hmm)[,\s]*)*"
    r"(?:yes|no)(?=\s*(?:[.,;:!?]|$))(?!\.\s*\d)",
    re.IGNORECASE,
)
_AT_END = re.compile(r"(?:\banswer(?: is)?\W{1,4}|[,:;]\s*)(yes|no)\W*$", re.IGNORECASE)
_SHORT_FORM = re.compile(
    r"(?:it|he|she|they|there|this) (?:is|are|does|do|was|were)(n't| not)?\W*", re.IGNORECASE
)
_AFFIRMED = re.compile(r"\Ayes[,.:!]+\s+(?=\w)", re.IGNORECASE)
_AGREES = re.compile(
    r"(?:(?:that(?:'s| is) )?(?:correct|right|true)|indeed|affirmative|absolutely|definitely|"
    r"certainly|of course|sure|y|(?:\w+ly )?(?:visible|present))\W*|"
    r"((?:(?:that(?:'s| is) )?(?:incorrect|wrong|false)|negative|never|n|not (?:at all|really)|"
    r"(?:definitely|certainly|absolutely|of course) not)\W*)",
    re.IGNORECASE,
)

_WITH = re.compile(r"\bw/(?=\s)")
_ARTICLE = re.compile(r"\A(?:an?|the)\s+", re.IGNORECASE)
_ARTICLES = re.compile(r"\b(?:an?|the)\s+", re.IGNORECASE)
_OBJECT = re.compile(r"\{[^{}]*\}")
_NO_ENTITY = re.compile(r"\[\s*\]")
_TRAILING_COMMA = re.compile(r",\s*(?=\})")
# Words of an expression that may come from the parser and not from the text.
_SMALL = frozenset("a an the in on with of and at by near his her its their is who that".split())


def shorten(reply: str, limit: int = 160) -> str:
    """A reply as a failure's reason shows it: on one line, quoted, and cut."""
    line = " ".join(reply[: 4 * limit].split())
    return repr(line if len(line) <= limit else line[:limit] + "…")


def parse_yes_no(reply: str) -> bool:
    """Read a reply that says yes or no, in any dress: "**Yes**", "Answer: no", "Yes - the dog",
    "It is not visible in this clip."

    Raises:
        ValueError: if it says neither, or both.
    """
    text = without_preamble(cleaned(reply)).strip("\"'* ")
    match = _YES_NO.match(text)
    if match is None:
        return _implied(text)
    answer, rest = match[1][0].lower(), text[match.end() :]
    if answer == "n" and _NO_ANSWER.match(rest):
        raise ValueError('neither "yes" nor "no"')
    for other in _BOTH.finditer(rest[:1000]):
        if not re.search("yes" if answer == "y" else r"\bno\b", other[0], re.IGNORECASE):
            raise ValueError('both "yes" and "no"')
    return answer == "y"


def _implied(text: str) -> bool:
    """Yes or no where no answer begins with the word."""
    if match := _AT_END.search(text[-60:]):
        return match[1].lower() == "yes"
    if (match := _SHORT_FORM.fullmatch(text[:40])) or (match := _AGREES.fullmatch(text[:40])):
        return match[1] is None
    sentences, rest = split_sentences(text[:1000])
    first = sentences[0] if sentences else rest
    if says_absent(first):
        return False
    if says_present(first) and len(sentences) <= 1:
        return True
    raise ValueError('neither "yes" nor "no"')


def parse_sentences(reply: str, limit: int = 2, like: str = ENGLISH) -> str:
    """Parse what an entity does: the first `limit` whole sentences that say it, cleaned.

    Args:
        like: a text in the language that the reply must have.

    Raises:
        ValueError: if there is none: the reply is empty, cut off, too long or a refusal, says that
            the entity is absent, is only about the camera, or is in another language.
    """
    text = _worded(_AFFIRMED.sub("", without_preamble(cleaned(reply)), count=1))
    refuse_other_language(text, like)
    sentences, rest = split_sentences(text)
    first = sentences[0] if sentences else rest
    if says_nothing(first) or says_absent(first):
        raise ValueError("says that it is not there, not what it does")
    sentences = sentences or [ended(rest)]
    if sentences == [None]:
        raise ValueError("the only sentence is cut off")
    told = [
        one
        for one in sentences
        # A question is mostly the prompt's own, repeated.
        if not (one.endswith("?") or is_of_the_picture(one) or is_refusal(one))
    ]
    if not told:
        raise ValueError("speaks of the camera or the clip alone, or asks")
    kept = told[:limit]
    while len(kept) > 1 and len(" ".join(kept)) > MAX_BEHAVIOUR_CHARS:
        kept.pop()
    if len(kept[0]) > MAX_BEHAVIOUR_CHARS:
        raise ValueError(f"longer than {MAX_BEHAVIOUR_CHARS} characters")
    return " ".join(one[0].upper() + one[1:] for one in kept)


def parse_entity_text(reply: str, like: str = ENGLISH) -> str:
    """Read the entity recognizer's text: free text that names entities.

    Args:
        like: a text in the language that the reply must have.

    Raises:
        ValueError: if it has no words, is too long, a refusal, or in another language.
    """
    text = _worded(cleaned(reply))
    refuse_other_language(text, like)
    return text


def _worded(text: str) -> str:
    """The cleaned text, if it has words and does not decline to answer."""
    if not has_words(text):
        raise ValueError("no words")
    if is_refusal(text):
        raise ValueError("a refusal")
    return text


def parse_entities(reply: str) -> tuple[Entity, ...]:
    """Parse a JSON list of entities, alone or in an object, with any text around it.

    Every complete entry counts, so a cut-off list or one bad entry does not affect the others.
    Articles before an expression are dropped, nouns become lower case, generalized nouns become
    singular (`person` for humans), and duplicate expressions (ignoring case and articles) are
    dropped. A missing noun is taken from the expression.

    Raises:
        ValueError: if there is no list, or it has entries but none is usable.
    """
    reply = answer_of(reply)
    found = _OBJECT.findall(reply)
    if "expression" not in reply and _NO_ENTITY.search(reply):
        return ()
    if not found:
        raise ValueError("no JSON list")
    if len(found) > MAX_LISTED:
        raise ValueError(f"a list of {len(found)} entries")
    entities: dict[str, Entity] = {}
    faults: list[str] = []
    for number, written in enumerate(found, 1):
        try:
            entity = _entity(_value(written))
        except ValueError as error:
            faults.append(f"entry {number}: {error}")
            continue
        entities.setdefault(same_expression(entity.expression), entity)
    if faults and not entities:
        raise ValueError(faults[0])
    return tuple(entities.values())


def same_expression(expression: str) -> str:
    """A key that is equal for expressions that differ only in case and articles."""
    return _ARTICLES.sub("", expression.lower())


def is_named(entity: Entity, text: str) -> bool:
    """True if an entity's source text contains a word of its expression, in singular or plural;
    otherwise the parser invented it."""
    words = set(re.findall(r"\w+", entity.expression.lower())) - _SMALL
    said = text.lower()
    return not words or any(word in said or singular(word) in said for word in words)


def _value(written: str) -> Any:
    """A JSON object without objects inside, or one in Python's notation, as models write both."""
    written = _TRAILING_COMMA.sub("", written)
    try:
        return json.loads(written)
    except ValueError:
        try:
            return ast.literal_eval(written)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise ValueError("not an object") from None


def _entity(entry: Any) -> Entity:
    if not isinstance(entry, dict):
        raise ValueError("not an object")
    expression = _ARTICLE.sub("", _field(entry, "expression", MAX_EXPRESSION_CHARS) or "")
    expression = _WITH.sub("with", expression)
    if not expression:
        raise ValueError('no text "expression"')
    general = _field(entry, "generalized_noun", MAX_NOUN_CHARS)
    noun = _field(entry, "noun", MAX_NOUN_CHARS) or head_noun(expression)
    general = generalized((general or noun).lower())
    return Entity(expression, _ARTICLE.sub("", noun).lower(), general)


def _field(entry: dict[str, Any], name: str, limit: int) -> str | None:
    """A text of an entry, cleaned; None if it is missing or has no letter."""
    value = entry.get(name)
    if not isinstance(value, str):
        return None
    text = without_markup(value).strip(" .,;:'\"*-")
    if len(text) > limit:
        raise ValueError(f'"{name}" is longer than {limit} characters')
    return text if re.search(r"[^\W\d_]", text) else None
