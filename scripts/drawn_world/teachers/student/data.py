"""The training data of the demo's starting student: who is in a film and what they do, both asked
by name; what masked entities look like; and who is visible at a time.

It represents what the paper's model knows before its recipe: a video LLM that answers questions
about films in any form, and a region encoder that names what is marked. Nothing here asks what an
entity does at a time, or what a masked entity does.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from drawn_world.questions.draw_base import REGION
from drawn_world.questions.forms import Sample, choice, sample
from drawn_world.questions.in_words import expressions_like, questions_in_words
from drawn_world.teachers.student.timed_data import timed_samples
from drawn_world.truth import EntityTruth, Truth
from drawn_world.vocabulary import with_article
from strefer.frames import sample_times
from strefer.recipes.published_format import YES_NO_HINT

_REFERENCES = ("the {noun} in <region>", "the {noun} <region>", "the {noun} marked by <region>")
_LOOKS = ("What does {who} look like?", "Describe the looks of {who}.", "Who or what is {who}?")
_MOST_FRAMES_OF_REGION = 32


def film_samples(truth: Truth, n_frames: int, drawn: random.Random) -> Iterator[Sample]:
    """Samples on one film, without its path; masks by number of the sampled frame. `shows` is the
    expression of the one in a mask."""
    yield from questions_in_words(truth, drawn)
    for entity in truth.entities:
        if entity.masks:
            yield from _region_samples(truth, entity, n_frames, drawn)
    yield from timed_samples(truth, drawn)


def _region_samples(
    truth: Truth, entity: EntityTruth, n_frames: int, drawn: random.Random
) -> Iterator[Sample]:
    times = sample_times(truth.duration_s, n_frames, truth.fps)
    frames = {k: truth.frame_at(t) for k, t in enumerate(times)}
    shown = {str(k): entity.masks[frame] for k, frame in frames.items() if frame in entity.masks}
    if not shown:
        return
    own = entity.expression

    def marked(question: str, answer: str) -> Sample:
        count = min(len(shown), drawn.choice((1, 4, _MOST_FRAMES_OF_REGION)))
        keys = sorted(drawn.sample(sorted(shown), count), key=int)
        region = {key: {"segmentation": shown[key]} for key in keys}
        region_fields = {"annotation": [region], "frame_keys": "sampled", "shows": own}
        return sample(question, answer) | region_fields

    who = drawn.choice(_REFERENCES).format(noun=entity.generalized_noun)
    yield marked(drawn.choice(REGION), with_article(own).capitalize() + ".")
    yield marked(drawn.choice(_LOOKS).format(who=who), with_article(own).capitalize() + ".")
    for answer in drawn.sample(("Yes.", "No."), 2):
        asked = own if answer == "Yes." else drawn.choice(expressions_like(own, drawn))
        named = drawn.choice(("<region>", who))
        yield marked(f"Is {named} {with_article(asked)}? {YES_NO_HINT}", answer)
    wrong = drawn.sample(expressions_like(own, drawn), 3)
    right = choice("What is <region>?", own, wrong, drawn)
    question, answer = (turn["value"] for turn in right["conversations"])
    yield marked(question.removeprefix("<image>\n"), answer)
