import pytest

from helpers.read_by_grammar import deed_of
from helpers.told_films import told_film
from strefer.instructions.english import bare, listed, sentence, with_article
from strefer.records import Entity

GIRL = Entity("girl in a white dress", "girl", "person")


@pytest.mark.parametrize(
    ("line", "deed"),
    [
        ("The girl in a white dress picks up a cup.", "picks up a cup"),
        ("A girl in a white dress is dancing.", "is dancing"),
        ("The girl smiles.", "smiles"),
        ("the young girl smiles", "smiles"),
        ("She waves. Then she leaves.", "waves. Then she leaves"),
        ("The girl in white smiles.", None),  # where the subject ends is not known
        ("In this clip, the girl smiles.", "smiles"),
        ("In the kitchen a cup falls.", None),
        ("The girl in a white dress.", None),
    ],
)
def test_the_deed_is_what_follows_the_subject(line, deed):
    assert deed_of(line, GIRL) == deed


@pytest.mark.parametrize(
    ("deed", "plain"),
    [
        ("runs to the left", "run to the left"),
        ("flies away", "fly away"),
        ("lies down", "lie down"),
        ("catches the ball", "catch the ball"),
        ("bounces", "bounce"),
        ("passes by", "pass by"),
        ("goes home", "go home"),
        ("has a cup", "have a cup"),
        ("slowly walks on", "slowly walk on"),
        ("is dancing", None),
        ("picked it up", None),
    ],
)
def test_the_bare_verb(deed, plain):
    assert bare(deed) == plain


def test_small_helpers():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    for told in ("an orange ball", "a uniformed man", "an hourglass", "a one-eyed cat", "two dogs"):
        assert with_article(told.removeprefix("an ").removeprefix("a ")) == told
    assert sentence("it sits") == "It sits."


def test_a_deed_that_is_no_clear_clause_is_left_out():
    garbled = ["chases the brown dog", "follows the woman with black hair in a blue dress jumps"]
    for deed in garbled:
        film = told_film(((None, None, deed),))
        assert film.present[0][2]
        assert film.deeds[0][2] is None
    clear = "follows the woman with black hair in a blue dress across the lawn"
    assert told_film(((None, None, clear),)).deeds[0][2] == clear
