import dataclasses
from pathlib import Path
from random import Random

import pytest

from drawn_world.teachers.llm.metadata import synthetic_film
from helpers.told_films import DOG, MAN, told_film
from strefer.instructions.groups import GROUPS, WRITTEN
from strefer.instructions.verification.claims import evaluate, parts
from strefer.instructions.verification.verifier import Checks, Verifier
from strefer.instructions.verification.witnesses import TranscriptWitness
from strefer.instructions.wording.phrasings import load_folder

PHRASINGS = load_folder(Path(__file__).resolve().parents[2] / "config" / "phrasings")
DESCRIBED = [name for name in GROUPS if name not in WRITTEN]


def propose(name, film, n=40, seed=0):
    group = GROUPS[name]
    return group.propose(film, PHRASINGS[group.phrasings], n, Random(seed))


@pytest.mark.parametrize("name", DESCRIBED)
def test_descriptions_hold_and_are_well_formed(name):
    for film in [told_film()] + [synthetic_film(Random(seed)) for seed in range(15)]:
        pairs = propose(name, film)
        assert pairs
        for pair in pairs:
            assert evaluate(pair.evidence.claim, TranscriptWitness(film)) is True, pair
            assert "{" not in pair.question + pair.answer
            assert bool(pair.regions) is GROUPS[name].masks
        keys = {(p.question, p.regions, p.start_s, p.end_s, p.clip_s) for p in pairs}
        assert len(keys) == len(pairs)
        assert len({p.pair_id for p in pairs}) == len(pairs)


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_film_whose_masklets_agree_passes_verification(name):
    film = told_film()
    pairs = Verifier(film, Checks()).verify(propose(name, film))
    assert [pair.rejected for pair in pairs if pair.rejected] == []


def test_each_group_has_enough_for_a_film_of_a_minute_with_three_entities():
    for seed in range(10):
        film = synthetic_film(Random(seed), n_entities=3, duration_s=60)
        counts = {name: len(propose(name, film, n=28)) for name in GROUPS}
        assert sum(counts.values()) >= 200
        assert min(counts.values()) >= 0.05 * sum(counts.values())


def test_timestamps_are_asked_for_and_given():
    film = told_film()
    for name in ("G3", "G7"):
        pairs = propose(name, film)
        assert all("<start_time>" in p.question + p.answer for p in pairs)
        assert all(p.start_s is not None for p in pairs)
        assert any(p.answer.startswith("Between <start_time>") for p in pairs)
    for name in ("G1", "G5"):
        assert all(p.start_s is None for p in propose(name, film))


def test_absence_is_refused_with_the_reason():
    pairs = [p for seed in range(4) for p in propose("G7", told_film(), n=200, seed=seed)]
    told = [p.answer for p in pairs if p.evidence.claim.get("of") and "not there" in p.answer]
    wanted = "The dog is not there between <start_time> and <end_time>, only after that."
    assert wanted in told


def test_a_region_question_in_a_film_of_two_people_fits_both():
    pairs = [p for p in propose("G5", told_film(), n=200) if len(p.regions) == 1]
    people = [p for p in pairs if p.regions[0] in (0, 1)]
    assert people
    # Some name the kind, some leave even that to the region.
    assert {"person" in pair.question for pair in people} == {True, False}
    for pair in people:
        assert not {"man", "woman", "hair", "shirt", "dress"} & set(pair.question.split())


def test_who_is_named_by_a_region_alone_is_told_with_the_looks():
    film = told_film()
    pairs = [p for seed in range(4) for p in propose("G5", film, n=200, seed=seed)]
    told = 0
    for one in (p for p in pairs if len(p.regions) == 1):
        known = film.entities[one.regions[0]]
        if known.generalized_noun in one.question or "look" in one.question.lower():
            continue
        if not one.answer.startswith(("The ", "First, the ")):
            continue
        assert known.expression in one.answer
        assert "is" in {claim["kind"] for claim in parts(one.evidence.claim)}
        told += 1
    assert told >= 3
    assert any("The dog " in p.answer for p in pairs), "named by its kind, it is told by its kind"


def test_a_portrait_tells_looks_and_deed_of_the_clip_or_window():
    film = told_film()
    for name, place in (("G5", "clip_s"), ("G7", "start_s")):
        looks = [
            (pair, film.entities[pair.regions[0]].expression, film.segment_of(window))
            for pair in propose(name, film, n=60)
            if len(pair.regions) == 1 and pair.evidence.claim["kind"] == "all"
            for window in [pair.clip_s or (pair.start_s, pair.end_s)]
            if getattr(pair, place) is not None and len(pair.evidence.segments) == 1
        ]
        told = [one for one in looks if one[0].answer.startswith(("A ", "An "))]
        assert told
        for pair, expression, segment in told:
            assert f" {expression}. The " in pair.answer
            assert pair.answer.endswith(f"{film.deeds[segment][pair.regions[0]]}.")


def test_one_unreadable_line_leaves_out_what_needs_all_of_the_entity():
    film = told_film()
    deeds = ((None, *film.deeds[0][1:]), *film.deeds[1:])
    broken = dataclasses.replace(film, deeds=deeds)
    assert broken.told == {1, 2}
    moments = [p for p in propose("G3", broken, n=200) if p.evidence.claim["kind"] == "once"]
    assert {p.evidence.entities[0] for p in moments} == {1, 2}


def test_a_missing_segment_leaves_out_what_needs_the_whole_film():
    film = told_film()
    broken = dataclasses.replace(
        film, limits_s=film.limits_s[1:], present=film.present[1:], deeds=film.deeds[1:]
    )
    assert not broken.covered
    kinds = {p.evidence.claim["kind"] for p in propose("G3", broken, n=200)}
    assert "once" not in kinds
    assert "does" in kinds


def test_a_film_of_nothing_and_a_film_of_one():
    assert propose("G3", told_film(deeds=((None, None),) * 2, entities=(MAN, DOG))) == []
    for name in GROUPS:
        propose(name, told_film(deeds=(("sits",),), entities=(DOG,)))


def test_the_order_of_groups_does_not_matter():
    film = told_film()
    assert propose("G5", film) == propose("G5", film)
    assert propose("G5", film) != propose("G5", film, seed=1)
