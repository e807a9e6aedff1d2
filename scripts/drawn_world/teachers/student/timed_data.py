"""The starting student's questions about times: who is visible then, where, and where the film
takes place. No question here asks what an entity does at a time: that is left to the recipes.

It represents a pretrained model that has seen times in other films; without it, a recipe of a few
thousand samples does not teach what a time token means.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from drawn_world.questions.forms import Sample, choice, sample
from drawn_world.questions.in_words import SIDES, side_of
from drawn_world.truth import EntityTruth, Truth
from drawn_world.vocabulary import PLACES
from strefer.instructions.english import listed, sentence
from strefer.recipes.published_format import YES_NO_HINT
from strefer.times import clock

_THERE = (
    "Is the {expression} there between <start_time> and <end_time>?",
    "Is the {expression} in sight from <start_time> to <end_time>?",
    "Between <start_time> and <end_time>, can the {expression} be seen?",
)
_WHO = (
    "Who is there between <start_time> and <end_time>?",
    "Who or what can be seen from <start_time> to <end_time>?",
)
_WHERE = (
    "Where is the {expression} between <start_time> and <end_time>?",
    "From <start_time> to <end_time>, where is the {expression}?",
)
_WHEN = ("When is the {expression} there?", "From when to when can the {expression} be seen?")
_PLACE = "Where does the video play between <start_time> and <end_time>?"
_ABSENT = "not there"
_WINDOWS = 24  # that are drawn, to ask about a few of them
_SHORTEST, _LONGEST = 1 / 16, 1 / 2  # of the film
_MOSTLY = 0.8  # of a window, in which somebody is in sight who "is there"
_ASKED_WINDOWS = 3

Window = tuple[float, float]


def timed_samples(truth: Truth, drawn: random.Random) -> Iterator[Sample]:
    """Samples on one film that say times, without its path."""
    windows = [_window(truth, drawn) for _ in range(_WINDOWS)]
    seen = [entity for entity in truth.entities if entity.masks]
    for entity in seen:
        yield from _of_entity(truth, entity, windows, drawn)
    for window in windows[:_ASKED_WINDOWS]:
        shares = [truth.present(entity.entity_id, *window) for entity in seen]
        there = [e for e, share in zip(seen, shares, strict=True) if share >= _MOSTLY]
        if there and all(share >= _MOSTLY or share == 0 for share in shares):
            names = [f"the {entity.expression}" for entity in there]
            yield _at(window, sample(drawn.choice(_WHO), sentence(listed(names))))
        places = {s.place for s in truth.scenes if s.start_s < window[1] and window[0] < s.end_s}
        if len(places) == 1 and len(truth.scenes) > 1:
            right = places.pop()
            wrong = drawn.sample([place for place in PLACES if place != right], 3)
            yield _at(window, choice(_PLACE, right, wrong, drawn))


def _of_entity(
    truth: Truth, entity: EntityTruth, windows: list[Window], drawn: random.Random
) -> Iterator[Sample]:
    name, own = entity.expression, entity.entity_id
    there = [w for w in windows if truth.present(own, *w) >= _MOSTLY]
    absent = [w for w in windows if truth.present(own, *w) == 0]
    if there and absent:
        question = f"{drawn.choice(_THERE).format(expression=name)} {YES_NO_HINT}"
        asked = [(there, "Yes."), (absent, "No.")]
        for which, answer in drawn.sample(asked, 2):
            yield _at(drawn.choice(which), sample(question, answer))
    for which in (there, absent):
        window = drawn.choice(which) if which else None
        side = _side(truth, entity, window) if window and which is there else _ABSENT
        if window is None or side is None:
            continue
        question = drawn.choice(_WHERE).format(expression=name)
        if drawn.random() < 0.5:
            wrong = [other for other in (*SIDES, _ABSENT) if other != side]
            yield _at(window, choice(question, side, wrong, drawn))
        elif side == _ABSENT:
            yield _at(window, sample(question, f"{_absence(entity, window)}."))
        else:
            yield _at(window, sample(question, f"The {name} is {side}."))
    spans = entity.presence
    if len(spans) == 1 and spans[0][1] - spans[0][0] < 0.9 * truth.duration_s:
        question = drawn.choice(_WHEN).format(expression=name)
        yield _at(spans[0], sample(question, "Between <start_time> and <end_time>."))


def _absence(entity: EntityTruth, window: Window) -> str:
    before = any(start_s < window[0] for start_s, _ in entity.presence)
    after = any(end_s > window[1] for _, end_s in entity.presence)
    sides = [side for side, so in (("before", before), ("after", after)) if so]
    when = "between <start_time> and <end_time>"
    return f"The {entity.expression} is not there {when}, only {' and '.join(sides)} that"


def _side(truth: Truth, entity: EntityTruth, window: Window) -> str | None:
    """Where the entity is all the time that it is in sight; None if that changes."""
    frames = range(truth.frame_at(window[0]), truth.frame_at(window[1]) + 1)
    boxes = [entity.boxes[frame] for frame in frames if frame in entity.boxes]
    found = {side_of(truth, box) for box in boxes}
    return found.pop() if len(found) == 1 else None


def _window(truth: Truth, drawn: random.Random) -> Window:
    length_s = drawn.uniform(_SHORTEST, _LONGEST) * truth.duration_s
    start_s = drawn.uniform(0, truth.duration_s - length_s)
    return start_s, start_s + length_s


def _at(window: Window, asked: Sample) -> Sample:
    return asked | {"start_time": clock(window[0]), "end_time": clock(window[1])}
