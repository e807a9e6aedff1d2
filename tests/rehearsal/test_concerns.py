"""What looks wrong in a rehearsal, in words; and nothing where nothing does."""

import pytest

from strefer.rehearsal.concerns import find_concerns
from strefer.stage.run import Line


def request(number, reply, made="read", value=None, **changed):
    fields = {
        "text": f"question {number}",
        "frames": None,
        "sampling": {"temperature": 0.0, "max_new_tokens": 100, "seed": 0},
        "reply": reply,
        "tokens": [500, 10],
        made: reply if value is None else value,
    }
    return fields | changed


def lines(**stages):
    return {stage: [Line("a.mp4", record, None)] for stage, record in stages.items()}


FINE = lines(
    references={"entities": [{"expression": "dog"}]},
    tracks={"tracks": [{"track_id": 0}]},
    masklets={"masklets": [{"entity": 0}], "dropped": {}},
    instructions={"rejected": None},
)
GOOD = [request(i, f"The dog does {i}.") for i in range(20)]


def said(of=FINE, **asked):
    return list(find_concerns(of, asked))


def test_a_rehearsal_in_order_raises_no_concern():
    answers = [request(i, "Yes", value=i % 2 == 0) for i in range(20)]
    assert said(transcripts=GOOD + answers) == []


def test_a_film_that_failed_is_named():
    failed = FINE | {"clips": [Line("b.mp4", None, {"stage": "clips", "reason": "cut off"})]}
    assert said(failed) == ["clips: b.mp4 failed: cut off"]


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ({"references": {"entities": []}}, "no film has a referring expression"),
        ({"tracks": {"tracks": []}}, "the detector found nothing in any film"),
        (
            {"masklets": {"masklets": [], "dropped": {"0": "its score is 0.01"}}},
            "every masklet was rejected: mostly “its score is 0.01”",
        ),
        ({"instructions": {"rejected": "claim: no"}}, "no pair was kept; most were rejected for"),
    ],
)
def test_films_of_which_nothing_came_are_told(stages, told):
    (concern,) = said(FINE | lines(**stages))
    assert told in concern


def test_more_than_a_tenth_of_unreadable_replies_is_told():
    bad = [request(100 + i, f"hm {i}", "refused", "no words") for i in range(3)]
    assert said(transcripts=GOOD + bad[:2]) == []
    assert "transcripts: 3 of 23 replies cannot be parsed" in said(transcripts=GOOD + bad)[0]


def test_another_language_is_told_even_once():
    reason = "not in the language of the prompt (CJK, not English)"
    (concern,) = said(transcripts=[*GOOD, request(99, "男人", "refused", reason)])
    assert "1 replies are in a different language" in concern


def test_prompts_near_the_context_are_told():
    near = [*GOOD, request(99, "It sits.", call={"room": 40, "seconds": 1.0})]
    (concern,) = said(entities=near)
    assert "the longest prompt leaves 40 of the model's 640 tokens" in concern
    assert said(entities=[*GOOD, request(99, "It sits.", call={"room": 4000})]) == []


def test_the_same_reply_to_everything_is_told_whatever_was_thought_before():
    same = [request(i, f"<think>{i}</think>A dog.", value="A dog.") for i in range(5)]
    (concern,) = said(entities=same)
    assert "5 of 5 different prompts have the same reply, “A dog.”" in concern
    always = [request(i, "Yes", value=True) for i in range(12)]
    assert said(transcripts=always) == [
        "transcripts: all 12 yes/no questions are answered with yes."
    ]


def test_replies_that_are_cut_off_are_told():
    cut = [request(i, f"The dog {i} and", tokens=[500, 100]) for i in range(5)]
    assert (
        "5 of 25 replies were cut off at the limit of 100 tokens" in said(transcripts=GOOD + cut)[0]
    )
    assert said(transcripts=GOOD + cut)[0].endswith("raise `transcripts.behaviour_tokens`.")
    assert said(entities=GOOD + cut)[0].endswith("raise `entities.max_new_tokens`.")
    short = [request(i, "Yes", value=i % 2 == 0, tokens=[500, 100]) for i in range(5)]
    assert said(transcripts=GOOD + short) == []
