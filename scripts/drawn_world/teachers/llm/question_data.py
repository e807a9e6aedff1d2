"""Training data of the question writer, from drawn metadata."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from random import Random

from drawn_world.language.clauses import clauses_of, relation
from drawn_world.teachers.llm.parser_data import any_expression
from drawn_world.teachers.llm.samples import CONFIG_DIR, Sample, demo_prompt
from drawn_world.teachers.llm.statement_data import draw_action, statement_of
from drawn_world.teachers.llm.words import generalized, head_noun, invented_word
from drawn_world.vocabulary import NOUNS, all_expressions
from strefer.instructions.metadata.film import Film
from strefer.instructions.metadata.masks import Masks
from strefer.instructions.metadata.meaning import ByReader
from strefer.instructions.proposals.pick_tasks import pick_tasks
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.verification.claims import Window
from strefer.instructions.wording.phrasings import Phrasings, load_phrasings
from strefer.instructions.wording.question_prompt import question_prompt, reply_text
from strefer.instructions.wording.scenes import scene_of
from strefer.instructions.wording.word_tasks import write_reply
from strefer.records import Entity, Statement

TASKS_PER_FILM = 8
_EXPRESSIONS = tuple(all_expressions())


class DrawnMasks(Masks):
    """Masks without pixels: every entity is seen where the transcript has it, apart from the
    others, and stands to the left of those behind it in the list."""

    def coincidence(self, entity: int, other: int) -> float:
        return 0.0

    def left_of(self, entity: int, other: int, window: Window) -> bool | None:
        return None if entity == other else entity < other


def draw_film(random: Random, *, with_masks: bool) -> Film:
    """Metadata of a film that was never drawn: mostly the demo's words, some unheard of."""
    n_entities, n_segments = random.choices((1, 2, 3, 4), (1, 3, 4, 3))[0], random.randint(1, 6)
    expressions: list[str] = []
    while len(expressions) < n_entities:
        new = any_expression(random) if random.random() < 0.02 else random.choice(_EXPRESSIONS)
        # No name may be part of another: a fact would speak of both.
        if not any(new in old or old in new for old in expressions):
            expressions.append(new)
    entities = tuple(Entity(e, head_noun(e), generalized(head_noun(e))) for e in expressions)
    limits, start_s = [], 0.0
    for _ in range(n_segments):
        end_s = start_s + round(random.uniform(2.0, 7.0), 1)
        limits.append((start_s, end_s))
        start_s = end_s
    said = tuple(
        tuple(_draw_statement(entity, entities, random) for entity in entities) for _ in limits
    )
    deeds = tuple(tuple(one and one.does for one in row) for row in said)
    present = tuple(tuple(deed is not None for deed in row) for row in deeds)
    masks = None
    if with_masks:
        times_s = tuple(float(index) for index in range(int(start_s)))
        seen = {
            entity: {
                frame: {}
                for frame, time_s in enumerate(times_s)
                for limit, row in zip(limits, present, strict=True)
                if row[entity] and limit[0] <= time_s < limit[1]
            }
            for entity in range(n_entities)
        }
        masks = DrawnMasks(times_s, 128, seen)
    forms = {one.does: one for row in said for one in row if one}
    related = ((one, other, relation(one, other)) for one, other in combinations(forms, 2))
    meaning = ByReader((one, other, same) for one, other, same in related if same is not None)
    return Film(
        "drawn", start_s, entities, tuple(limits), present, deeds, masks, meaning=meaning,
        forms=forms,
    )  # fmt: skip


def _draw_statement(
    entity: Entity, entities: tuple[Entity, ...], random: Random
) -> Statement | None:
    if random.random() < 0.2:
        return None
    if random.random() < 0.01:
        stem, rest = invented_word(random), f" the {random.choice(_EXPRESSIONS)}"
        return Statement(f"{stem}s{rest}", f"{stem}ing{rest}", stem + rest)
    kind = NOUNS.get(entity.noun, "person")
    others = [e.expression for e in entities if e != entity]
    action, target = draw_action(random, kind, others or _EXPRESSIONS)
    return statement_of(random.choice(clauses_of(kind, action, target)))


def tasks_of_drawn_film(random: Random) -> list[Task]:
    """Tasks of one drawn film, in the fashion of one of the four question groups."""
    masks, timed = random.random() < 0.5, random.random() < 0.5
    film = draw_film(random, with_masks=masks)
    return pick_tasks(film, masks, timed, TASKS_PER_FILM, random)


def question_samples(random: Random) -> Iterator[Sample]:
    """The question writer's exercises, without end."""
    prompt = demo_prompt("question_writer")
    while True:
        for task in tasks_of_drawn_film(random):
            reply = write_reply(task, phrasings(), random)
            yield Sample("question", question_prompt(prompt, scene_of([task])), reply_text(reply))


@cache
def phrasings() -> Phrasings:
    """The question writer's phrasings of the default configuration."""
    return load_phrasings(CONFIG_DIR / "phrasings" / "questions.txt")
