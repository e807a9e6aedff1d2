import dataclasses

import numpy as np
import pytest
from told_films import DEEDS, DOG, MAN, WOMAN, told_film

from strefer.instructions import claims
from strefer.instructions.verification import Checks, Verifier, distinguishing_words
from strefer.masks import decode_mask, encode_mask
from strefer.records import Evidence, Instruction

FIRST, SECOND, THIRD, FOURTH = ((4.0 * n, 4.0 * n + 4) for n in range(4))


def pair(claim, question="What does the brown dog do?", answer="The brown dog sits.", **fields):
    given = {"form": "open", "options": (), "regions": (), "start_s": None, "end_s": None}
    given |= {"clip_s": None} | fields
    return Instruction(
        "p", "G1", question=question, answer=answer, evidence=Evidence((0,), (2,), claim), **given
    )


SITS = claims.does(2, THIRD, "sits")
RUNS = claims.does(2, SECOND, "runs to the left")
RUNS_NOT = claims.does(2, THIRD, "runs to the left", False)


def reason(film, one, **checks):
    return Verifier(film, Checks(**checks)).reason(one)


def test_a_pair_that_all_agree_on_is_kept():
    assert reason(told_film(), pair(SITS)) is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"regions": (2,)}, "as many <region>"),
        ({"question": "What does the dog in <region> do?"}, "as many <region>"),
        ({"start_s": 1.0, "end_s": 2.0}, "times without placeholders"),
        ({"question": "What happens at <start_time>?"}, "without times"),
        ({"clip_s": (8.0, 8.0)}, "not within the film"),
        ({"clip_s": (8.0, 30.0)}, "not within the film"),
        ({"form": "yes_no"}, "neither yes nor no"),
        ({"form": "choice", "options": ("a", "b", "c", "c"), "answer": "A"}, "four different"),
        ({"form": "choice", "options": ("a", "b", "c", "d"), "answer": "E"}, "no option's letter"),
        ({"form": "choice", "options": ("a", "b", "c", "d"), "answer": "sits"}, "a letter"),
    ],
)
def test_form(fields, message):
    found = reason(told_film(), pair(SITS, **fields))
    assert found.startswith("form: ")
    assert message in found


def test_a_region_must_not_be_described():
    film = told_film()
    told = pair(SITS, question="What does the brown dog in <region> do?", regions=(2,))
    assert reason(film, told) == "reference: the question says 'brown' of a region"
    plain = pair(SITS, question="What does the dog in <region> do?", regions=(2,))
    assert reason(film, plain) is None
    man = pair(
        claims.present(0, FIRST), question="Does the person in <region> see the brown dog?",
        regions=(0,),
    )  # fmt: skip
    assert reason(film, man) is None  # the brown dog is somebody else
    assert distinguishing_words(film, 0) == {"man", "blond", "hair", "red", "shirt"}


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (claims.does(2, THIRD, "jumps"), "transcript does not say so"),
        (claims.once(2, FOURTH, "sits"), "transcript does not say so"),
        (claims.counted("person", THIRD, 2), "transcript does not say so"),
        (claims.longer(2, 0), "transcript does not say so"),
    ],
)
def test_what_the_transcript_contradicts(claim, message):
    found = reason(told_film(), pair(claim))
    assert found.startswith("claim: ")
    assert message in found


def film_whose_masks_tell(deeds):
    """The transcript of DEEDS, with the masklets of other deeds."""
    return dataclasses.replace(told_film(), masks=told_film(deeds).masks)


def changed(segment, entity, deed):
    rows = [list(row) for row in DEEDS]
    rows[segment][entity] = deed
    return tuple(map(tuple, rows))


@pytest.mark.parametrize(
    ("shown", "claim", "message"),
    [
        (changed(2, 2, None), SITS, "masklets show otherwise"),
        (changed(0, 2, "sits"), claims.present(2, FIRST, False), "masklets show otherwise"),
        (changed(1, 2, "runs to the right"), RUNS, "other way"),
        (changed(1, 2, "sits"), RUNS, "stays where it is"),
        (changed(2, 2, "runs to the left"), SITS, "the masklet moves"),
        (changed(2, 2, "jumps"), SITS, "the masklet moves"),
        (changed(3, 2, "sits"), claims.does(2, FOURTH, "jumps"), "does not rise"),
        (changed(3, 0, "sits"), claims.does(0, FOURTH, "waves"), "keeps still"),
        (changed(2, 2, "runs to the left"), RUNS_NOT, "moves so"),
        (changed(1, 2, "sits"), claims.once(2, THIRD, "sits"), "another line about the entity"),
    ],
)  # fmt: skip
def test_what_the_masklets_contradict(shown, claim, message):
    found = reason(film_whose_masks_tell(shown), pair(claim))
    assert found.startswith("claim: ")
    assert message in found


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


