import pytest

from helpers.told_films import told_film
from strefer.instructions.verification import claims
from strefer.instructions.verification.witnesses import MaskWitness, TranscriptWitness

FIRST, SECOND, THIRD = (0.0, 4.0), (4.0, 8.0), (8.0, 12.0)


@pytest.fixture
def film():
    return told_film()


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        (claims.does(0, FIRST, "walks to the left"), True),
        (claims.does(0, FIRST, "sits"), False),
        (claims.does(0, FIRST, "sits", False), True),
        (claims.does(2, FIRST, "sits"), False),
        (claims.present(2, FIRST, False), True),
        (claims.present(2, SECOND), True),
        (claims.once(2, THIRD, "sits"), True),
        (claims.once(2, SECOND, "sits"), False),
        (claims.counted("person", FIRST, 2), True),
        (claims.counted("person", THIRD, 2), False),
        (claims.longer(0, 1), True),
        (claims.longer(1, 0), False),
        (claims.seconds_seen(1, 11), True),
        (claims.seconds_seen(1, 17), False),
        (claims.is_expression(2, "brown dog"), True),
        (claims.is_expression(2, "black dog"), False),
        (claims.every([claims.present(0, FIRST), claims.present(2, FIRST)]), False),
        (claims.left_of(0, 1, FIRST), None),
    ],
)
def test_the_transcript_as_witness(film, claim, holds):
    assert claims.evaluate(claim, TranscriptWitness(film)) is holds


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        (claims.does(2, FIRST, "sits"), False),  # nobody does anything where he is not
        (claims.does(0, FIRST, "sits"), None),
        (claims.present(2, FIRST), False),
        (claims.present(2, SECOND), True),
        (claims.counted("person", FIRST, 2), True),
        (claims.longer(0, 2), True),
        (claims.once(0, SECOND, "sits"), None),
        (claims.left_of(0, 1, (12.0, 16.0)), True),
        (claims.left_of(1, 0, (12.0, 16.0)), False),
        (claims.left_of(0, 2, FIRST), None),
    ],
)
def test_the_masklets_as_witness(film, claim, holds):
    assert claims.evaluate(claim, MaskWitness(film, film.masks)) is holds


def test_an_unknown_kind_is_an_error(film):
    with pytest.raises(ValueError, match="unknown kind 'sings'"):
        claims.evaluate({"kind": "sings", "value": True}, TranscriptWitness(film))
