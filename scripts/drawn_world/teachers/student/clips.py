"""Clips of the starting student's films: a recipe's new data ask mostly about clips, in which a
deed fills more of the frames and looks slower than in a whole film.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from drawn_world.truth import ActionTruth, EntityTruth, SceneTruth, Truth
from strefer.times import clock

Window = tuple[float, float]
Span = TypeVar("Span", SceneTruth, ActionTruth)
Watched = tuple[str, tuple[str, str] | None]  # a film's path, `clip_timestamps` of a part of it
_SHORTEST, _LONGEST = 1 / 6, 2 / 3  # of the film
_STEP_S = 0.5
_CLEAR_S = 1.0  # a deed or a scene is not in the clip, or at least so long
_TRIES = 50


def films_and_clips(films: Mapping[str, Truth]) -> dict[Watched, Truth]:
    """Each film by its path, whole and as one clip of it."""
    watched: dict[Watched, Truth] = {}
    for path, truth in films.items():
        watched[path, None] = truth
        if window := clear_window(truth, random.Random(truth.id)):
            watched[path, (clock(window[0]), clock(window[1]))] = clip_of(truth, window)
    return watched


def clear_window(truth: Truth, drawn: random.Random) -> Window | None:
    """A part of a film in which nothing is seen too briefly to be told; None if none is found."""
    for _ in range(_TRIES):
        length_s = drawn.uniform(_SHORTEST, _LONGEST) * truth.duration_s // _STEP_S * _STEP_S
        start_s = drawn.uniform(0, truth.duration_s - length_s) // _STEP_S * _STEP_S
        window = (start_s, start_s + length_s)
        parts = [part for span in _spans(truth) if (part := _part(span, window))]
        if parts and all(end_s - begin_s >= _CLEAR_S for begin_s, end_s in parts):
            return window
    return None


def clip_of(truth: Truth, window: Window) -> Truth:
    """What is true of a part of a film, with times and frames counted from its beginning."""
    first = round(window[0] * truth.fps)
    frames = range(first, min(round(window[1] * truth.fps), truth.n_frames))
    there = [entity for entity in truth.entities if any(f in entity.masks for f in frames)]
    numbers = {entity.entity_id: number for number, entity in enumerate(there)}
    return dataclasses.replace(
        truth,
        n_frames=len(frames),
        duration_s=len(frames) / truth.fps,
        scenes=tuple(_clipped(truth.scenes, window)),
        boundaries=tuple(
            dataclasses.replace(one, time_s=one.time_s - window[0])
            for one in truth.boundaries
            if window[0] < one.time_s < window[1]
        ),
        entities=tuple(_entity_of(entity, window, frames, numbers) for entity in there),
    )


def _entity_of(
    entity: EntityTruth, window: Window, frames: range, numbers: dict[int, int]
) -> EntityTruth:
    return dataclasses.replace(
        entity,
        entity_id=numbers[entity.entity_id],
        presence=tuple(part for span in entity.presence if (part := _part(span, window))),
        actions=tuple(
            dataclasses.replace(action, target_id=numbers.get(action.target_id))
            for action in _clipped(entity.actions, window)
        ),
        boxes={f - frames.start: box for f, box in entity.boxes.items() if f in frames},
        masks={f - frames.start: mask for f, mask in entity.masks.items() if f in frames},
    )


def _clipped(spans: Sequence[Span], window: Window) -> Iterator[Span]:
    for one in spans:
        if part := _part((one.start_s, one.end_s), window):
            yield dataclasses.replace(one, start_s=part[0], end_s=part[1])


def _part(span: Window, window: Window) -> Window | None:
    """What of a span lies in a window, counted from the window's start."""
    start_s, end_s = max(span[0], window[0]), min(span[1], window[1])
    return (start_s - window[0], end_s - window[0]) if start_s < end_s else None


def _spans(truth: Truth) -> list[Window]:
    spans = [(scene.start_s, scene.end_s) for scene in truth.scenes]
    for entity in truth.entities:
        spans += entity.presence
        spans += [(action.start_s, action.end_s) for action in entity.actions]
    return spans
