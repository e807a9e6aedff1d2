"""Random film metadata in the demo's words, without a film: for the text teacher's training, for
tests and for benchmarks."""

from __future__ import annotations

import hashlib
from random import Random

from drawn_world.vocabulary import (
    ACTIONS_OF,
    GENERALIZED_NOUNS,
    NOUNS,
    action_phrase,
    all_expressions,
)
from strefer.instructions.english import bare
from strefer.instructions.metadata.film import Film
from strefer.instructions.metadata.masks import Masks
from strefer.records import Entity, Statement

_NOUN_OF = {text: next(n for n in NOUNS if n in text.split()) for text in all_expressions()}
_HEIGHT_PX = 128


def synthetic_film(
    random: Random, n_entities: int | None = None, duration_s: float | None = None
) -> Film:
    """Metadata of a film that could be: entities, segments of 3-7 s, who is where and does what.

    Every entity has a masklet where it is present, a small box somewhere.
    """
    n_entities = n_entities or random.randint(1, 4)
    duration_s = duration_s or random.randint(10, 30)
    entities = _entities(random, n_entities)
    limits, start_s = [], 0.0
    while start_s < duration_s:
        end_s = start_s + random.randint(12, 28) / 4
        end_s = duration_s if duration_s - end_s < 3 else end_s
        limits.append((start_s, float(end_s)))
        start_s = end_s
    deeds = []
    for _ in limits:
        present = [e for e in range(n_entities) if random.random() < 0.7]
        deeds.append(
            tuple(
                _deed(random, entities, e, present) if e in present else None
                for e in range(n_entities)
            )
        )
    times = tuple(duration_s * i / 32 for i in range(32))
    masks = Masks(times, _HEIGHT_PX, _masks(random, limits, deeds, times))
    return Film(
        digest=hashlib.sha256(random.randbytes(16)).hexdigest(),
        duration_s=float(duration_s),
        entities=tuple(entities),
        limits_s=tuple(limits),
        present=tuple(tuple(deed is not None for deed in row) for row in deeds),
        deeds=tuple(deeds),
        masks=masks,
        forms={deed: Statement(deed, do=bare(deed)) for row in deeds for deed in row if deed},
    )


def _entities(random: Random, n: int) -> list[Entity]:
    expressions = all_expressions()
    chosen = [random.choice(expressions)]
    while len(chosen) < n:
        kind = NOUNS[_NOUN_OF[random.choice(chosen)]]
        same = [e for e in expressions if NOUNS[_NOUN_OF[e]] == kind]
        expression = random.choice(same if random.random() < 0.4 else expressions)
        if expression not in chosen:
            chosen.append(expression)
    chosen.sort(key=lambda e: (GENERALIZED_NOUNS.index(NOUNS[_NOUN_OF[e]]), e))
    return [Entity(e, _NOUN_OF[e], NOUNS[_NOUN_OF[e]]) for e in chosen]


def _deed(random: Random, entities: list[Entity], entity: int, present: list[int]) -> str:
    action = random.choice(ACTIONS_OF[entities[entity].generalized_noun])
    others = [e for e in present if e != entity]
    if action == "chase" and not others:
        action = "stay"
    target = entities[random.choice(others)].expression if action == "chase" else None
    return action_phrase(entities[entity].noun, action, target)


def _masks(random: Random, limits: list, deeds: list, times: tuple[float, ...]) -> dict:
    masks: dict[int, dict[int, dict]] = {}
    for (start_s, end_s), row in zip(limits, deeds, strict=True):
        for entity, deed in enumerate(row):
            if deed is None:
                continue
            rle = _box_code(random.randrange(100), random.randrange(100))
            for frame, time_s in enumerate(times):
                if start_s <= time_s < end_s:
                    masks.setdefault(entity, {})[frame] = rle
    return masks


def _box_code(x_px: int, y_px: int, size_px: int = 20) -> dict:
    """The run-length code of a box, in its plain form turned into COCO's compressed one."""
    from pycocotools import mask

    runs = [x_px * _HEIGHT_PX + y_px]
    for _ in range(size_px):
        runs += [size_px, _HEIGHT_PX - size_px]
    runs[-1] = _HEIGHT_PX * _HEIGHT_PX - sum(runs[:-1])
    rle = mask.frPyObjects({"size": [_HEIGHT_PX, _HEIGHT_PX], "counts": runs}, *(_HEIGHT_PX,) * 2)
    return {"size": rle["size"], "counts": rle["counts"].decode()}
