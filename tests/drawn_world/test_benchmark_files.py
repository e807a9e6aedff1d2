"""The demo's benchmark files: in the official formats, and true."""

import hashlib
import random
import re
from collections import Counter

import pytest

from drawn_world.plan.plan import SPLITS, plan_film
from drawn_world.questions.draw_benchmarks import draw_benchmarks
from drawn_world.questions.facts import mirrored, other_phrases
from drawn_world.questions.qvhighlights import highlights
from drawn_world.questions.tempcompass import TEMPCOMPASS_FORMS, tempcompass
from drawn_world.questions.videomme import videomme
from drawn_world.questions.videorefer import descriptions, questions
from drawn_world.truth import truth_of
from drawn_world.vocabulary import with_article
from strefer.benchmarks.registry import BENCHMARKS, load_questions
from strefer.videollm.data.samples import sample_from_json

FILMS = 14


@pytest.fixture(scope="module")
def truths():
    return [truth_of(plan_film(SPLITS["benchmark"].start + i)) for i in range(FILMS)]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmarks")
    draw_benchmarks(folder, 2, seed=0)
    return folder


def files_of(folder, name):
    paths = dict.fromkeys(("qvhighlights", "qvhighlights_balanced"), "qvhighlights.jsonl")
    paths["tempcompass"] = "tempcompass"
    annotations = folder / paths.get(name, f"{name}.json")
    return {"annotations": str(annotations), "videos": str(folder / "videos")}


def digests(folder):
    files = [p for p in folder.rglob("*") if p.is_file()]
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def deeds_of(entity):
    return [action.phrase for action in entity.actions if action.active]


def text_of(option):
    return option.partition(" ")[2].rstrip(".")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_scorers_own_loaders_read_the_files(drawn, name):
    loaded = load_questions(name, files_of(drawn, name), seed=0)
    assert len({q.id for q in loaded}) == len(loaded) > 2
    for question in loaded:
        sample = sample_from_json(question.sample)
        assert (drawn / "videos").joinpath(sample.path).exists()
        assert sample.turns[-1][1] == ""


@pytest.mark.parametrize("name", ["videorefer_q", "qvhighlights", "videomme"])
def test_right_answers_score_full_and_wrong_ones_nothing(drawn, name):
    kind = BENCHMARKS[name]
    loaded = load_questions(name, files_of(drawn, name), seed=0)
    right = kind.module.score(loaded, {q.id: q.gold for q in loaded}, None)
    assert right.metrics["accuracy"] == (100.0 if name == "videomme" else 1.0)
    other = {"A": "B", "B": "A", "C": "A", "D": "A", "yes": "no", "no": "yes"}
    wrong = kind.module.score(loaded, {q.id: other[q.gold] for q in loaded}, None)
    assert wrong.metrics["accuracy"] == 0.0


def test_tempcompass_answers_score_full_by_rule(drawn):
    loaded = load_questions("tempcompass", files_of(drawn, "tempcompass"), seed=0)
    metrics = BENCHMARKS["tempcompass"].module.score(loaded, {q.id: q.gold for q in loaded}, None)
    assert metrics.metrics["form/multi-choice"] == metrics.metrics["form/yes_no"] == 100.0
    assert metrics.metrics["form/caption_matching"] == 100.0
    assert metrics.metrics["judged"] == pytest.approx(0.25)  # the captions


def test_the_files_have_the_same_bytes_each_time(drawn, tmp_path):
    draw_benchmarks(tmp_path, 2, seed=0)
    assert digests(tmp_path) == digests(drawn)


def test_distractors_are_never_true(truths):
    for truth in truths:
        for entity in truth.entities:
            wrong = other_phrases(entity, random.Random(0), 9)
            assert not set(wrong) & set(deeds_of(entity))
            assert len(set(wrong)) == len(wrong)
            if any(action.action == "chase" for action in entity.actions):
                assert not any("to the" in phrase for phrase in wrong)
    assert mirrored("runs to the left") == "runs to the right"


def test_region_questions_are_true_and_balanced(truths):
    letters, kinds = {2: Counter(), 4: Counter()}, Counter()
    for truth in truths:
        for entry in questions(truth, truth.id, random.Random(truth.id)):
            options = [text_of(option) for option in entry["options"]]
            assert len(set(options)) == len(options)
            right = options["ABCD".index(entry["Answer"][1])]
            entities = [
                next(e for e in truth.entities if _is(e, region)) for region in entry["annotation"]
            ]
            assert entry["Question"].count("<region>") == len(entities)
            assert entry["frame_idx"] in map(str, entities[0].masks)
            _check(entry, entities, right)
            kinds[entry["type"]] += 1
            letters[len(options)][entry["Answer"]] += 1
    assert len(kinds) == 4
    assert letters[2]["(A)"] == letters[2]["(B)"] > 0
    assert max(letters[4].values()) < 0.4 * sum(letters[4].values())


