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
    parse_replies,
    published,
)
from strefer.instructions.wording.scenes import gather_scenes, scene_of
from strefer.instructions.wording.word_tasks import Reply

WHEN = "between <start_time> and <end_time>"


@pytest.fixture
def places():
    return Places(told_film(), masks=True, timed=True, random=Random(0))


@pytest.fixture
def task(places):
    return build.is_deed(places.at((1, 0)), (1, 0), "waves")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("Here you are.", "no JSON object"),
        ('["a"]', "no JSON object"),
        ('{"question": "Does it sit?"}', "answer is empty"),
        ('{"pairs": 3}', "not a list"),
        ('{"pairs": ["a"]}', "no pair"),
        ('{"question": "Why", "answer": "No."}', "question is empty or too long"),
        ('{"question": "Does it sit?", "answer": 3}', "answer is empty or too long"),
        ('{"question": "Does it sit?", "answer": "%s"}' % ("x" * 401), "too long"),
        ("{" * 100_000 + "}", "no JSON"),
    ],
)  # fmt: skip
def test_replies_that_are_no_pair(reply, message):
    with pytest.raises(ReplyError, match=message):
        parse_replies(reply)


def test_a_code_fence_is_passed_over():
    reply = parse_replies('```json\n{"question": "Does it  sit?", "answer": "No."}\n```')
    assert reply == {1: Reply("Does it sit?", "No.")}


def test_of_several_pairs_a_bad_one_costs_no_other():
    text = """Sure! {"pairs": [
        {"wanted": 2, "question": "Does it sit?", "answer": "No.", "statements": [1, 3]},
        {"wanted": 3, "question": "?", "answer": "No."},
        {"wanted": 2, "question": "Does it sit again?", "answer": "No."},
        {"wanted": 5, "question": "Where does it end up?", "options": ["Here.", "There"]}
    ]}"""
    assert parse_replies(text) == {
        2: Reply("Does it sit?", "No.", (), (1, 3)),
        3: "the question is empty or too long",
        5: Reply("Where does it end up?", "Here", ("Here", "There")),
    }
    assert parse_replies('{"pairs": []}') == {}, "all declined"


def test_the_prompt_says_what_the_answer_is(task):
    scene = scene_of([task])
    (plan,) = scene.plans()
    (cited,) = plan["cited"]
    assert scene.facts[cited - 1].text == "the person in <region1> sits"
    assert (plan["truth"], plan["answer"]) == ("no", "the person in <region1> sits")


def test_a_scene_numbers_the_regions_of_all_its_tasks(places):
    cell = (3, 1)
    one = build.is_there(places.at(cell), cell)
    two = build.is_left_of(places.at((3, 0), 1), 3, False)
    elsewhere = build.is_there(places.at((1, 0)), (1, 0))
    assert gather_scenes([one, elsewhere, two], 8) == [[0, 2], [1]]
    assert gather_scenes([one, elsewhere, two], 1) == [[0], [1], [2]]
    scene = scene_of([one, two])
    assert scene.scope.subjects == (1, 0)
    assert "the person in <region2> is to the left of the person in <region1>" in str(scene.plans())
    written = Reply("Is the person in <region2> left of the one in <region1>?", "Yes.", (), (1, 99))
    assert "person in <region1> left of the one in <region2>" in scene.reply(two, written).question
    assert "<region0>" in scene.reply(one, written).question
    assert len(scene.cells(written)) == 1
    texts = [fact.text for fact in scene.facts]
    assert len(set(texts)) == len(texts)


def test_a_region_is_named_once_and_in_the_order_of_the_question(places):
    task = build.is_left_of(places.at((3, 0), 1), 3, False)
    reply = Reply(
        "Seen from the person in <region2>, is the person in <region1> to the left of the person "
        f"in <region2> {WHEN}?",
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
        (f"Does the person in <region3> wave {WHEN}?", "names a region that is not"),
        (f"Does the person wave {WHEN}?", "does not name its regions"),
        ("Does the person in <region1> wave?", "does not name the time"),
        (f"By statement 2, does the person in <region1> wave {WHEN}?", "speaks of the statements"),
    ],
)
def test_regions_that_do_not_fit(task, question, message):
    with pytest.raises(ReplyError, match=message):
        published(task, Reply(question, "No, the person sits."))


@pytest.mark.parametrize(
    ("question", "answer", "fault"),
    [
        (f"Does the person in <region1> wave {WHEN}?", "No, the person in <region1> sits.", None),
        (f"Is the person in <region1> waving {WHEN}?", "No, the person in <region1> sits.", None),
        (f"Does the person in <region1> wave {WHEN}?", "Yes, the person waves.", "not the one"),
        (f"Does the person in <region1> jump {WHEN}?", "No, the person in <region1> sits.", "wav"),
        (f"Does the person in <region1> not wave {WHEN}?", "No, it sits.", "negated"),
        (f"Does the person in <region1> wave {WHEN}?", "No, the person in <region1> jumps.", "sit"),
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
