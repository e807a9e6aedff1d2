from random import Random

import pytest

from helpers.told_films import told_film
from strefer.instructions.proposals.build_descriptions import story
from strefer.instructions.proposals.places import Places

MAN, DOG = "the man with blond hair in a red shirt", "the brown dog"


@pytest.mark.parametrize(
    ("deeds", "told"),
    [
        ([("sits", None, "jumps")], f"{MAN} sits and {DOG} jumps."),
        ([("sits", None, "jumps")] * 3, f"{MAN} sits and {DOG} jumps."),
        (
            [("sits", None, "jumps"), ("sits", None, None), ("sits", None, None)],
            f"First, {MAN} sits and {DOG} jumps. Then {MAN} sits.",
        ),
        (
            [("sits", None, None), (None, None, None), (None, None, None), ("sits", None, None)],
            f"First, {MAN} sits. Then nobody is there. Finally, {MAN} sits.",
        ),
        # The same action of somebody else is a change.
        (
            [("sits", None, None), (None, None, "sits")],
            f"First, {MAN} sits. Then {DOG} sits.",
        ),
    ],
)
def test_segments_in_which_nothing_changes_are_one_step_of_the_story(deeds, told):
    places = Places(told_film(deeds), masks=False, timed=False, random=Random(0))
    described = story(places, range(len(deeds)))
    assert described.answer.lower() == told.lower()
    assert described.segments == tuple(range(len(deeds)))  # all of them are evidence
