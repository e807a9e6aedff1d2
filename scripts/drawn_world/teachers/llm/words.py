"""Words beyond the demo's own, so that the text teacher learns to copy and not to recite."""

from __future__ import annotations

from random import Random

from drawn_world.vocabulary import NOUNS

_KINDS = {
    "person": "man woman child boy girl player chef dancer teacher singer runner worker driver "
    "farmer nurse soldier baby lady guy toddler skater cyclist swimmer painter waiter doctor "
    "student grandmother father mother brother clown pirate king queen actor judge climber",
    "dog": "dog puppy poodle",
    "cat": "cat kitten",
    "bird": "bird parrot eagle duck owl pigeon swan gull",
    "horse": "horse pony foal",
    "cow": "cow calf",
    "sheep": "sheep lamb",
    "elephant": "elephant",
    "monkey": "monkey",
    "fish": "fish shark",
    "car": "car taxi sedan",
    "bus": "bus coach",
    "truck": "truck van lorry",
    "train": "train tram",
    "boat": "boat ship canoe ferry",
    "bicycle": "bicycle bike",
    "airplane": "airplane plane jet",
    "ball": "ball football",
    "chair": "chair stool",
    "table": "table desk",
    "bag": "bag backpack suitcase",
    "book": "book",
    "cup": "cup mug",
    "robot": "robot",
    "kite": "kite",
    "tree": "tree",
    "lamp": "lamp",
    "box": "box",
}
GENERALIZED = {noun: kind for kind, nouns in _KINDS.items() for noun in nouns.split()} | NOUNS
COLOUR_WORDS = tuple(
    "red green blue yellow purple white brown black orange pink gray golden silver".split()
)
ADJECTIVES = tuple(
    "small large old young tall short tiny big wooden striped spotted shiny happy angry quiet "
    "fast slow little long round dirty clean thin heavy bald bearded blond elderly".split()
)
GARMENTS = tuple("shirt dress jacket coat hat scarf suit skirt sweater cap uniform".split())
PLACES = tuple("left right grass road table wall window door house fence bench hill".split())
HEAD_ENDS = frozenset(
    "with in on at near next holding wearing from of behind riding who that by under".split()
)
_ONSETS = (
    "b bl br c ch d dr f fl g gl gr h j k kl l m n p pl pr qu r s sh sk st t tr v w y z".split()
)
_VOWELS = "a e i o u ai ea oo ou".split()
_CODAS = "b ck d f g l ll m n nd nt p r rk s sh st t th x z".split()


def invented_word(random: Random) -> str:
    """A word of one to three syllables that (almost surely) is in no list: "grelsh", "toupix"."""
    word = "".join(
        random.choice(_ONSETS) + random.choice(_VOWELS)
        for _ in range(random.choice((0, 0, 1, 1, 2)))
    )
    return word + random.choice(_ONSETS) + random.choice(_VOWELS) + random.choice(_CODAS)


def head_noun(expression: str) -> str:
    """The last word before the first preposition: "old man" of "old man with a red hat"."""
    words = expression.split()
    end = next((i for i, word in enumerate(words) if word in HEAD_ENDS), len(words))
    return words[end - 1] if end else words[-1]


def generalized(noun: str) -> str:
    """The broad category of a noun; an unknown noun is its own category."""
    return GENERALIZED.get(noun, noun)
