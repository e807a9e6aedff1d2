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
    }
    assert [row.points for row in scored.rows] == [1.0, 1.0, 0.0]


def test_what_is_missing_is_named(tmp_path):
    entry = {key: value for key, value in ASKED.items() if key != "options"}
    with pytest.raises(ValueError, match="q.json, entry 0: 'options' is missing"):
        videorefer_q.load(write(tmp_path / "q.json", [entry]), tmp_path, {})
    entry = DESCRIBED | {"annotation": [{"0": {"segmentation": None}}]}
    with pytest.raises(ValueError, match="entry 0: no frame of the object has a mask"):
        videorefer_d.load(write(tmp_path / "d.json", [entry]), tmp_path, {})


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
    }
    assert [row.judged for row in scored.rows][1] == MARKS.format(1, 2, 3)


def test_descriptions_cannot_be_scored_without_a_judge(tmp_path):
    questions = videorefer_d.load(write(tmp_path / "d.json", [DESCRIBED]), tmp_path, {})
    assert set(videorefer_d.score(questions, {"1": "A dog."}, None).metrics.values()) == {None}


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("subject correspondence: 4", {"Subject Correspondence": 4.0}),
        ("**Temporal Description**: 0", {"Temporal Description": 0.0}),
        ("1. Subject Correspondence: 7", {}),
        (
            "Temporal Description: 1 of 2 named.\nTemporal Description: 3",
            {"Temporal Description": 3.0},
        ),
        ("I cannot tell.", {}),
    ],
)
def test_marks_are_read_where_they_are_sound(reply, marks):
    assert videorefer_d.read_marks(reply) == marks
