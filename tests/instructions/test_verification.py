import dataclasses

import pytest

from helpers.judged_pairs import (
    FIRST,
    FOURTH,
    RUNS,
    RUNS_NOT,
    SITS,
    THIRD,
    changed,
    film_whose_masks_tell,
    pair,
    reason,
)
from helpers.told_films import DEEDS, MAN, WOMAN, told_film
from strefer.instructions.verification import claims
from strefer.instructions.verification.checks import check_of
from strefer.instructions.verification.form import distinguishing_words
from strefer.instructions.verification.verifier import Checks, Verifier


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
    assert found.startswith("transcript: ")
    assert message in found


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
    assert check_of(found) in {"presence", "motion", "only time"}
    assert message in found


# The dog comes for one segment only.
RARE = tuple((*row[:2], row[2] if number == 2 else None) for number, row in enumerate(DEEDS))


def test_an_entity_without_a_masklet_is_doubted_if_asked_to():
    film = told_film(RARE, without=(2,))
    assert reason(film, pair(SITS)) == "existence: no masklet shows the brown dog"
    assert reason(film, pair(SITS), unseen=False) is None
    # It may be another's kind that the transcriber sees, however often.
    assert "no masklet" in reason(told_film(without=(2,)), pair(SITS))


def test_what_an_entity_in_doubt_does_not_do_is_no_less_so():
    film = told_film(RARE, without=(2,))
    assert reason(film, pair(claims.present(2, FIRST, False))) is None
    assert reason(film, pair(RUNS_NOT)) is None
    assert "no masklet" in reason(film, pair(claims.present(2, THIRD)))


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
