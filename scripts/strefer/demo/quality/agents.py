"""How far the chat agents, the clipper and the masklets of a run agree with the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from strefer.demo.quality.films import MeasuredFilm
from strefer.demo.vocabulary import NOUNS
from strefer.masklet_procedures.davis import j_and_f, region_j
from strefer.masks import decode_mask

Values = dict[str, list[float]]

PRESENT, ABSENT = 0.25, 0.05  # shares of a segment; between them presence is left undecided
HARD_S, GRADUAL_S = 0.5, 0.75  # how far a boundary may be off
FOUND_J = 0.5  # from this mean J on, a masklet has found its entity


def measure_film(film: MeasuredFilm, procedure: str) -> Values:
    """What this film adds to each figure: the figure is the mean over all films' values, but for
    the counts that `gather` puts together."""
    values: Values = {}
    _entities(film, values)
    _parser(film, values)
    _transcripts(film, values)
    _segments(film, values)
    _masklets(film, f"masklets.{procedure}", values)
    return values


def _entities(film: MeasuredFilm, values: Values) -> None:
    references = film.one("references")
    named = {e.expression for e in references.entities} if references else set()
    true = {entity.expression for entity in film.truth.entities if entity.active}
    also = {entity.expression for entity in film.truth.entities} - true
    values["entities.recall"] = [float(e in named) for e in sorted(true)]
    # Naming somebody who only stands about is neither asked for nor wrong.
    values["entities.precision"] = [float(e in true) for e in sorted(named - also)]


def _parser(film: MeasuredFilm, values: Values) -> None:
    text, references = film.one("entities"), film.one("references")
    if text is None:
        return
    listed = text.text.partition(" entities are ")[2] or text.text.partition(" entity is ")[2]
    parts = listed.rstrip(".").replace(" and a ", ", a ").replace(" and an ", ", an ").split(", ")
    wanted = list(dict.fromkeys(p.split(" ", 1)[-1] for p in parts if p))
    given = (
        [(e.expression, e.noun, e.generalized_noun) for e in references.entities]
        if references
        else []
    )
    known = [(e, _noun(e), NOUNS.get(_noun(e), "")) for e in wanted]
    values["parser.exact"] = [float(given == known)]


def _noun(expression: str) -> str:
    words = expression.split()
    return next((word for word in words if word in NOUNS), words[-1] if words else "")


def _transcripts(film: MeasuredFilm, values: Values) -> None:
    existence, behaviour, disagreements = [], [], []
    for transcript in film.records["transcripts"]:
        window = (transcript.start_s, transcript.end_s)
        for position, line in enumerate(transcript.lines):
            if transcript.disagreements is not None:
                disagreements.append(float(position in transcript.disagreements))
            entity = film.true_entities.get(position)
            if entity is None:
                continue
            share = film.truth.present(entity.entity_id, *window)
            if ABSENT < share < PRESENT:
                continue
            existence.append(float((line is not None) == (share >= PRESENT)))
            action = film.truth.action(entity.entity_id, *window)
            if share >= PRESENT and line is not None and action is not None:
                behaviour.append(float(action.phrase in line))
    values["existence.accuracy"] = existence
    values["behaviour.accuracy"] = behaviour
    values["transcripts.disagreements"] = disagreements


def _segments(film: MeasuredFilm, values: Values) -> None:
    clips = film.one("clips")
    if clips is None:
        return
    found = [segment.start_s for segment in clips.segments[1:]]
    for kind, tolerance_s in (("hard", HARD_S), ("gradual", GRADUAL_S)):
        true = [b.time_s for b in film.truth.boundaries if b.kind == kind]
        other = [b.time_s for b in film.truth.boundaries if b.kind != kind]
        hits = _hits(found, true, tolerance_s)
        # A boundary that belongs to the other kind is no mistake in this one.
        mine = [t for t in found if not any(abs(t - o) <= GRADUAL_S for o in other)]
        values[f"segments.{kind}_hits"] = [float(hits)]
        values[f"segments.{kind}_true"] = [float(len(true))]
        values[f"segments.{kind}_found"] = [float(max(len(mine), hits))]


def _hits(found: Sequence[float], true: Iterable[float], tolerance_s: float) -> int:
    free, hits = list(found), 0
    for time_s in true:
        near = [t for t in free if abs(t - time_s) <= tolerance_s]
        if near:
            free.remove(min(near, key=lambda t: abs(t - time_s)))
            hits += 1
    return hits


def _masklets(film: MeasuredFilm, name: str, values: Values) -> None:
    masklets = film.one("masklets")
    of_expression = {m.expression: m for m in masklets.masklets} if masklets else {}
    times_s = masklets.frame_times_s if masklets else ()
    scores, found = [], []
    for entity in film.truth.entities:
        if not entity.active:
            continue
        masklet = of_expression.get(entity.expression)
        if masklet is None:
            scores.append(0.0)
            found.append(0.0)
            continue
        empty = np.zeros((film.truth.height_px, film.truth.width_px), bool)
        predicted, true = [], []
        for i, time_s in enumerate(times_s):
            rle = masklet.masks.get(str(i))
            predicted.append(empty if rle is None else decode_mask(rle))
            mask = film.truth.mask(entity.entity_id, round(time_s * film.truth.fps))
            true.append(empty if mask is None else mask)
        scores.append(j_and_f(predicted, true))
        visible = [(p, t) for p, t in zip(predicted, true, strict=True) if t.any()]
        j = [region_j(p, t) for p, t in visible]
        found.append(float(bool(j) and float(np.mean(j)) >= FOUND_J))
    values[f"{name}.jf"] = scores
    if "never_together" in film.truth.hard_cases:
        values[f"{name}.never_together_recall"] = found
