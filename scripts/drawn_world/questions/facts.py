"""Shared by the demo's benchmark files: reading facts from the ground truth, drawing options."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

from drawn_world.truth import Truth
from drawn_world.vocabulary import ACTIONS_OF, action_phrase

# Actions that need no second entity, and those that look the same for every entity.
_PLAIN = ("move_left", "move_right", "jump", "wave", "sit", "spin")
_MOVES = ("move_left", "move_right")
_OF_PEOPLE = ("jump", "wave", "sit")


def told_actions(entity: Any) -> list[Any]:
    """An entity's actions in order of time, without mere standing."""
    return [action for action in entity.actions if action.active]


def phrases_in_turn(entity: Any) -> list[str]:
    """An entity's actions in temporal order, without immediate repetitions."""
    phrases = itertools.groupby(action.phrase for action in told_actions(entity))
    return [phrase for phrase, _ in phrases]


def told_in_turn(entity: Any) -> str:
    """The same as one clause, "walks to the left, then jumps"."""
    return ", then ".join(phrases_in_turn(entity))


def other_phrases(entity: Any, drawn: random.Random, count: int) -> list[str]:
    """Phrases of actions that this entity never does; rather of those that its kind can do.

    Who chases also runs to some side, so that no side is wrong of it.
    """
    done = {action.action for action in entity.actions}
    if "chase" in done:
        done.update(_MOVES)
    kind = entity.generalized_noun
    own = [action_phrase(kind, a) for a in _PLAIN if a in ACTIONS_OF[kind] and a not in done]
    # A bouncing ball could be said to jump, so we avoid actions that look like another entity's
    # motion.
    others = [a for a in _OF_PEOPLE if a not in ACTIONS_OF[kind] and a not in done]
    of_people = [action_phrase("person", action) for action in others]
    phrases = drawn.sample(own, len(own)) + drawn.sample(of_people, len(of_people))
    return phrases[:count]


def mirrored(phrase: str) -> str:
    """The phrase with left and right changed for each other."""
    swap = {"left": "right", "right": "left"}
    return " ".join(swap.get(word, word) for word in phrase.split())


def shuffled(right: str, wrong: Sequence[str], drawn: random.Random) -> tuple[list[str], int]:
    """Options in random order, and the position of the right one."""
    options = [right, *wrong]
    drawn.shuffle(options)
    return options, options.index(right)


def spread_masks(truth: Truth, entity: Any, count: int = 32) -> dict[str, dict[str, Any]]:
    """An entity's masks on up to `count` evenly spaced frames where it is in sight, by raw frame
    number: VideoRefer's annotation of one object."""
    frames = sorted(entity.masks, key=int)
    step = max(1, len(frames) / count)
    picked = [frames[int(i * step)] for i in range(min(count, len(frames)))]
    return {str(frame): {"segmentation": entity.masks[frame]} for frame in picked}


def best_frame(entity: Any) -> str:
    """The frame on which most of the entity is in sight."""
    boxes = entity.boxes
    return str(max(boxes, key=lambda f: (boxes[f][2] - boxes[f][0]) * (boxes[f][3] - boxes[f][1])))
