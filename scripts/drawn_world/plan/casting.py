"""The cast of a film: entities with unique expressions, alike or unlike in kind."""

import random

from drawn_world.drawing.sprites import SIZES_PX
from drawn_world.records import EntityPlan
from drawn_world.vocabulary import HAIR, NOUNS, PERSON_NOUNS, colours_of, expression

# Persons and dogs do most; they play most.
_KIND_WEIGHTS = {
    "person": 3.0,
    "dog": 1.6,
    "horse": 1.0,
    "bird": 1.0,
    "car": 1.0,
    "bus": 0.8,
    "ball": 1.0,
}
# Wide or tall enough to hide another one while passing.
HIDING_NOUNS = ("man", "woman", "horse", "car", "bus")


def _draw_kind(rng: random.Random, excluded: set[str]) -> str:
    kinds = [kind for kind in _KIND_WEIGHTS if kind not in excluded]
    return rng.choices(kinds, [_KIND_WEIGHTS[kind] for kind in kinds])[0]


def _draw_entity(rng: random.Random, entity_id: int, kind: str) -> EntityPlan:
    noun = rng.choice([noun for noun, of in NOUNS.items() if of == kind])
    colour = rng.choice(colours_of(noun))
    hair = rng.choice(tuple(HAIR)) if noun in PERSON_NOUNS else None
    size_px = rng.choice(SIZES_PX[noun])
    text = expression(noun, colour, hair)
    return EntityPlan(entity_id, noun, kind, colour, hair, text, size_px)


def cast_entities(
    rng: random.Random, n_entities: int, same_category: bool, hiding: bool
) -> tuple[EntityPlan, ...]:
    """Draw entities; two or more of one kind exactly if `same_category`, one that can hide
    another if `hiding`."""
    while True:
        kinds: list[str] = []
        for _ in range(n_entities):
            kinds.append(_draw_kind(rng, set() if same_category else set(kinds)))
        if same_category and len(set(kinds)) == n_entities:
            source, copy = rng.sample(range(n_entities), 2)
            kinds[copy] = kinds[source]
        entities = tuple(_draw_entity(rng, i, kind) for i, kind in enumerate(kinds))
        unique = len({entity.expression for entity in entities}) == n_entities
        if unique and (not hiding or any(entity.noun in HIDING_NOUNS for entity in entities)):
            return entities
