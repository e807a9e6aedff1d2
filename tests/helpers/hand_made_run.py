"""A film of two entities with its truth, and the records of a run that got everything right.

The brown dog runs to the left (0-5 s) and sits (5-10 s); the red ball rolls to the right (0-5 s)
and is gone then. There is a hard cut at 5 s. One frame a second.
"""

import dataclasses

import numpy as np

from drawn_world.quality.films import MeasuredFilm
from drawn_world.quality.measure_masklets import score_masklets
from drawn_world.truth import ActionTruth, Boundary, EntityTruth, SceneTruth, Truth
from strefer.instructions.verification.claims import does
from strefer.masks import encode_mask
from strefer.records import (
    Clips,
    Entities,
    Entity,
    Evidence,
    Instruction,
    Masklet,
    Masklets,
    Reading,
    References,
    Segment,
    Statement,
    Statements,
    Transcript,
    Video,
)

SIZE_PX = 32
FRAMES = 11


def square(x0):
    """A mask of 10 x 10 pixels whose left edge is `x0`."""
    mask = np.zeros((SIZE_PX, SIZE_PX), bool)
    mask[4:14, x0 : x0 + 10] = True
    return mask


def _entity(number, expression, noun, actions, frames, x0):
    return EntityTruth(
        entity_id=number,
        expression=expression,
        noun=noun,
        generalized_noun=noun,
        colour=expression.split()[0],
        hair=None,
        presence=((0.0, float(len(frames))),),
        actions=tuple(ActionTruth(*action, None) for action in actions),
        boxes=dict.fromkeys(frames, (x0, 4, x0 + 10, 14)),
        masks={f: encode_mask(square(x0)) for f in frames},
    )


DOG = _entity(
    0,
    "brown dog",
    "dog",
    [(0.0, 5.0, "move_left", "runs to the left"), (5.0, 10.0, "sit", "sits")],
    range(10),
    2,
)
BALL = _entity(
    1, "red ball", "ball", [(0.0, 5.0, "move_right", "rolls to the right")], range(5), 20
)
TRUTH = Truth(
    id="film",
    seed=0,
    fps=1.0,
    n_frames=10,
    width_px=SIZE_PX,
    height_px=SIZE_PX,
    duration_s=10.0,
    hard_cases=("never_together",),
    scenes=(SceneTruth(0.0, 5.0, "start", "lawn"), SceneTruth(5.0, 10.0, "cut", "room")),
    boundaries=(Boundary(5.0, "hard"),),
    entities=(DOG, BALL),
)
ENTITIES = (Entity("brown dog", "dog", "dog"), Entity("red ball", "ball", "ball"))


def pair(number, text, *, group="G3", answer=None, rejected=None, form="open", value=True):
    """A pair whose claim is that the dog does `text` from 0 to 5 s."""
    return Instruction(
        pair_id=f"film-{number:03d}",
        group=group,
        form=form,
        question=f"What about the dog, number {number}?",
        answer=answer or f"It {text}.",
        options=(),
        regions=(),
        start_s=0.0,
        end_s=5.0,
        clip_s=None,
        evidence=Evidence((0,), (0,), does(0, (0.0, 5.0), text, value)),
        rejected=rejected,
    )


def masklets(x0_dog=2):
    """Masklets of both; the dog's left edge may be put elsewhere."""
    dog = {str(f): encode_mask(square(x0_dog)) for f in range(10)}
    ball = {str(f): encode_mask(square(20)) for f in range(5)}
    return Masklets(
        tuple(float(f) for f in range(10)),
        SIZE_PX,
        SIZE_PX,
        (
            Masklet(0, "brown dog", "dog", 1.0, dog),
            Masklet(1, "red ball", "ball", 1.0, ball),
        ),
    )


RIGHT = {
    "videos": [Video("film.mp4", "0" * 64, 10.0, 1.0, 10, SIZE_PX, SIZE_PX)],
    "clips": [Clips((Segment(0, 0.0, 5.0, "start"), Segment(1, 5.0, 10.0, "cut")))],
    "entities": [Entities("The active entities are a brown dog and a red ball.")],
    "references": [References(ENTITIES)],
    "masklets": [masklets()],
    "masklet_scores": [score_masklets(TRUTH, masklets(), p) for p in ("paper", "ours")],
    "transcripts": [
        Transcript(
            0,
            0.0,
            5.0,
            ("The brown dog runs to the left.", "The red ball rolls to the right."),
            (),
        ),
        Transcript(1, 5.0, 10.0, ("The brown dog sits.", None), ()),
    ],
    "statements": [
        Statements(
            (
                Reading(
                    0.0,
                    5.0,
                    (True, True),
                    (Statement("runs to the left"), Statement("rolls to the right")),
                ),
                Reading(5.0, 10.0, (True, False), (Statement("sits"), None)),
            )
        )
    ],
    "instructions": [
        pair(0, "runs to the left"),
        pair(1, "sits", rejected="presence: the masklets show otherwise"),
    ],
}


def film(**changed):
    """The film with some stages' records changed."""
    return MeasuredFilm(TRUTH, RIGHT | changed)


def with_lines(segment, *lines):
    """The transcripts with other lines in one segment."""
    return [
        dataclasses.replace(t, lines=lines) if t.segment == segment else t
        for t in RIGHT["transcripts"]
    ]
