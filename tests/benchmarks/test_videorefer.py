import json

import pytest

from strefer.benchmarks import videorefer_d, videorefer_q
from strefer.prompts import Prompt
from strefer.videollm.data.samples import sample_from_json

RLE = {"size": [2, 2], "counts": "04"}
OBJECT = {"0": {"segmentation": RLE}, "30": {"segmentation": None}, "60": {"segmentation": RLE}}
ASKED = {
    "id": 7,
    "video": "a.mp4",
    "Question": "Who is left of <object1><region>, is it <object0><region>?",
    "type": "Relationship Questions",
    "options": ["(A) yes", "(B) no"],
    "Answer": "(B)",
    "frame_idx": "0",
    "annotation": [OBJECT, OBJECT],
}
DESCRIBED = {
    "id": 1,
    "video": "a.mp4",
    "caption": "A dog sits.",
    "frame_idx": "60",
    "annotation": [OBJECT],
}
TEMPLATE = Prompt("judge", "{{ question }}|{{ answer }}|{{ prediction }}")
MARKS = "1. Subject Correspondence: {}\n2. Appearance Description: {}\n3. Temporal Description: {}"
LAST = "\n4. Hallucination Detection: {}"


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def test_questions_show_regions_without_names_and_without_missing_masks(tmp_path):
    path = write(tmp_path / "q.json", [ASKED])
    (question,) = videorefer_q.load(path, tmp_path, {})
    sample = sample_from_json(question.sample)
    assert sample.turns[0][0].count("<region>") == len(sample.regions) == 2
    assert "<object" not in sample.turns[0][0]
    assert set(sample.regions[0]) == {0, 60}
    assert sample.frame_keys == "raw"
    assert sample.path == str(tmp_path / "a.mp4")
    assert sample.turns[0][0].endswith("choices directly.")
    assert question.gold == "B"


def test_questions_accuracy_is_pooled_and_by_type(tmp_path):
    other = ASKED | {"id": 8, "type": "Basic Questions", "Answer": "(A)"}
    third = ASKED | {"id": 9, "type": "Basic Questions"}
    questions = videorefer_q.load(write(tmp_path / "q.json", [ASKED, other, third]), tmp_path, {})
    scored = videorefer_q.score(questions, {"7": "(B) no", "8": "A) yes", "9": "A"}, None)
    assert scored.metrics == {
        "accuracy": pytest.approx(2 / 3),
        "type/Basic Questions": 0.5,
        "type/Relationship Questions": 1.0,
        "strict": pytest.approx(2 / 3),
        "answered": 1.0,
    }
    assert [row.points for row in scored.rows] == [1.0, 1.0, 0.0]


def test_what_is_missing_is_named(tmp_path):
    entry = {key: value for key, value in ASKED.items() if key != "options"}
    with pytest.raises(ValueError, match="q.json, entry 0: 'options' is missing"):
        videorefer_q.load(write(tmp_path / "q.json", [entry]), tmp_path, {})


NO_MASK = ({"0": {"segmentation": None}}, {"0": None}, {}, None)


@pytest.mark.parametrize("masks", NO_MASK)
def test_an_object_without_a_mask_costs_one_line_and_its_question(tmp_path, caplog, masks):
    entries = [DESCRIBED | {"id": 5, "annotation": [masks]}, DESCRIBED]
    questions = videorefer_d.load(write(tmp_path / "d.json", entries), tmp_path, {})
    assert [q.id for q in questions] == ["1"]
    assert "entry 0: left out: object 0 has no mask" in caplog.text
    entries = [ASKED | {"id": 5, "annotation": [OBJECT, masks]}, ASKED]
    questions = videorefer_q.load(write(tmp_path / "q.json", entries), tmp_path, {})
    assert [q.id for q in questions] == ["7"]
    assert "entry 0: left out: object 1 has no mask" in caplog.text


@pytest.mark.parametrize(
    ("objects", "reason"), [([OBJECT], "about 2 regions, and 1 are annotated"), ([], "no object")]
)
def test_a_question_about_other_regions_than_annotated_is_left_out(
    tmp_path, caplog, objects, reason
):
    path = write(tmp_path / "q.json", [ASKED | {"annotation": objects}, ASKED | {"id": 8}])
    assert [q.id for q in videorefer_q.load(path, tmp_path, {})] == ["8"]
    assert reason in caplog.text


@pytest.mark.parametrize("index", ["60", 60])
def test_a_single_frame_may_be_named_by_a_number(tmp_path, index):
    path = write(tmp_path / "q.json", [ASKED | {"frame_idx": index}])
    (question,) = videorefer_q.load(path, tmp_path, {"single_frame": True})
    assert [set(r) for r in sample_from_json(question.sample).regions] == [{60}, {60}]


