"""The fixed phrases of the demo that are one token each to the text-LLM teacher."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from drawn_world.language.clauses import words
from drawn_world.vocabulary import (
    COLOURS,
    GENERALIZED_NOUNS,
    HAIR,
    NOUNS,
    PERSON_NOUNS,
    all_expressions,
)


def _one_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(words)})"


_COLOUR, _HAIR = _one_of(COLOURS), _one_of(HAIR)
_THINGS = [noun for noun in NOUNS if noun not in PERSON_NOUNS]
_THING = _one_of(_THINGS)
_LOOKS = rf"(?: with {_HAIR} hair)", rf"(?: in a {_COLOUR} (?:shirt|dress))"
# All that lies between two expressions of the parser's list: one token between one and the
# next keeps both in sight of the heads that look a few tokens back.
_NOUNS_OF_ENTITY = _one_of(
    rf'", "noun": " {noun}", "generalized_noun": " {kind}"' for noun, kind in NOUNS.items()
)
# Verbs in their forms and what follows them, those of several words too.
_DEED_WORDS = sorted(chain(*words()), key=lambda word: (-len(word), word))
_FORMS = r'", "doing": "|", "do": "'
_LINE = r'\{"number": " one", "lines": \[\{"line": 1, "shown": " yes", "does": '
_NOTHING = r'null, "doing": null, "do": null\}\]\}'
_PAIRS = r"\[(?:\[1, 2\])?\]"
_WINDOW = " between <start_time> and <end_time>"

# Tried in this order. A word must end where its phrase does.
PHRASES = (
    rf'{_LINE}(?:"|{_NOTHING})|{_FORMS}|"\}}\]\}}',
    rf'\{{"same": {_PAIRS}, "contrary": {_PAIRS}\}}',
    rf'{_NOUNS_OF_ENTITY}(?:\}}, \{{"expression": "|\}}\])',
    r'(?:[\[,]? ?\{|"\}, \{|", )"\w+": "',  # up to a JSON value
    r'"\}\]?',
    r"\d\. (?:Subject|Appearance|Temporal|Hallucination) \p{L}+:",
    r"[A-D]\.(?= )|\([A-D]\)",
    rf" {_one_of(PERSON_NOUNS)}{_LOOKS[0]}{_LOOKS[1]}(?!\p{{L}})",
    rf"{_LOOKS[0]}(?!\p{{L}})",
    rf"{_LOOKS[1]}(?!\p{{L}})",
    rf" {_COLOUR} {_THING}(?!\p{{L}})",
    rf" {_one_of(GENERALIZED_NOUNS)} in <region\d>",
    rf" {_one_of(_DEED_WORDS)}(?!\p{{L}})",
    r" is not there(?!\p{L})| is there(?!\p{L})",
    _WINDOW,
    r" right (?:before <start_time>|after <end_time>)",
    r" (?:part|fact) \d(?!\d)",
    r" [Tt]he active entit(?:y is|ies are) an?(?= )",
    r"(?:,| and) an?(?= )",
    r" ?<\w+>",
)

# What is known however rare it is: colours that no such thing has are seen in weak descriptions.
WORLD_TEXTS = (
    "user",
    "assistant",
    *(f" {expression}" for expression in all_expressions()),
    *(f" {word}" for word in _DEED_WORDS),
    *(f" {colour} {thing}" for colour in COLOURS for thing in _THINGS),
    *(
        f'", "noun": "{noun}", "generalized_noun": "{kind}"{end}'
        for noun, kind in NOUNS.items()
        for end in ('}, {"expression": "', "}]")
    ),
)
