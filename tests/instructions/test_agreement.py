"""Whether masklets show those whom the transcript speaks of."""

import dataclasses

import pytest
from told_films import DOG, MAN, WOMAN, told_film

from strefer.instructions.agreement import agreement, masklet_doubt
from strefer.instructions.verification import Checks, Verifier

MATES = (("sits", "waves"),) * 3


def with_masks(film, **by_entity):
    masks = {int(name[1:]): masks for name, masks in by_entity.items()}
    return dataclasses.replace(film, masks=dataclasses.replace(film.masks, by_entity=masks))


@pytest.fixture
def film():
    """Two persons side by side for 24 frames, each with a masklet."""
    return told_film(MATES, (MAN, WOMAN))


def some(film, entity, frames):
    return {frame: film.masks.by_entity[entity][frame] for frame in frames}


def test_masklets_of_the_told_times_agree(film):
    assert agreement(film, 0) == agreement(film, 1)
    assert (agreement(film, 0).share, agreement(film, 0).overlap) == (1.0, 1.0)
    assert masklet_doubt(film, 0) is None


def test_a_masklet_at_other_times_is_not_pointed_with(film):
    seen = with_masks(film, e0=some(film, 0, range(24)), e1=some(film, 1, range(10)))
    assert agreement(seen, 1).overlap == pytest.approx(20 / 34)
    assert "at other times" in masklet_doubt(seen, 1)


def test_two_that_are_seen_by_turns_share_a_track(film):
    turns = with_masks(film, e0=some(film, 0, range(16)), e1=some(film, 1, range(16, 24)))
    assert "shares its masklet" in masklet_doubt(turns, 0)
    alone = with_masks(film, e0=some(film, 0, range(24)))
    assert "shares its masklet" in masklet_doubt(alone, 0)
    other_kind = told_film(MATES, (MAN, DOG))
    assert masklet_doubt(with_masks(other_kind, e0=some(other_kind, 0, range(24))), 0) is None


def test_two_masklets_of_one_object_share_a_track():
    film = told_film(MATES, (MAN, DOG))
    twice = with_masks(film, e0=some(film, 0, range(24)), e1=some(film, 0, range(24)))
    assert "shares its masklet" in masklet_doubt(twice, 1)


def test_what_is_doubted_is_not_pointed_with_but_may_be_named(film):
    from test_verification import pair

    from strefer.instructions.claims import does

    claim = does(0, (0.0, 4.0), "sits")
    named = pair(claim, "What does the man do?", "He sits.")
    region = pair(claim, "What does the person in <region> do?", "It sits.", regions=(0,))
    turns = with_masks(film, e0=some(film, 0, range(16)), e1=some(film, 1, range(16, 24)))
    verifier = Verifier(turns, Checks())
    assert verifier.reason(named) is None
    assert verifier.reason(region).startswith("reference: the man with")
    assert Verifier(film, Checks()).reason(region) is None
    assert Verifier(turns, Checks(unseen=False)).reason(region) is None
