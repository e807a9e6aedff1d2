"""Generalized nouns: one word for one category, regardless of number and wording."""

from __future__ import annotations

import re

# fmt: off
# Categories of humans that models give although the prompt asks for "person"; the last word of a
# compound ("police officer") counts.
_HUMANS = frozenset("""
    adult athlete audience baby biker bride bystander chef child clerk coach commuter cook
    couple crew crowd cyclist dancer doctor driver farmer family firefighter fireman friend
    gentleman girl groom group guy human infant instructor judge kid lady man mechanic motorcyclist
    musician nurse officer onlooker operator passenger passerby patient pedestrian performer people
    person photographer pilot player policeman policewoman presenter referee reporter rider runner
    sailor singer skateboarder skater skier snowboarder soldier spectator staff student surfer
    swimmer teacher team teenager toddler tourist vendor waiter waitress woman worker boy cameraman
    guest customer shopper hiker climber barista bartender employee lifeguard goalkeeper defender
    striker attacker opponent competitor contestant participant gymnast wrestler jogger sprinter
    golfer rower kayaker paddler diver jockey cowboy camper traveler cheerleader drummer guitarist
    pianist violinist magician clown acrobat juggler actor actress artist painter sculptor gardener
    plumber electrician carpenter builder butcher baker tailor barber hairdresser dentist surgeon
    paramedic scientist lecturer professor trainer owner guard bodyguard cop detective thief king
    queen prince princess mom mother dad father parent son daughter brother sister grandmother
    grandfather grandma grandpa husband wife neighbor colleague classmate pupil youth youngster
    elder priest monk nun lawyer politician president journalist interviewer warrior knight
    fisherman businessman salesman sportsman craftsman doorman horseman repairman stuntman
    businesswoman saleswoman sportswoman
""".split())
# Parts that models name in close-ups: who they belong to is what acts.
_HUMAN_PARTS = frozenset("hand arm finger thumb face fist palm torso".split())
_KINDS = {
    "car": "automobile cab convertible coupe hatchback minivan sedan suv taxi".split(),
    "dog": "puppy".split(),
    "cat": "kitten".split(),
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words}
_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "persons": "person",
    "feet": "foot", "geese": "goose", "mice": "mouse", "oxen": "ox", "wolves": "wolf",
    "knives": "knife", "leaves": "leaf", "shelves": "shelf", "loaves": "loaf", "calves": "calf",
    "policemen": "policeman", "firemen": "fireman", "ladies": "lady", "babies": "baby",
    "passersby": "passerby", "fans": "spectator", "thieves": "thief", "wives": "wife",
    "buses": "bus", "lenses": "lens", "potatoes": "potato",
    "tomatoes": "tomato", "heroes": "hero", "volcanoes": "volcano",
}
_IN_IE = frozenset("brownie calorie cookie hoodie movie pie selfie smoothie tie zombie".split())
_NO_PLURAL = frozenset("""
    bus gas lens canvas octopus walrus hippopotamus rhinoceros cactus scissors glasses trousers
    pants jeans shorts goggles binoculars headphones tennis species series christmas
""".split())
# fmt: on
_BEFORE = re.compile(
    r"(?:(?:an?|the|some|several|many|few|two|three|four|five|six|\d+|multiple|various) |"
    r"(?:group|pair|crowd|bunch|herd|flock|pack|couple|number|row|line|team|family)s? of |"
    r"(?:baby|young|little|small|big|large|old|red|orange|yellow|green|blue|purple|pink|brown|"
    r"black|white|grey|gray) (?=\S))+"
)


def generalized(noun: str) -> str:
    """The category that a model's noun names, in the singular; `person` for all humans, their
    groups and their hands.

    Args:
        noun: lower case, without mark-up.
    """
    words = _BEFORE.sub("", noun).split() or noun.split()
    if not words:
        return noun
    head = singular(words[-1])
    of_human = len(words) == 1 or words[-2] == "human" or words[-2].endswith("'s")
    if head in _HUMANS or (head in _HUMAN_PARTS and of_human):
        return "person"
    return _KIND_OF.get(head) or " ".join([*words[:-1], head])


def is_human_part(noun: str) -> bool:
    """True of "hands" and "face"."""
    return singular(noun) in _HUMAN_PARTS


def singular(word: str) -> str:
    """A word without its plural's ending."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("men") and f"{word[:-2]}an" in _HUMANS:
        return f"{word[:-2]}an"
    if word in _NO_PLURAL or len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us")):
        return word
    if word.endswith("ies") and word[:-1] not in _IN_IE:
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes", "zzes")) else word[:-1]


_MODIFIER = re.compile(
    r"\s+(?:in|on|with|without|at|by|near|of|from|to|who|that|which|under|behind|beside|and|next|"
    r"\w+ing|\w+ed)\b.*",
    re.IGNORECASE | re.DOTALL,
)


def head_noun(expression: str) -> str:
    """The noun of a referring expression: "man" of "tall man in a grey hoodie"."""
    words = _MODIFIER.sub("", expression).split()
    return words[-1].lower() if words else expression.lower()
