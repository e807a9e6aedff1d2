"""The demo's base data: true, of its own films, and without times."""

import itertools
import json
import random
from collections import Counter

import pytest

from strefer.demo.base_data import draw_base, samples_of
from strefer.demo.plan import SPLITS, plan_film
from strefer.demo.truth import truth_of
from strefer.videollm.samples import sample_from_json

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


def test_choices_have_one_right_option_and_no_favourite_letter(told):
    letters = Counter()
    for truth, question, answer, sample in told:
        options = [line[4:] for line in question.split("\n") if line[:1] == "("]
        if not options:
            continue
        assert len(set(options)) == 4
        if "annotation" in sample:
            right = {_shown(truth, sample).expression}
        else:
            right = {entity.expression for entity in truth.entities}
        assert [letter for letter, o in zip("ABCD", options, strict=True) if o in right] == [answer]
        letters[answer] += 1
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
    for truth, question, answer, sample in told:
        if "annotation" not in sample or "\n(" in question:
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
