"""Whether masklets show those whom the transcript speaks of."""

import dataclasses
from random import Random

import numpy as np
import pytest

from helpers.told_films import DOG, MAN, WOMAN, told_film
from strefer.instructions.metadata.agreement import (
    agreement,
    is_in_pieces,
    masklet_doubt,
    pointable,
)
from strefer.instructions.proposals.places import Places
from strefer.masks import encode_mask

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
    turns = with_masks(film, e0=some(film, 0, range(18)), e1=some(film, 1, range(18, 24)))
    assert "shares its masklet" in masklet_doubt(turns, 0)
    alone = with_masks(film, e0=some(film, 0, range(24)))
    assert "shares its masklet" in masklet_doubt(alone, 0)
    other_kind = told_film(MATES, (MAN, DOG))
    assert masklet_doubt(with_masks(other_kind, e0=some(other_kind, 0, range(24))), 0) is None


def test_two_masklets_of_one_object_share_a_track():
    film = told_film(MATES, (MAN, DOG))
    twice = with_masks(film, e0=some(film, 0, range(24)), e1=some(film, 0, range(24)))
    assert "shares its masklet" in masklet_doubt(twice, 1)


def test_what_is_doubted_is_not_pointed_with_but_may_be_named():
    film = told_film(MATES, (MAN, DOG))
    rare = with_masks(film, e0=some(film, 0, range(24)), e1=some(film, 1, range(10)))
    assert (pointable(film), pointable(rare)) == ({0, 1}, {0})
    assert Places(rare, masks=True, timed=True, random=Random(0)).entities == [0]
    assert Places(rare, masks=False, timed=True, random=Random(0)).entities == [0, 1]
    assert pointable(told_film(MATES, (MAN, DOG), shown=False)) == {0, 1}


def drawn(*boxes):
    mask = np.zeros((64, 64), bool)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return encode_mask(mask)


@pytest.mark.parametrize(
    ("boxes", "in_pieces"),
    [
        ([(4, 4, 12, 20)], False),
        ([(4, 4, 12, 20), (40, 40, 42, 42)], False),  # a stray spot
        ([(4, 4, 12, 20), (40, 40, 48, 56)], True),  # two halves
        ([(4, 4, 12, 20), (40, 40, 46, 48)], False),  # a quarter is elsewhere
        ([(4, 4, 20, 36)], False),  # it came nearer
    ],
)
def test_a_masklet_in_pieces(film, boxes, in_pieces):
    usual = dict.fromkeys(range(18), drawn((4, 4, 12, 20)))
    seen = with_masks(film, e0=usual | dict.fromkeys(range(18, 24), drawn(*boxes)))
    assert is_in_pieces(seen.masks, 0, (9.0, 12.0)) is in_pieces
    assert not is_in_pieces(seen.masks, 0, (0.0, 9.0))
    assert not is_in_pieces(seen.masks, 1, (0.0, 9.0))