# The dog comes for one segment only.
RARE = tuple((*row[:2], row[2] if number == 2 else None) for number, row in enumerate(DEEDS))


def test_an_entity_without_a_masklet_is_doubted_if_asked_to():
    film = told_film(RARE, without=(2,))
    assert reason(film, pair(SITS)) == "claim: no masklet shows the brown dog"
    assert reason(film, pair(SITS), unseen=False) is None
    # It may be another's kind that the transcriber sees, however often.
    assert "no masklet" in reason(told_film(without=(2,)), pair(SITS))


def test_what_an_entity_in_doubt_does_not_do_is_no_less_so():
    film = told_film(RARE, without=(2,))
    assert reason(film, pair(claims.present(2, FIRST, False))) is None
    assert reason(film, pair(RUNS_NOT)) is None
    assert "no masklet" in reason(film, pair(claims.present(2, THIRD)))


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


def test_an_entity_that_masklets_show_at_other_times_is_doubted():
    claim = pair(claims.is_expression(2, "brown dog"))
    elsewhere = tuple((*row[:2], None if row[2] else "sits") for row in RARE)
    film = dataclasses.replace(told_film(RARE), masks=told_film(elsewhere).masks)
    assert "seldom agree" in reason(film, claim)
    two_of_four = tuple(
        (*row[:2], "sits" if number > 1 else None) for number, row in enumerate(RARE)
    )
    film = dataclasses.replace(told_film(RARE), masks=told_film(two_of_four).masks)
    assert reason(film, claim) is None
    # Whoever is told of for most of the film was hardly made up.
    elsewhere = tuple((*row[:2], None if row[2] else "sits") for row in DEEDS)
    assert reason(film_whose_masks_tell(elsewhere), claim) is None


def test_two_descriptions_of_one_are_not_counted_as_two():
    film = told_film((("sits", "waves"),) * 3, (MAN, WOMAN))
    two = pair(claims.counted("person", FIRST, 2))
    assert reason(film, two) is None
    same = dict.fromkeys((0, 1), film.masks.by_entity[0])
    film = dataclasses.replace(film, masks=dataclasses.replace(film.masks, by_entity=same))
    assert "shares its masklet with another" in reason(film, two)


def test_a_masklet_that_fits_its_expression_badly_is_doubted():
    film = told_film()
    scores = {0: 0.9, 1: 0.9, 2: 0.3}
    film = dataclasses.replace(film, masks=dataclasses.replace(film.masks, scores=scores))
    # One that comes and goes as the transcript says is believed all the same.
    assert reason(film, pair(SITS), least_score=0.4) is None
    late = {frame: rle for frame, rle in film.masks.by_entity[2].items() if frame >= 16}
    early = dict.fromkeys(range(8), late[16])
    masks = dataclasses.replace(film.masks, by_entity={**film.masks.by_entity, 2: early | late})
    film = dataclasses.replace(film, masks=masks)
    assert "fits 'brown dog' too little" in reason(film, pair(SITS), least_score=0.4)
    assert reason(film, pair(SITS), least_score=0.2) is None


def test_motion_is_compared_only_if_asked_to():
    film = film_whose_masks_tell(changed(2, 2, "runs to the left"))
    assert reason(film, pair(SITS), motion=False) is None


def test_without_masklets_the_transcript_decides():
    film = told_film(shown=False)
    assert reason(film, pair(SITS)) is None
    assert reason(film, pair(claims.does(2, THIRD, "jumps"))) is not None


def test_two_pairs_that_contradict_each_other_both_go():
    question = "Does the brown dog sit?"
    yes = pair(SITS, question=question, answer="Yes, it sits.", form="yes_no", clip_s=THIRD)
    no = pair(SITS, question=question, answer="No, it jumps.", form="yes_no", clip_s=THIRD)
    elsewhere = dataclasses.replace(no, clip_s=FOURTH)
    film = told_film()
    kept = Verifier(film, Checks()).verify([yes, elsewhere])
    assert [one.rejected for one in kept] == [None, None]
    both = Verifier(film, Checks()).verify([yes, no])
    assert all(one.rejected.startswith("pairs: ") for one in both)


def test_what_was_rejected_before_stays_so():
    one = dataclasses.replace(pair(SITS), rejected="reply: no JSON")
    assert Verifier(told_film(), Checks()).verify([one]) == [one]
