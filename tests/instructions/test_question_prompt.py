from random import Random

import pytest

from helpers.told_films import told_film
from strefer.instructions.english import stem
from strefer.instructions.proposals import build_tasks as build
from strefer.instructions.proposals.pick_tasks import pick_tasks
from strefer.instructions.proposals.places import Places
from strefer.instructions.wording.check_reply import written_fault
from strefer.instructions.wording.question_prompt import (
    ReplyError,
    parse_reply,
    prompt_values,
    published,
)
from strefer.instructions.wording.word_tasks import Reply


@pytest.fixture
def places():
    return Places(told_film(), masks=True, timed=True, random=Random(0))


@pytest.fixture
def task(places):
    return build.is_deed(places.at((1, 0)), (1, 0), "waves")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("Here you are.", "no JSON"),
        ('["a"]', "not an object"),
        ('{"question": "Does it sit?"}', "not an object"),
        ('{"question": "Does it sit?", "answer": "No.", "x": 1}', "not an object"),
        ('{"question": "Why", "answer": "No."}', "question is empty or too long"),
        ('{"question": "Does it sit?", "answer": 3}', "answer is empty or too long"),
        ('{"question": "Does it sit?", "answer": "%s"}' % ("x" * 401), "too long"),
        ("[" * 100_000, "no JSON"),
    ],
)  # fmt: skip
def test_replies_that_are_no_pair(reply, message):
    with pytest.raises(ReplyError, match=message):
        parse_reply(reply)


def test_a_code_fence_is_passed_over():
    reply = parse_reply('```json\n{"question": "Does it  sit?", "answer": "No."}\n```')
    assert reply == Reply("Does it sit?", "No.")


def test_the_prompt_says_what_the_answer_is(task):
    values = prompt_values(task)
    cited = values["facts"].splitlines()[task.cited[0] - 1]
    assert cited.endswith("between <start_time> and <end_time>: the person in <region1> sits.")
    assert values["hint"] == "Answer no and say why: the person in <region1> sits."


def test_a_region_is_named_once_and_in_the_order_of_the_question(places):
    task = build.is_left_of(places.at((3, 0), 1), 3, False)
    reply = Reply(
        "Seen from the person in <region2>, is the person in <region1> to the left of the person "
        "in <region2> between <start_time> and <end_time>?",
        "Yes, the person in <region1> is to the left of the person in <region2>.",
    )
    question, answer, regions = published(task, reply)
    assert question.count("<region>") == 2
    assert "to the left of that person" in question
    assert regions == (1, 0)
    assert answer == "Yes, the second person is to the left of the first person."


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("Does the person in <region3> wave?", "<region3> is no region"),
        ("Does the person wave?", "does not name its regions"),
    ],
)
def test_regions_that_do_not_fit(task, question, message):
    with pytest.raises(ReplyError, match=message):
        published(task, Reply(question, "No, the person sits."))


WHEN = "between <start_time> and <end_time>"


@pytest.mark.parametrize(
    ("question", "answer", "fault"),
    [
        (f"Does the person in <region1> wave {WHEN}?", "No, the person in <region1> sits.", None),
        (f"Is the person in <region1> waving {WHEN}?", "No, the person in <region1> sits.", None),
        (f"Does the person in <region1> wave {WHEN}?", "Yes, the person waves.", "not the one"),
        (f"Does the person in <region1> jump {WHEN}?", "No, the person in <region1> sits.", "wav"),
        ("Does the person in <region1> wave?", "No, the person in <region1> sits.", "the time"),
        (f"Does the person in <region1> not wave {WHEN}?", "No, it sits.", "negated"),
        (f"Does the person in <region1> wave {WHEN}?", "No, the person in <region1> jumps.", "sit"),
        (f"Does the person in <region1> wave {WHEN}?", "No, see fact 2.", "speaks of the facts"),
        (
            f"Does the person in <region1> wave {WHEN}?",
            "No, the person in <region1> sits on an old wooden chair.",
            "the answer adds",
        ),
    ],
)
def test_the_words_must_be_those_of_the_task(task, question, answer, fault):
    found = written_fault(task, Reply(question, answer))
    assert (found is None) if fault is None else fault in found


def test_before_must_not_be_turned_round(places):
    overall = Places(told_film(), masks=False, timed=False, random=Random(0)).overall(2)
    task = build.is_before(overall, (2, 2), (3, 2))
    right = Reply(
        "Does the brown dog sit before that dog jumps?",
        "Yes, the brown dog sits and then the brown dog jumps.",
    )
    assert written_fault(task, right) is None
    turned = Reply("Does the brown dog jump before that dog sits?", right.answer)
    assert "wrong side" in written_fault(task, turned)
    after = Reply("Does the brown dog sit after that dog jumps?", right.answer)
    assert "does not say 'before'" in written_fault(task, after)


@pytest.mark.parametrize(
    ("forms", "same"),
    [
        (("walks", "walk", "walking", "walked"), True),
        (("bounces", "bounce", "bouncing"), True),
        (("flies", "fly", "flying"), True),
        (("sits", "sit", "sitting"), True),
        (("left", "right"), False),
        (("jumps", "waves"), False),
    ],
)
def test_stems(forms, same):
    assert (len({stem(form) for form in forms}) == 1) is same


def test_an_ordinal_stands_only_where_two_regions_share_a_noun():
    film = told_film()
    task = next(
        t
        for seed in range(20)
        for t in pick_tasks(film, True, False, 60, Random(seed))
        if t.form == "open" and t.focus == "while" and set(t.scope.subjects) == {0, 2}
    )
    reply = Reply("While {other} runs, what does {who} do?".format(**task.slots), "{who} sits.")
    _, answer, _ = published(task, Reply(reply.question, reply.answer.format(**task.slots)))
    assert answer in ("the person sits.", "the dog sits.")
