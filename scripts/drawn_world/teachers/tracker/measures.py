"""Measure the demo's tracker on held-out films, from true boxes, through the real adapter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from drawn_world.drawing.render import render
from drawn_world.teachers.tracker.data import VISIBLE_PX, SampledFilm, box_of, sampled_film
from strefer.agents.tracker.interface import Prompt, Tracker
from strefer.masks import decode_mask


def measure_tracker(tracker: Tracker, seeds: Iterable[int]) -> dict[str, dict[str, float | int]]:
    """J where visible and the share rightly empty where absent, over all films and a hard case.

    Every film is sampled at 32 frames. All entities visible on its starting frame, the one with
    the most of them, are prompted with their true boxes and tracked both ways. The prompted frame
    itself does not count, nor do frames on which less than 30 px of an entity can be seen.

    Returns:
        {"all" or a hard case: {"j_visible", "j_after_return", "empty_when_absent",
        "visible_frames", "absent_frames"}}; a share without frames is left out.
    """
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for seed in seeds:
        film = sampled_film(seed)
        for name, value in _film_measures(tracker, film):
            for group in ("all", *film.plan.hard_cases):
                found[group][name].append(value)
    return {group: _summary(values) for group, values in sorted(found.items())}


def _film_measures(tracker: Tracker, film: SampledFilm) -> Iterable[tuple[str, float]]:
    """(measure, value) for every frame of every tracked entity that counts."""
    frames, truth = render(film.plan, film.frames)
    visible = film.areas_px >= VISIBLE_PX
    start = int(visible.sum(0).argmax())
    entities = [int(entity) for entity in np.flatnonzero(visible[:, start])]
    prompts = [Prompt(entity, start, box_of(truth[entity, start])) for entity in entities]
    tracked = tracker.track(frames, prompts)
    for entity in entities:
        for order in (range(start + 1, len(frames)), range(start - 1, -1, -1)):
            was_away = False
            for frame in order:
                drawn, true = decode_mask(tracked[entity][frame]), truth[entity, frame]
                if visible[entity, frame]:
                    j = float((drawn & true).sum() / (drawn | true).sum())
                    yield "j_visible", j
                    if was_away:
                        yield "j_after_return", j
                elif not true.any():
                    was_away = True
                    yield "empty_when_absent", float(not drawn.any())


def _summary(values: dict[str, list[float]]) -> dict[str, float | int]:
    names = ("j_visible", "j_after_return", "empty_when_absent")
    shares = {name: round(float(np.mean(values[name])), 4) for name in names if values[name]}
    return shares | {
        "visible_frames": len(values["j_visible"]),
        "absent_frames": len(values["empty_when_absent"]),
    }
