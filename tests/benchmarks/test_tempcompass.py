import json
from pathlib import Path

import pytest

from helpers.shared_data import shared_data
from strefer.benchmarks import tempcompass
from strefer.benchmarks.questions import read_json
from strefer.benchmarks.tempcompass import FORMS, agrees, decide, judge_prompt
from strefer.prompts import Prompt

CHOICE = "What does it do?\nA. sits\nB. jumps"
CAPTIONS = "Which sentence is better?\nSentence A: It sits.\nSentence B: It jumps."
OPTIONS = "Which?\nOption 1: It sits.\nOption 2: It jumps."
INFORMATION = (
    "Write a caption.\nInformation A: {'subject': \"man's dog\", 'action': 'sitting'}\n"
    "Information B: {'subject': \"man's dog\", 'action': 'jumping'}\nGenerated Caption:"
)
ENTRIES = {
    "multi-choice": (CHOICE, "B. jumps"),
    "yes_no": ("Does it jump?", "yes"),
    "caption_matching": (CAPTIONS, "Sentence B: It jumps."),
    "captioning": (INFORMATION, "B. jumping"),
}
TEMPLATE = Prompt("judge", "{{ question }}\n{{ options }}\n{{ prediction }}")


@pytest.fixture
def questions(tmp_path):
    for form, (question, answer) in ENTRIES.items():
        content = {"film": {"action": [{"question": question, "answer": answer}]}}
        (tmp_path / f"questions_{form}.json").write_text(json.dumps(content))
    return tempcompass.load(tmp_path, tmp_path, {})


@pytest.mark.parametrize(
    ("prediction", "right"),
    [
        ("B. jumps", True),
        ("B", True),
        ("A", False),
        ("B. It jumps.", True),
        ("A) sits", False),
        ("(B)", True),
        ("jumps", None),
        ("Both A and B", None),
    ],
)
def test_choices(prediction, right):
    assert decide("multi-choice", CHOICE, "B. jumps", prediction) is right


@pytest.mark.parametrize(
    ("prediction", "right"), [("Yes, it does", True), ("No.", False), ("It does", None)]
)
def test_yes_no(prediction, right):
    assert decide("yes_no", "Does it jump?", "yes", prediction) is right


@pytest.mark.parametrize(
    ("prediction", "right"),
    [
        ("Sentence B: It jumps.", True),
        ("Sentence B.", True),
        ("B", True),
        ("A.", False),
        ("It sits.", False),
        ("B) It jumps.", True),
        ("(A)", False),
        ("It jumps", None),
        ("Sentence C", None),
    ],
)
def test_captions(prediction, right):
    assert decide("caption_matching", CAPTIONS, "Sentence B: It jumps.", prediction) is right


def test_captions_may_be_numbered():
    assert decide("caption_matching", OPTIONS, "Option 2: It jumps.", "2") is True
    assert decide("caption_matching", OPTIONS, "Option 2: It jumps.", "Option 1") is False


@pytest.mark.parametrize("form", ["multi-choice", "yes_no", "caption_matching"])
def test_the_rule_decides_as_the_official_evaluation_does(form):
    folder = shared_data("benchmarks/tempcompass")
    results = read_json(folder / f"video-llava_auto_eval_results_{form}.json")
    entries = [e for film in results.values() for aspect in film.values() for e in aspect]
    ours = [decide(form, e["question"], e["gt-answer"], e["video-llm-prediction"]) for e in entries]
    by_rule = [(e, our) for e, our in zip(entries, ours, strict=True) if e["match_success"]]
    assert all(our == bool(e["rating"]) for e, our in by_rule)
    # Items left to the judge are few, so that the averages are equal to 0.1 by rule alone.
    if form != "caption_matching":
        official = sum(e["rating"] for e in entries) / len(entries)
        assert 100 * sum(map(bool, ours)) / len(ours) == pytest.approx(100 * official, abs=0.1)


def test_all_official_questions_are_read():
    questions = tempcompass.load(shared_data("benchmarks/tempcompass"), Path(), {})
    counts = {form: sum(q.about["form"] == form for q in questions) for form in FORMS}
    assert counts == {
        "multi-choice": 1580,
        "yes_no": 2453,
        "caption_matching": 1503,
        "captioning": 2004,
    }
    assert len({q.id for q in questions}) == len(questions)
    for question in questions:
        assert judge_prompt(TEMPLATE, question, "x").count("\n") >= 2


def test_the_judge_is_asked_what_no_rule_decides(questions):
    said = dict(zip([q.id for q in questions], ["jumps", "Yes.", "B", "A dog."], strict=True))
    asked = []

    def judge(prompts):
        asked.extend(prompts)
        return ["B", "A."]

    scored = tempcompass.score(questions, said, judge, TEMPLATE)
    assert asked == [
        "What does it do?\nA. sits\nB. jumps\njumps",
        "What does the man's dog do?\nA. sitting\nB. jumping\nA dog.",
    ]
    assert scored.metrics == {
        "average": 75.0,
        "form/caption_matching": 100.0,
        "form/captioning": 0.0,
        "form/multi-choice": 100.0,
        "form/yes_no": 100.0,
        "aspect/action": 75.0,
        "judged": 0.5,
    }
    assert [row.judged for row in scored.rows] == ["B", None, None, "A."]


def test_undecided_is_wrong_without_a_judge(questions):
    said = {q.id: "who knows" for q in questions}
    assert tempcompass.score(questions, said, None).metrics["average"] == 0.0


@pytest.mark.parametrize(
    ("reply", "right"), [("B", True), ("(B)", True), ("A", False), ("None", False), ("", False)]
)
def test_replies_of_the_judge(questions, reply, right):
    for question in questions:
        wanted = right if question.about["form"] != "yes_no" else reply == "A"
        assert agrees(question, reply) is wanted


def test_an_unknown_aspect_is_named(questions, tmp_path):
    content = {"film": {"mood": [{"question": "?", "answer": "yes"}]}}
    (tmp_path / "questions_captioning.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="film film: aspect mood is none of action"):
        tempcompass.load(tmp_path, tmp_path, {})