@pytest.mark.parametrize(
    ("said", "official", "strict"),
    [
        ("(B) no", 1.0, 1.0),
        ("b", 1.0, 1.0),
        ("b) no", 1.0, 1.0),
        (".B", 1.0, 1.0),
        (" B", 0.0, 1.0),
        ("The answer is B.", 0.0, 1.0),
        ("no", 0.0, 1.0),
        ("Be careful", 1.0, 0.0),
        ("(B) or (A)", 1.0, 0.0),
        ("", 0.0, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_letters_are_read_officially_and_with_care(tmp_path, said, official, strict):
    questions = videorefer_q.load(write(tmp_path / "q.json", [ASKED]), tmp_path, {})
    metrics = videorefer_q.score(questions, {"7": said}, None).metrics
    assert (metrics["accuracy"], metrics["strict"]) == (official, strict)


def test_descriptions_show_all_masks_or_one(tmp_path):
    path = write(tmp_path / "d.json", [DESCRIBED])
    (question,) = videorefer_d.load(path, tmp_path, {})
    assert set(sample_from_json(question.sample).regions[0]) == {0, 60}
    (question,) = videorefer_d.load(path, tmp_path, {"single_frame": True})
    assert set(sample_from_json(question.sample).regions[0]) == {60}


def test_descriptions_are_averaged_by_respect_then_over_the_four(tmp_path):
    second = DESCRIBED | {"id": 2}
    questions = videorefer_d.load(write(tmp_path / "d.json", [DESCRIBED, second]), tmp_path, {})
    asked = []

    def judge(prompts):
        asked.extend(prompts)
        # The second reply lacks a respect, which counts for nothing there.
        return [(MARKS + LAST).format(5, 4, 3, 2), MARKS.format(1, 2, 3)]

    scored = videorefer_d.score(questions, {"1": "A cat.", "2": "A dog."}, judge, TEMPLATE)
    assert asked == [
        "Describe <region>.|A dog sits.|A cat.",
        "Describe <region>.|A dog sits.|A dog.",
    ]
    assert scored.metrics == {
        "average": (3 + 3 + 3 + 2) / 4,
        "subject_correspondence": 3.0,
        "appearance_description": 3.0,
        "temporal_description": 3.0,
        "hallucination_detection": 2.0,
        "judged": 0.5,
        "strict": (3 + 3 + 3 + 2) / 4,
        "answered": 1.0,
    }
    assert [row.judged for row in scored.rows][1] == MARKS.format(1, 2, 3)


def test_descriptions_cannot_be_scored_without_a_judge(tmp_path):
    questions = videorefer_d.load(write(tmp_path / "d.json", [DESCRIBED]), tmp_path, {})
    assert set(videorefer_d.score(questions, {"1": "A dog."}, None).metrics.values()) == {None}


def test_what_got_no_description_is_not_judged_and_strictly_worth_nothing(tmp_path):
    path = write(tmp_path / "d.json", [DESCRIBED, DESCRIBED | {"id": 2}])
    questions = videorefer_d.load(path, tmp_path, {})
    said = {"1": "A dog.", "2": None}
    judge = lambda prompts: [(MARKS + LAST).format(4, 4, 4, 4)] * len(prompts)  # noqa: E731
    scored = videorefer_d.score(questions, said, judge, TEMPLATE)
    metrics = scored.metrics
    assert (metrics["average"], metrics["strict"], metrics["answered"]) == (4.0, 2.0, 0.5)
    assert [row.points for row in scored.rows] == [4.0, None]


SUBJECT = "Subject Correspondence"


@pytest.mark.parametrize(
    ("reply", "official", "strict"),
    [
        ("1. Subject Correspondence: 4", 4, 4),
        ("1. Subject Correspondence: 4.5", 4.5, 4.5),
        ("1. Subject Correspondence: 0.5", 0.5, 0.5),
        ("1. Subject Correspondence: 4.5/5", 4.5, 4.5),
        ("1. Subject Correspondence: 4 / 5", 4, 4),
        ("1. Subject Correspondence: 3 out of 5", 3, 3),
        ("1. Subject Correspondence: 7", 7, None),
        ("1. Subject Correspondence: -1", None, None),
        ("1. Subject Correspondence (0-5): 3", None, 3),
        ("1. **Subject Correspondence**: **4**", None, 4),
        ("subject correspondence: 4", None, 4),
        ("- Subject Correspondence - 4", None, 4),
        ("| Subject Correspondence | 4 |", None, 4),
        ('{"subject_correspondence": 4, "appearance_description": 2}', None, 4),
        ('{"Subject Correspondence": {"score": 2}}', None, 2),
        ("1. Subject Correspondence: 5\nUnlike Subject Correspondence, 3 things", 5, 5),
        ("Subject Correspondence: 1 of 2 named.\n1. Subject Correspondence: 3", 3, 3),
        ("<think>1. Subject Correspondence: 1</think>1. Subject Correspondence: 2", 2, 2),
        ("1. Subject Correspondence: N/A", None, None),
        ("1. Subject Correspondence: .", None, None),
        ("I cannot tell.", None, None),
    ],
)
def test_marks_are_read_officially_and_with_care(reply, official, strict):
    assert videorefer_d.official_marks(reply).get(SUBJECT) == official
    assert videorefer_d.read_marks(reply).get(SUBJECT) == strict
