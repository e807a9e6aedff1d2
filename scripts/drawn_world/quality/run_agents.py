"""Measure how well a run's chat agents, clipper and masklets agree with the ground truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drawn_world.language.lines import read_line
from drawn_world.quality.films import MeasuredFilm
from drawn_world.quality.measure_masklets import score_masklets
from drawn_world.vocabulary import NOUNS

Values = dict[str, list[float]]

PRESENT, ABSENT = 0.25, 0.05  # shares of a segment; between them presence is left undecided
HARD_S, GRADUAL_S = 0.5, 0.75  # how far a boundary may be off


def measure_film(film: MeasuredFilm) -> Values:
    """This film's contribution to each figure: a figure is the mean over all films' values, except
    for the counts that `gather` combines."""
    values: Values = {}
    _entities(film, values)
    _parser(film, values)
    _transcripts(film, values)
    _statements(film, values)
    _segments(film, values)
    _masklets(film, values)
    return values


def _entities(film: MeasuredFilm, values: Values) -> None:
    references = film.one("references")
    named = {e.expression for e in references.entities} if references else set()
    true = {entity.expression for entity in film.truth.entities if entity.active}
    also = {entity.expression for entity in film.truth.entities} - true
    values["entities.recall"] = [float(e in named) for e in sorted(true)]
    # Naming an entity that only stands around is neither required nor wrong.
    values["entities.precision"] = [float(e in true) for e in sorted(named - also)]


def _parser(film: MeasuredFilm, values: Values) -> None:
    text, references = film.one("entities"), film.one("references")
    if text is None:
        return
    given = references.entities if references else ()
    said = [(e.expression, e.noun, e.generalized_noun) for e in given]
    lists = [[_parsed(e) for e in _listed(look)] for look in text.text.split("\n")]
    wanted = list(dict.fromkeys(e for known in lists for e in known))
    values["parser.exact_film"] = [float(said == wanted)]
    # A film's lists are parsed one by one and then joined: what no list names spoils one of them.
    lacking = sum(any(e not in said for e in known) for known in lists)
    strangers = sum(e not in wanted for e in said)
    wrong = max(lacking, min(strangers, len(lists)))
    values["parser.exact"] = [0.0] * wrong + [1.0] * (len(lists) - wrong)


def _listed(look: str) -> list[str]:
    """The expressions that the recognizer's sentence lists, without their articles."""
    listed = look.partition(" entities are ")[2] or look.partition(" entity is ")[2]
    parts = listed.rstrip(".").replace(" and a ", ", a ").replace(" and an ", ", an ").split(", ")
    return [part.split(" ", 1)[-1] for part in parts if part]


def _parsed(expression: str) -> tuple[str, str, str]:
    """An expression with its noun and generalized noun, as the parser should give them."""
    words = expression.split()
    noun = next((word for word in words if word in NOUNS), words[-1] if words else "")
    return expression, noun, NOUNS.get(noun, "")


def _transcripts(film: MeasuredFilm, values: Values) -> None:
    existence, behaviour, disagreements = [], [], []
    for transcript in film.records["transcripts"]:
        window = (transcript.start_s, transcript.end_s)
        for position, line in enumerate(transcript.lines):
            if transcript.disagreements is not None:
                disagreements.append(float(position in transcript.disagreements))
            entity = film.true_entities.get(position)
            if entity is None or str(position) in transcript.unknown:
                continue
            share = film.truth.present(entity.entity_id, *window)
            if ABSENT < share < PRESENT:
                continue
            existence.append(float((line is not None) == (share >= PRESENT)))
            action = film.truth.action(entity.entity_id, *window)
            if share >= PRESENT and line is not None and action is not None:
                said = read_line(line)
                target = film.truth.target(action)
                behaviour.append(
                    float(said is not None and said.meaning.holds(action.action, target))
                )
    values["existence.accuracy"] = existence
    values["behaviour.accuracy"] = behaviour
    values["transcripts.disagreements"] = disagreements


def _statements(film: MeasuredFilm, values: Values) -> None:
    """Whether each transcript line was parsed as it is meant."""
    read, exact = film.one("statements"), []
    readings = {reading.start_s: reading for reading in read.segments} if read else {}
    for transcript in film.records["transcripts"]:
        reading = readings.get(transcript.start_s)
        for line, statement in zip(
            transcript.lines, reading.statements if reading else (), strict=reading is not None
        ):
            if line is not None:
                meant = read_line(line)
                wanted = None if meant is None else meant.form("does")
                exact.append(float(wanted == (None if statement is None else statement.does)))
    values["statements.exact"] = exact


def _segments(film: MeasuredFilm, values: Values) -> None:
    clips = film.one("clips")
    if clips is None:
        return
    found = [segment.start_s for segment in clips.segments[1:]]
    for kind, tolerance_s in (("hard", HARD_S), ("gradual", GRADUAL_S)):
        true = [b.time_s for b in film.truth.boundaries if b.kind == kind]
        other = [b.time_s for b in film.truth.boundaries if b.kind != kind]
        hits = _hits(found, true, tolerance_s)
        # A boundary of the other kind is not a mistake in this one.
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


def _masklets(film: MeasuredFilm, values: Values) -> None:
    """Of both procedures from true expressions, and of the run's own masklets ("run")."""
    of_run = score_masklets(film.truth, film.one("masklets"), "run")
    for scores in (*film.records["masklet_scores"], of_run):
        name = f"masklets.{scores.procedure}"
        values[f"{name}.jf"] = list(scores.jf)
        if "never_together" in film.truth.hard_cases:
            values[f"{name}.never_together_recall"] = list(scores.found)
