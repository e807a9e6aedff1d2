import time

import pytest

from strefer.benchmarks.letters import videomme_letter, videorefer_letter
from strefer.benchmarks.readings import read_letter, read_yes_no
from strefer.benchmarks.videorefer_d import official_marks, read_marks

OPTIONS = ["(A) a helmet", "(B) a hat", "(C) Sunglasses", "(D) watch"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("yes", "yes"),
        ("No.", "no"),
        ("**No**", "no"),
        ("Answer: Yes", "yes"),
        ("The answer is no.", "no"),
        ('"Yes"', "yes"),
        ("(Yes)", "yes"),
        ("<answer>yes</answer>", "yes"),
        ('{"answer": "no"}', "no"),
        ("No</s>", "no"),
        ("<think>\nNo dog.\n</think>\n\nYes", "yes"),
        ("Yes, there is no doubt.", "yes"),
        ("Yes, the girl with the No. 7 shirt.", "yes"),
        ("Yes - the dog runs", "yes"),
        ("No, there is no dog", "no"),
        ("Not sure", None),
        ("None", None),
        ("Nobody", None),
        ("No one", None),
        ("No idea", None),
        ("Yesterday", None),
        ("Yes or no", None),
        ("No, yes", None),
        ("Yes, but I’m not sure", None),
        ("It is true", None),
        ("<think>yes", None),
        ("", None),
        (None, None),
    ],
)
def test_yes_and_no(answer, said):
    assert read_yes_no(answer) == said


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("a", "A"),
        ("a)", "A"),
        (".A", "A"),
        (" A", "A"),
        ("(A)", "A"),
        ("**A**", "A"),
        ("c. watch", "C"),
        ("A: helmet", "A"),
        ("答案是B", "B"),
        ("Answer: b", "B"),
        ("Best answer: C", "C"),
        ("The correct option is B.", "B"),
        ("The answer is (C) a dog", "C"),
        ("Based on the video, the answer is C", "C"),
        ("Because the dog is black, D", "D"),
        ("A man walks, so C", "C"),
        ("Option C because A is wrong", "C"),
        ("I think B", "B"),
        ("<think>A or B?</think>D", "D"),
        ('{"answer": "B"}', "B"),
        ("A helmet.", "A"),
        ("sunglasses", "C"),
        ("A man walks", None),
        ("The answer is a dog", None),
        ("(B) or (A)", None),
        ("A or B", None),
        ("Both A and B", None),
        ("A. a helmet, C. Sunglasses", None),
        ("A, B, C, D", None),
        ("ABCD", None),
        ("(E)", None),
        ("None of them", None),
        ("I cannot tell, A", None),
        ("", None),
        (None, None),
    ],
)
def test_letters(answer, letter):
    assert read_letter(answer, OPTIONS) == letter


@pytest.mark.parametrize(
    "piece",
    [
        *("9", "1. ", "A ", " ", "(", "(A", "answer is ", "<", "<think>", "\n", "i'm not ", "A, "),
        *("no ", "*", "so ", ".", "the ", "Subject Correspondence: ", "(0", "yes", "{\\"),
    ],
)
def test_endless_answers_are_read_at_once(piece):
    begin = time.process_time()
    for answer in (piece * 20_000, f"yes {piece * 20_000}", f"A{piece * 20_000}x"):
        for read in (read_yes_no, read_marks, official_marks, videorefer_letter, videomme_letter):
            read(answer)
        read_letter(answer, OPTIONS)
    assert time.process_time() - begin < 3