def _is(entity, region):
    return all(entity.masks.get(int(f)) == shape["segmentation"] for f, shape in region.items())


def _check(entry, entities, right):
    deeds = deeds_of(entities[0])
    if entry["type"] == "Basic Questions":
        assert right == entities[0].expression
    elif entry["type"] == "Reasoning Questions":
        assert right in deeds
    elif entry["type"] == "Sequential Questions":
        before = re.search(r"this: it (.*)\?", entry["Question"]).group(1)
        assert deeds[deeds.index(before) + 1] == right
    else:
        begins = [entity.presence[0][0] for entity in entities]
        assert (begins[0] < begins[1]) == (right == "the first of the two")


def test_descriptions_tell_every_deed_in_order(truths):
    for truth in truths:
        captions = {entry["caption"] for entry in descriptions(truth, truth.id)}
        active = [entity for entity in truth.entities if entity.active and entity.masks]
        assert len(captions) == len(active)
        for entity in active:
            name = with_article(entity.expression).capitalize()
            caption = next(c for c in captions if c.startswith(f"{name} "))
            places = [caption.find(deed) for deed in dict.fromkeys(deeds_of(entity))]
            assert -1 not in places
            assert places == sorted(places)


def test_highlights_are_relevant_when_the_deed_is_done(truths):
    found = 0
    for truth in truths:
        for line in highlights(truth, truth.id):
            subject, phrase = _told(truth, line["query"])
            spans = [(a.start_s, a.end_s) for a in subject.actions if a.phrase == phrase]
            clips = {c for s, e in line["relevant_windows"] for c in range(s // 2, e // 2)}
            assert sorted(clips) == line["relevant_clip_ids"]
            assert line["duration"] <= truth.duration_s
            for clip in range(line["duration"] // 2):
                inside = any(s <= 2 * clip + 1 < e for s, e in spans)
                assert inside == (clip in clips)
            assert 2 * len(clips) <= line["duration"] / 2
            found += 1
    assert found > 2 * FILMS


def _told(truth, sentence):
    """The entity and the phrase that a sentence "The … does …." names."""
    said = sentence.removeprefix("The ").rstrip(".")
    entity = next(e for e in truth.entities if said.startswith(e.expression + " "))
    return entity, said.removeprefix(entity.expression + " ")


def test_temporal_questions_are_true_and_balanced(truths):
    answers = Counter()
    for truth in truths:
        forms = tempcompass(truth, random.Random(truth.id))
        assert tuple(forms) == TEMPCOMPASS_FORMS
        for aspect, entries in forms["caption_matching"].items():
            for entry in entries:
                said = entry["answer"].partition(": ")[2]
                assert _holds(aspect, *_told(truth, said))
                for option in entry["question"].split("\n")[1:]:
                    if option != entry["answer"]:
                        assert not _holds(aspect, *_told(truth, option.partition(": ")[2]))
        for aspect, entries in forms["yes_no"].items():
            for entry in entries:
                said = entry["question"].removeprefix("Is this true: the ").rstrip("?")
                holds = _holds(aspect, *_told(truth, said))
                assert holds == (entry["answer"] == "yes")
                answers[entry["answer"]] += 1
        for entries in forms["multi-choice"].values():
            for entry in entries:
                assert entry["answer"] in entry["question"].split("\n")[1:]
    assert abs(answers["yes"] - answers["no"]) <= FILMS


def _holds(aspect, entity, phrase):
    deeds = deeds_of(entity)
    if aspect != "order":
        return phrase in deeds
    first, second = phrase.split(", then ")
    return first in deeds and second in deeds and deeds.index(first) < deeds.index(second)


def test_whole_video_questions_are_true(truths):
    for truth in truths:
        film = videomme(truth, truth.id, random.Random(truth.id))
        present = [entity.expression for entity in truth.entities if entity.masks]
        for question in film["questions"]:
            options = [text_of(option) for option in question["options"]]
            assert len(set(options)) == 4
            right = options.pop("ABCD".index(question["answer"]))
            if question["task_type"] == "Counting Problem":
                assert right == str(len(present))
            elif question["task_type"] == "Object Recognition":
                assert right.partition(" ")[2] in present
                assert not {option.partition(" ")[2] for option in options} & set(present)
            elif question["task_type"] == "Spatial Perception":
                assert right in {scene.place for scene in truth.scenes}
                assert not set(options) & {scene.place for scene in truth.scenes}
            else:
                subject = re.fullmatch(r"What does the (.*) do\?", question["question"]).group(1)
                entity = next(e for e in truth.entities if e.expression == subject)
                assert right in deeds_of(entity)
                assert not set(options) & set(deeds_of(entity))
