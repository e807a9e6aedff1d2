"""The demo's base data: true, of its own films, and without times."""

import itertools
import json
import random
import re
from collections import Counter

import pytest

from drawn_world.plan.plan import SPLITS, plan_film
from drawn_world.questions.draw_base import draw_base, samples_of
from drawn_world.truth import truth_of
from strefer.videollm.data.samples import sample_from_json

FILMS = 12


@pytest.fixture(scope="module")
def told():
    """(truth, question, answer, sample) of every sample."""
    rows = []
    for i in range(FILMS):
        truth = truth_of(plan_film(SPLITS["base"].start + i))
        for sample in samples_of(truth, random.Random(i)):
            question, answer = (turn["value"] for turn in sample["conversations"])
            rows.append((truth, question, answer, sample))
    return rows


def test_files_are_the_same_each_time_and_read_by_the_trainer(tmp_path):
    for name in ("one", "two"):
        draw_base(tmp_path / name, 1, seed=3)
    text = (tmp_path / "one" / "base.json").read_text()
    assert text == (tmp_path / "two" / "base.json").read_text()
    samples = json.loads(text)
    assert len({sample["id"] for sample in samples}) == len(samples) > 8
    for sample in samples:
        assert (tmp_path / "one" / sample["path"]).exists()
        read = sample_from_json(sample | {"path": str(tmp_path / "one" / sample["path"])})
        assert read.turns[0][1]


def test_films_of_the_splits_are_disjoint():
    ranges = sorted((seeds.start, seeds.stop) for seeds in SPLITS.values())
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(ranges))
    assert {"base", "benchmark", "input", "train", "held_out"} <= SPLITS.keys()


def test_no_sample_says_a_time(told):
    for _, question, answer, sample in told:
        assert "_time>" not in question + answer
        assert not {"start_time", "end_time", "clip_timestamps"} & sample.keys()


def test_existence_is_true_and_balanced(told):
    answers = Counter()
    for truth, question, answer, _ in told:
        if not question.startswith("<image>\nIs there"):
            continue
        subject = question.split(" ", 3)[3].split("?")[0]
        there = subject in {entity.expression for entity in truth.entities}
        assert answer == ("Yes." if there else "No.")
        answers[answer] += 1
    assert answers["Yes."] == answers["No."] > FILMS


def test_choices_of_who_is_shown_have_one_right_option_and_letters_no_favourite(told):
    letters, checked = Counter(), 0
    for truth, question, answer, sample in told:
        if len(answer) > 1:
            continue
        lines = [re.match(r"\(?([A-D])[.)] (.*?)\.?$", line) for line in question.split("\n")]
        options = {found[1]: found[2] for found in lines if found}
        assert len(set(options.values())) == len(options) >= 2
        letters[answer] += len(options) == 4
        if "annotation" in sample:
            right = {_shown(truth, sample).expression}
        elif "is in the video?" in question:
            right = {entity.expression for entity in truth.entities}
        else:
            continue
        named = {letter: re.sub("^an? ", "", option) for letter, option in options.items()}
        assert [letter for letter, option in named.items() if option in right] == [answer]
        checked += 1
    assert checked > 2 * FILMS
    assert max(letters.values()) < 0.4 * sum(letters.values())


def _shown(truth, sample):
    (region,) = sample["annotation"]
    assert len(region) <= 8
    return next(
        entity
        for entity in truth.entities
        if all(entity.masks.get(int(f)) == shape["segmentation"] for f, shape in region.items())
    )


def test_descriptions_are_of_the_region_that_is_shown(told):
    seen = Counter()
    for truth, _, answer, sample in told:
        if "annotation" not in sample or len(answer) == 1:
            continue
        entity = _shown(truth, sample)
        deeds = [action.phrase for action in entity.actions if action.active]
        if answer.startswith("It "):
            assert all(deed in answer for deed in deeds)
        else:
            assert answer[2:].strip(" .") == entity.expression
        seen[answer.startswith("It ")] += 1
    assert seen[True] > FILMS
    assert seen[False] > FILMS
