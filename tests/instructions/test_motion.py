"""What the verifier makes of how masklets move."""

import dataclasses

import numpy as np

from helpers.judged_pairs import (
    RUNS,
    SECOND,
    SITS,
    THIRD,
    changed,
    film_whose_masks_tell,
    pair,
    reason,
)
from helpers.told_films import DOG, MAN, told_film
from strefer.instructions.verification import claims
from strefer.masks import decode_mask, encode_mask


def test_somebody_who_is_chased_has_to_be_there():
    deeds = changed(1, 0, "chases the brown dog")
    film = told_film(deeds)
    chase = pair(claims.does(0, SECOND, "chases the brown dog"))
    assert reason(film, chase, motion=False) is None
    gone = tuple(tuple(None if e == 2 and s == 1 else d for e, d in enumerate(row))
                 for s, row in enumerate(deeds))  # fmt: skip
    film = dataclasses.replace(film, masks=told_film(gone).masks)
    assert "do not show the brown dog" in reason(film, chase, motion=False)


def test_a_chase_has_to_be_seen():
    deeds = (("walks to the right", None), ("chases the brown dog", "runs to the right"))
    film = told_film(deeds, (MAN, DOG))
    chase = pair(claims.does(0, SECOND, "chases the brown dog"))
    assert reason(film, chase) is None
    # A single frame of the second segment (frames 8 to 15) is left.
    left = {f: m for f, m in film.masks.by_entity[0].items() if f not in range(9, 16)}
    masks = dataclasses.replace(film.masks, by_entity={**film.masks.by_entity, 0: left})
    film = dataclasses.replace(film, masks=masks)
    assert "hardly shows it" in reason(film, chase)
    assert reason(film, chase, motion=False) is None


def test_only_an_entity_of_the_film_can_be_seen_chased():
    film = told_film(changed(1, 0, "chases the white dog"))
    chase = pair(claims.does(0, SECOND, "chases the white dog"))
    assert "no entity of the film is so described" in reason(film, chase)
    assert reason(film, chase, motion=False) is None
    # That it chases somebody unknown may well be denied.
    film, denied = told_film(), claims.does(0, SECOND, "chases the white dog", False)
    assert reason(film, pair(denied)) is None


def test_who_moves_an_arm_does_not_rest():
    film = told_film(changed(2, 0, "sits"))
    sits = claims.does(0, THIRD, "sits")
    assert reason(film, pair(sits)) is None
    raised = {}
    for frame, rle in film.masks.by_entity[0].items():
        mask = decode_mask(rle)
        mask[32:36, 12 : 12 + 3 * (frame % 2)] = True  # beside the shoulder, every other frame
        raised[frame] = encode_mask(mask)
    masks = dataclasses.replace(film.masks, by_entity={**film.masks.by_entity, 0: raised})
    waving = dataclasses.replace(film, masks=masks)
    assert "an arm of the masklet moves" in reason(waving, pair(sits))
    dog = dataclasses.replace(MAN, generalized_noun="dog")  # has no arms
    assert (
        reason(dataclasses.replace(waving, entities=(dog, *film.entities[1:])), pair(sits)) is None
    )


def test_who_goes_after_another_is_told_so_and_only_then():
    deeds = (("walks to the right", None), ("chases the brown dog", "runs to the right"))
    film = told_film(deeds, (MAN, DOG))
    masks = told_film(deeds, (MAN, DOG)).masks
    ahead = {f: _moved(rle, 14) for f, rle in masks.by_entity[1].items()}
    both = dataclasses.replace(masks, by_entity={0: masks.by_entity[0], 1: ahead})
    film = dataclasses.replace(film, masks=both)
    assert reason(film, pair(claims.does(0, SECOND, "chases the brown dog"))) is None
    alone = dataclasses.replace(
        film, deeds=(film.deeds[0], ("walks to the right", film.deeds[1][1]))
    )
    found = reason(alone, pair(claims.does(0, SECOND, "walks to the right")))
    assert "goes after the brown dog" in found
    still = {f: _moved(rle, 30) for f, rle in list(masks.by_entity[1].items())[:1]} | dict.fromkeys(
        list(masks.by_entity[1])[1:], _moved(masks.by_entity[1][8], 30)
    )
    film = dataclasses.replace(
        film, masks=dataclasses.replace(both, by_entity={0: masks.by_entity[0], 1: still})
    )
    found = reason(film, pair(claims.does(0, SECOND, "chases the brown dog")))
    assert "does not go after the brown dog" in found


def _moved(rle, px):
    return encode_mask(np.roll(decode_mask(rle), px, axis=1))


def test_single_odd_frames_do_not_count():
    masks = told_film().masks
    cut = dict(masks.by_entity[2])
    cut[17] = encode_mask(np.eye(64, dtype=bool))
    film = dataclasses.replace(
        told_film(), masks=dataclasses.replace(masks, by_entity={**masks.by_entity, 2: cut})
    )
    assert reason(film, pair(SITS)) is None


def film_whose_dog_is_at(segment, places):
    """DEEDS, but in one segment the dog's masks stand at these (x, y) px."""
    masks = told_film().masks
    drawn = {}
    for frame, (x, y) in enumerate(places, 8 * segment):
        mask = np.zeros((64, 64), bool)
        mask[y : y + 16, x : x + 12] = True
        drawn[frame] = encode_mask(mask)
    by_entity = {**masks.by_entity, 2: {**masks.by_entity[2], **drawn}}
    return dataclasses.replace(told_film(), masks=dataclasses.replace(masks, by_entity=by_entity))


def test_who_stops_on_the_way_does_not_go_all_the_time():
    goes = [(40 - 5 * step, 30) for step in range(8)]
    assert reason(film_whose_dog_is_at(1, goes), pair(RUNS)) is None
    stops = goes[:4] + 4 * goes[4:5]
    assert "stops on its way" in reason(film_whose_dog_is_at(1, stops), pair(RUNS))


def test_a_cycle_that_most_frames_miss_is_a_movement():
    jumps = [(40, 20 if step in (2, 5) else 30) for step in range(8)]
    assert "the masklet moves" in reason(film_whose_dog_is_at(2, jumps), pair(SITS))


def test_nobody_sees_a_disc_turn():
    spins = claims.does(2, THIRD, "spins around")
    assert "keeps still" in reason(told_film(changed(2, 2, "spins around")), pair(spins))
    ys, xs = np.mgrid[:64, :64]
    disc = encode_mask((ys - 30) ** 2 + (xs - 30) ** 2 <= 81)
    film = told_film(changed(2, 2, "spins around"))
    masks = {**film.masks.by_entity[2], **dict.fromkeys(range(16, 24), disc)}
    shown = dataclasses.replace(film.masks, by_entity={**film.masks.by_entity, 2: masks})
    assert reason(dataclasses.replace(film, masks=shown), pair(spins)) is None


def test_a_masklet_that_creeps_does_not_go_away():
    creeps = [(30 + step, 30) for step in range(8)]
    assert reason(film_whose_dog_is_at(2, creeps), pair(SITS)) is None


def test_motion_is_compared_only_if_asked_to():
    film = film_whose_masks_tell(changed(2, 2, "runs to the left"))
    assert reason(film, pair(SITS), motion=False) is None
