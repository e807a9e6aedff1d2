"""Training data of the referring parser."""

from __future__ import annotations

from random import Random

from drawn_world.teachers.llm.samples import Sample, demo_prompt, enumerate_words, json_reply
from drawn_world.teachers.llm.words import (
    ADJECTIVES,
    COLOUR_WORDS,
    GARMENTS,
    GENERALIZED,
    PLACES,
    generalized,
    head_noun,
    invented_word,
)
from drawn_world.teachers.video_llm.texts import in_list_order
from drawn_world.vocabulary import all_expressions, with_article

_WORLD = tuple(all_expressions())
_NOUNS = tuple(sorted(GENERALIZED))
_SENTENCES = (
    "The clip shows {}.",
    "There is {} in the video.",
    "In this video we see {}.",
    "{} move through the scene.",
    "I can see {}.",
    "{}",
    "the active entities are {}",
    "The active entities include {}.",
    "Active entities: {}.",
)


def parser_reply(expressions: list[str]) -> str:
    """The reply for these expressions, in their order; one that is named twice stands once."""
    return json_reply(
        [
            {"expression": e, "noun": head_noun(e), "generalized_noun": generalized(head_noun(e))}
            for e in dict.fromkeys(expressions)
        ]
    )


def parser_sample(random: Random, *, world_share: float = 0.5, longest: int = 5) -> Sample:
    """A text that names entities, and their list.

    Half of the texts are the recognizer's own sentence over the demo's expressions; the others use
    common and invented words, other sentences, and faults (lost articles, words lost or swapped).
    """
    n_entities = random.choices(range(1, longest + 1), (4, 5, 4, 2, 1)[:longest])[0]
    if random.random() < world_share:
        expressions = [random.choice(_WORLD) for _ in range(n_entities)]
        if random.random() < 0.2:  # a weak recognizer names one twice
            place = random.randrange(n_entities)
            expressions.insert(place, expressions[place])
        if random.random() < 0.5:
            expressions = in_list_order([(generalized(head_noun(e)), e) for e in expressions])
        text = recognizer_sentence(expressions)
        if random.random() < 0.1:
            expressions = [_garbled(e, random) for e in expressions]
            text = recognizer_sentence(expressions)
    else:
        expressions = [any_expression(random) for _ in range(n_entities)]
        text = _any_sentence(expressions, random)
    return Sample(
        "parser", demo_prompt("referring_parser").render(text=text), parser_reply(expressions)
    )


def recognizer_sentence(expressions: list[str]) -> str:
    """The entity recognizer's sentence: "The active entities are a man and a brown dog."."""
    subject = "The active entity is " if len(expressions) == 1 else "The active entities are "
    return subject + enumerate_words([with_article(e) for e in expressions]) + "."


def any_expression(random: Random) -> str:
    """A referring expression of common and invented words, or one of the demo's."""
    if random.random() < 0.2:
        return random.choice(_WORLD)
    noun = invented_word(random) if random.random() < 0.2 else random.choice(_NOUNS)
    words = [
        invented_word(random)
        if random.random() < 0.15
        else random.choice(COLOUR_WORDS if random.random() < 0.5 else ADJECTIVES)
        for _ in range(random.choice((0, 0, 1, 1, 1, 2)))
    ]
    tails = [_tail(random) for _ in range(random.choice((0, 0, 0, 1, 1, 2)))]
    return " ".join([*words, noun, *tails])


def _tail(random: Random) -> str:
    colour, garment = random.choice(COLOUR_WORDS), random.choice(GARMENTS)
    place, adjective = random.choice(PLACES), random.choice(ADJECTIVES)
    thing = invented_word(random) if random.random() < 0.2 else random.choice(_NOUNS)
    return random.choice(
        (
            f"in a {colour} {garment}",
            f"wearing a {colour} {garment}",
            f"with {colour} hair",
            f"with a {adjective} {garment}",
            f"on the {place}",
            f"near the {place}",
            f"behind the {thing}",
            f"holding a {thing}",
            f"riding a {colour} {thing}",
        )
    )


def _garbled(expression: str, random: Random) -> str:
    """An expression as a weak recognizer may write it: a word lost, doubled or exchanged."""
    words = expression.split()
    at = random.randrange(len(words))
    fault = random.choice(("lost", "doubled", "exchanged"))
    if fault == "exchanged":
        words[at] = random.choice(random.choice(_WORLD).split())
    elif fault == "doubled":
        words.insert(at, words[at])
    elif len(words) > 1:
        del words[at]
    return " ".join(words)


def _any_sentence(expressions: list[str], random: Random) -> str:
    article = random.choices(("a", "the", ""), (6, 3, 1))[0]
    named = [with_article(e) if article == "a" else f"{article} {e}".strip() for e in expressions]
    return random.choice(_SENTENCES).format(enumerate_words(named))
