import pytest

from strefer.benchmarks.letters import videomme_letter, videorefer_letter


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("(B)", "B"),
        ("The answer is (C) a dog", "C"),
        ("B) a dog, not A) a cat", "B"),
        ("A) or rather (D)", "D"),
        (".A", "A"),
        ("a) a dog", "a"),
        ("  C. a dog", " "),
        ("dog", "d"),
        ("", ""),
    ],
)
def test_videorefer_takes_the_bracket_then_the_half_bracket_then_the_first_character(
    answer, letter
):
    assert videorefer_letter(answer) == letter


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("C", "C"),
        ("(D)", "D"),
        ("The best answer is B.", "B"),
        ("The answer is: D", "D"),
        ("it is clearly C", "C"),
        ("c", None),
        ("none of them", None),
        ("", None),
        ("I think that this video does not show what the question is about", None),
    ],
)
def test_videomme_takes_the_first_capital_of_four(answer, letter):
    assert videomme_letter(answer) == letter


@pytest.mark.parametrize(
    ("answer", "letter"),
    [("Best answer: C", "B"), ("Best option: D", "B"), ("Answer: C", "C"), ("A bus: D", "A")],
)
def test_videomme_quirks_are_kept(answer, letter):
    assert videomme_letter(answer) == letter
