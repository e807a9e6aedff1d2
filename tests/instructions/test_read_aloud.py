"""What people found when they read pairs of real language aloud does not come back, by its kind."""

import re

import pytest

from helpers.read_films import NAMES, ReadFilm
from helpers.shards import ScriptedChat
from measuring_real.text import VERDICTS, accepted_pairs, readings
from strefer.instructions.english import definite, repeats, with_article
from strefer.instructions.groups import WRITTEN


@pytest.fixture(scope="module")
def described():
    """Pairs worded by phrasings."""
    return [pair for _, pair in accepted_pairs() if pair.group not in WRITTEN]


def test_absence_is_no_action(described):
    steps = [pair.answer for pair in described if "Then " in pair.answer]
    assert len(steps) > 20
    assert not [answer for answer in steps if "not there" in answer]


def test_what_is_done_in_turn_has_more_than_one_step(described):
    in_turn = re.compile(r"in order|step by step|one after the other|in sequence|first, and", re.I)
    asked = [pair for pair in described if in_turn.search(pair.question)]
    assert len(asked) > 10
    assert not [pair for pair in asked if pair.answer.count(". ") < 1]


def test_is_doing_is_answered_with_what_is_being_done(described):
    asked = [
        pair for pair in described if re.search(r"\b(?:is|are|was)\b.* doing\b", pair.question)
    ]
    assert len(asked) > 3
    for pair in asked:
        assert re.search(r"\b(?:is|are|was) \w+ing\b", pair.answer), pair
        assert " and " not in pair.answer.removesuffix("."), "in turn, and not at once"


def test_a_portrait_says_more_than_the_noun(described):
    assert not [pair for pair in described if re.match(r"An? (\w+)\. The \1 ", pair.answer)]


def test_a_deed_does_not_say_the_expression_again(described):
    told = "\n".join(pair.answer for pair in described)
    assert "dog sleeps under the table" in told.lower()
    assert "under the table sleeps" not in told
    assert "ice cream drops his ice cream" not in told


def test_names_with_a_number_take_no_article(described):
    told = "\n".join(f"{pair.question} {pair.answer}" for pair in described)
    assert re.search(r"\bplayer No\. 10", told, re.I)
    assert not re.search(r"\b(?:the|a) player No", told, re.I)


def test_words_of_names():
    assert definite("player No. 10 in red") == "player No. 10 in red"
    assert with_article("player 7 in red") == "player 7 in red"
    assert definite("dog with 2 bowls") == "the dog with 2 bowls"
    assert repeats("small dog under the table", "sleeps under the table")
    assert repeats("boy eating an ice cream", "drops his ice cream")
    assert not repeats("man in a red shirt", "sits in the car")
    assert not repeats("brown dog", "chases the brown cat")


def test_the_readings_are_whole():
    for rows in readings().values():
        assert len(rows) >= 100
        assert {row["verdict"] for row in rows} <= set(VERDICTS)
        assert all(row["remark"] for row in rows if row["verdict"] != "good")


def test_who_is_not_told_over_the_whole_film_has_a_line_that_says_nothing_of_it():
    for film in map(ReadFilm, NAMES):
        joined = film.joined(ScriptedChat(film))
        for entity in {*range(len(film.entities))} - joined.told:
            cells = [
                (segment["cells"][entity]["shown"], (number, entity) in film.lines)
                for number, segment in enumerate(film.film["segments"])
            ]
            assert any(shown is None or (shown and not read) for shown, read in cells)
