"""What the transcriber says of a segment's parts, against what it says of the segment."""

import dataclasses

import numpy as np
import pytest

from helpers.read_by_grammar import read_by_grammar
from helpers.told_films import DEEDS, DOG, MAN, WOMAN, told_film, transcripts
from strefer.instructions.metadata.join import join_film
from strefer.instructions.verification import claims
from strefer.instructions.verification.second_look import SecondLook
from strefer.instructions.verification.verifier import Checks, Verifier
from strefer.masks import decode_mask, encode_mask

ENTITIES = (MAN, WOMAN, DOG)
FIRST, SECOND, THIRD, FOURTH = ((4.0 * n, 4.0 * n + 4) for n in range(4))


def looked_again(segment=None, entity=None, deeds=()):
    """DEEDS, and the same of either part of each segment, but for one entity in one segment."""
    parts = [list(row) for row in DEEDS for _ in range(2)]
    for place, deed in enumerate(deeds):
        parts[2 * segment + place][entity] = deed
    again = transcripts(parts, ENTITIES, segment_s=2.0)
    statements = read_by_grammar(ENTITIES, transcripts(DEEDS, ENTITIES), again)
    return join_film("f" * 64, 16.0, ENTITIES, statements, None)


def fault(film, claim):
    return SecondLook(film).fault(claim)


SITS = claims.does(2, THIRD, "sits")


def test_parts_belong_to_the_segment_that_holds_them():
    film = looked_again(2, 2, ("sits", "jumps"))
    assert [len(parts) for parts in film.parts] == [2, 2, 2, 2]
    assert [part.deeds[2] for part in film.parts[2]] == ["sits", "jumps"]
    assert told_film().parts == ()


def test_what_both_parts_say_is_confirmed():
    film = looked_again()
    assert fault(film, SITS) is None
    assert SecondLook(film).confirms(SITS)


@pytest.mark.parametrize("deeds", [("sits", "jumps"), ("jumps", "sits"), ("jumps", None)])
def test_a_part_that_says_otherwise_is_a_doubt(deeds):
    assert "says 'jumps' of a part" in fault(looked_again(2, 2, deeds), SITS)


def test_who_comes_late_is_told_by_one_part():
    film = looked_again(2, 2, (None, "sits"))
    assert fault(film, SITS) is None
    assert fault(film, claims.present(2, THIRD)) is None
    assert fault(film, claims.present(2, THIRD, False)) is None


def test_who_is_there_in_no_part_is_doubted():
    film = looked_again(2, 2, (None, None))
    for claim in (SITS, claims.present(2, THIRD)):
        assert "does not agree who is there" in fault(film, claim)
    both = looked_again(0, 2, ("sits", "sits"))
    assert "does not agree" in fault(both, claims.present(2, FIRST, False))


def test_what_is_denied_must_be_in_no_part():
    not_jumps = claims.does(2, THIRD, "jumps", False)
    assert fault(looked_again(), not_jumps) is None
    assert "not 'jumps'" in fault(looked_again(2, 2, ("sits", "jumps")), not_jumps)


def test_a_film_without_a_second_look_has_no_doubts():
    assert fault(told_film(), SITS) is None
    assert not SecondLook(told_film()).confirms(SITS)


def test_once_is_doubted_if_a_part_elsewhere_says_the_same():
    film = looked_again(3, 2, ("sits", "jumps"))
    once = claims.once(2, THIRD, "sits")
    assert "of another part" in Verifier(film, Checks())._claim_fault(once)
    assert Verifier(looked_again(), Checks())._claim_fault(once) is None


def shown(film, segment, entity, deed):
    """The film with masklets in which the entity does something else in one segment."""
    rows = [list(row) for row in DEEDS]
    rows[segment][entity] = deed
    return dataclasses.replace(film, masks=told_film(tuple(map(tuple, rows))).masks)


RUNS = claims.does(2, SECOND, "runs to the left")
WAVES = claims.does(0, FOURTH, "waves")


@pytest.mark.parametrize(
    ("segment", "entity", "deed", "claim", "message"),
    [
        (2, 2, "jumps", SITS, "the masklet moves"),  # it may tremble
        (1, 2, "sits", RUNS, "stays where it is"),  # it may lag behind
        (3, 2, "sits", claims.does(2, FOURTH, "jumps"), "does not rise"),
        (2, 2, None, SITS, "masklets show otherwise (does)"),  # it may have lost its entity
        (3, 0, "sits", claims.once(0, SECOND, "sits"), "another line"),
    ],
)
def test_what_was_seen_twice_stands_against_a_poor_masklet(segment, entity, deed, claim, message):
    once, twice = (shown(film, segment, entity, deed) for film in (told_film(), looked_again()))
    assert message in Verifier(once, Checks())._claim_fault(claim)
    assert Verifier(twice, Checks())._claim_fault(claim) is None


@pytest.mark.parametrize(
    ("segment", "entity", "deed", "claim", "message"),
    [
        (1, 2, "runs to the right", RUNS, "moves the other way"),
        (3, 0, "sits", WAVES, "keeps still"),
    ],
)
def test_a_plain_contradiction_counts_all_the_same(segment, entity, deed, claim, message):
    twice = shown(looked_again(), segment, entity, deed)
    assert message in Verifier(twice, Checks())._claim_fault(claim)


def test_a_change_of_shape_is_no_proof_in_a_masklet_in_pieces():
    masks = told_film().masks
    torn = dict(masks.by_entity[0])
    for frame in range(24, 32):
        mask = decode_mask(torn[frame])
        torn[frame] = encode_mask(mask | np.roll(mask, 30, axis=1))
    film = dataclasses.replace(
        told_film(), masks=dataclasses.replace(masks, by_entity={**masks.by_entity, 0: torn})
    )
    assert "is in pieces" in Verifier(film, Checks())._claim_fault(WAVES)
    assert Verifier(told_film(), Checks())._claim_fault(WAVES) is None
