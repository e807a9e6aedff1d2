"""The starting student: what it is asked, its hints, its training, and the shipped checkpoint."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from drawn_world.draw_films import read_world, write_world
from drawn_world.teachers.student import loop
from drawn_world.teachers.student import train as student
from drawn_world.teachers.student.attention_hints import Look, Looks, in_sight
from drawn_world.teachers.student.clips import films_and_clips
from drawn_world.teachers.student.data import film_samples
from drawn_world.teachers.student.hints import Hints, shown_by_pair
from drawn_world.teachers.student.loop import train_student
from drawn_world.teachers.student.option_hints import OptionHints
from drawn_world.vocabulary import all_expressions
from strefer.agents.chat.tokenizer import read_tokenizer
from strefer.times import seconds_of
from strefer.videollm.architecture.model import IGNORED
from strefer.videollm.architecture.tokens import add_tokens
from strefer.videollm.building import build_student, settings_of
from strefer.videollm.data.batches import collate
from strefer.videollm.data.frame_source import KeptFeatures
from strefer.videollm.data.processor import Processor
from strefer.videollm.data.samples import sample_from_json
from strefer.videollm.student import load_student

SHIPPED = Path("resources/teachers/student")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world("held_out", 4, folder)
    return folder


@pytest.fixture(scope="module")
def truths(world):
    return list(read_world(world).values())


def samples_of(world, truth):
    path = str(world / "videos" / f"{truth.id}.mp4")
    return [{"path": path} | s for s in film_samples(truth, 32, random.Random(0))]


def text_of(one):
    return " ".join(turn["value"] for turn in one["conversations"])


def test_no_question_asks_what_somebody_does_at_a_time_or_what_the_one_in_a_mask_does(
    world, truths
):
    deeds = {action.phrase for t in truths for e in t.entities for action in e.actions}
    samples = [one for truth in truths for one in samples_of(world, truth)]
    assert len(samples) > 100
    timed = ["_time>" in text_of(one) for one in samples]
    assert 0.05 * len(samples) < sum(timed) < 0.4 * len(samples)
    for one, says_time in zip(samples, timed, strict=True):
        if "annotation" in one:
            assert one["shows"] in all_expressions()
        if "annotation" in one or says_time:
            assert not any(deed in text_of(one) for deed in deeds)


def test_a_question_about_a_time_has_the_answer_that_is_true_then(world, truths):
    checked = 0
    for truth in truths:
        named = {entity.expression: entity for entity in truth.entities}
        for one in samples_of(world, truth):
            question, answer = (turn["value"] for turn in one["conversations"])
            if answer not in ("Yes.", "No.") or "start_time" not in one:
                continue
            (asked,) = [entity for name, entity in named.items() if name in question]
            window = seconds_of(one["start_time"]), seconds_of(one["end_time"])
            share = truth.present(asked.entity_id, *window)
            assert share > 0.7 if answer == "Yes." else share < 0.1
            checked += 1
    assert checked >= 4


def test_a_clip_has_the_masks_deeds_and_times_of_its_part_of_the_film(truths):
    whole = {"film.mp4": truths[0], "other.mp4": truths[1]}
    watched = films_and_clips(whole)
    clips = {key: truth for key, truth in watched.items() if key[1]}
    assert len(clips) == 2 and len(watched) == 4
    for (path, (begin, end)), clip in clips.items():
        film = whole[path]
        start_s, length_s = seconds_of(begin), seconds_of(end) - seconds_of(begin)
        assert clip.duration_s == pytest.approx(length_s, abs=1e-3)
        first = round(start_s * film.fps)
        named = {entity.expression: entity for entity in film.entities}
        for number, entity in enumerate(clip.entities):
            assert entity.entity_id == number and entity.masks
            of_film = named[entity.expression]
            assert all(of_film.masks[first + f] == mask for f, mask in entity.masks.items())
            for window in ((0.0, length_s), (0.0, length_s / 2)):
                there = film.present(of_film.entity_id, *(start_s + t for t in window))
                assert clip.present(number, *window) == pytest.approx(there, abs=0.02)
            for action in entity.actions:
                assert action.end_s - action.start_s >= 1.0 - 1e-6
                middle = start_s + (action.start_s + action.end_s) / 2
                assert film.action(of_film.entity_id, middle, middle + 0.1).phrase == action.phrase
        gone = [e for name, e in named.items() if name not in {c.expression for c in clip.entities}]
        assert all(film.present(e.entity_id, start_s, start_s + length_s) < 0.02 for e in gone)


def test_a_look_at_a_wanted_place_costs_less(small):
    model, _ = small
    looks = Looks(model, layer=2, head=1)
    width = model.llm.config.head_dim
    keys = torch.zeros(1, 6, 4 * width)
    keys[0, 3, width : 2 * width] = 1.0
    batch = {
        "input_ids": torch.zeros(1, 6, dtype=torch.long),
        "position_ids": torch.zeros(1, 6, dtype=torch.long),
        "attention_mask": torch.ones(1, 6, dtype=torch.long),
        "blocks": torch.tensor([[6, 0]]),
    }
    losses = []
    for wanted in ([3], [3, 4], [2]):
        looks._seen = {"query": torch.full((1, 6, 4 * width), 0.5), "key": keys}
        losses.append(float(looks(batch, [Look(0, 5, wanted)])))
    assert losses[1] < losses[0] < losses[2]
    assert looks(batch, []) is None


def test_a_question_sees_its_film_and_itself():
    """Two rows: a film of two tokens with questions of two and one, and a question alone."""
    batch = {
        "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]),
        "blocks": torch.tensor([[2, 0], [2, 0], [1, 0], [2, 3]]),
    }
    places = {(0, 1): [0, 1], (0, 2): [0, 1, 2], (0, 4): [0, 1, 4], (1, 1): [0, 1]}
    rows, at = torch.tensor(list(places)).T
    seen = in_sight(batch, rows, at)
    assert [one.nonzero()[:, 0].tolist() for one in seen] == list(places.values())


def test_who_is_shown_in_a_pair_is_in_sight_there(truths):
    for truth in truths:
        pairs = shown_by_pair(truth, 32, 2)
        assert len(pairs) == 16
        seen = {all_expressions()[one.expression] for there in pairs for one in there}
        assert seen <= {entity.expression for entity in truth.entities}
        deeds = [one.deed for there in pairs for one in there]
        assert any(deed >= 0 for deed in deeds)
        assert all(deed >= 0 or deed == IGNORED for deed in deeds)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A student with few steps behind it and its tokenizer."""
    torch.set_num_threads(1)
    llm = tmp_path_factory.mktemp("llm")
    student.write_llm(llm, seed=0)
    return build_student(student.VISION, str(llm), student.SIZES, seed=0)


def test_a_vector_that_is_a_words_own_has_the_least_hint_loss(small):
    model, tokenizer = small
    hints = Hints(model, tokenizer)
    word = all_expressions()[0]
    (token,) = tokenizer(f" {word}", add_special_tokens=False).input_ids
    own = model.get_input_embeddings().weight[[token]]
    nothing = {"input_ids": torch.zeros(1, 2), "labels": torch.full((1, 2), IGNORED)}
    losses = []
    for vectors in (own, -own):
        hints._seen = {"regions": vectors}
        losses.append(float(hints([], [(word, 1)], nothing)["region"].detach()))
    assert losses[0] < losses[1]
    assert losses[0] < 1.0


def test_hints_find_the_options_of_every_question_with_a_letter_or_yes_or_no(small, world, truths):
    model, tokenizer = small
    samples = [one for truth in truths for one in samples_of(world, truth)]
    processor = Processor(tokenizer, settings_of(model, sampled_regions="all"))
    encoded = [processor.encode(sample_from_json(one), None) for one in samples]
    batch = collate(encoded, KeptFeatures(model.vision, 100), tokenizer.pad_token_id, pack=True)
    ids = batch["input_ids"].tolist()
    questions = OptionHints(model, tokenizer).questions(ids, batch["labels"].tolist())
    answers = [one["conversations"][1]["value"] for one in samples]
    assert len(questions) == len(answers)
    timed = sum("_time>" in one["conversations"][0]["value"] for one in samples)
    assert sum(one.times is not None for one in questions) == timed > 0
    named = [one for one in questions if one.name is not None]
    assert len(named) > len(questions) / 4
    for one in named:
        own = all_expressions()[one.name]
        shown = [tokenizer.decode(ids[one.row][p]) for p in range(one.answered_at)]
        assert f" {own}" in shown
    decided = [one for one in questions if one.options]
    assert len(decided) == sum(len(a) == 1 or a.startswith(("Yes", "No")) for a in answers)
    for one in decided:
        ends = {
            letter: tokenizer.decode(ids[one.row][place]) for letter, place in one.options.items()
        }
        reply = tokenizer.decode(ids[one.row][one.answered_at + 1])
        if reply in "ABCD":
            assert one.right == "ABCD".index(reply) in ends
            assert 2 <= len(ends) == max(ends) + 1 <= 4
        else:
            assert ends == {0: "?"}
            assert one.right == (0 if reply.startswith("Y") else None)
        # The place of the answer sees the option, so that it can look there.
        (seen,) = in_sight(batch, torch.tensor([one.row]), torch.tensor([one.answered_at]))
        assert all(seen[place] for place in one.options.values())


def test_what_prompts_repeat_is_one_token_and_every_expression_too():
    tokenizer = read_tokenizer(str(student.LLM))
    add_tokens(tokenizer, 100)
    for expression in all_expressions():
        assert len(tokenizer(f" {expression}", add_special_tokens=False).input_ids) == 1


def test_a_training_that_was_stopped_goes_on_and_the_loss_falls(
    small, world, tmp_path, monkeypatch
):
    model, tokenizer = small
    films = read_world(world)
    # The same samples in each step: of a few steps on others, the loss says nothing.
    same = SimpleNamespace(Random=lambda key: random.Random("same"))
    monkeypatch.setattr(loop, "random", same)
    monkeypatch.setattr(loop, "_TOLD_ALONE", 0)
    first = train_student(model, tokenizer, films, tmp_path, 0.02, seed=0)
    begun = dict(first.means)
    again = train_student(model, tokenizer, films, tmp_path, 0.25, seed=0)
    assert again.step > first.step > 0
    assert again.means["loss"] < begun["loss"]


def test_the_shipped_student_names_what_is_marked_and_another_mask_changes_the_answer(
    world, truths
):
    answers = load_student(SHIPPED)
    asked = []
    for truth in truths:
        for one in samples_of(world, truth):
            if "annotation" in one and len(one["conversations"][1]["value"]) > 4:
                asked.append(one)
    wanted = [one["conversations"][1]["value"] for one in asked]
    said = answers.answer([sample_from_json(one) for one in asked], 16)
    assert sum(a == w for a, w in zip(said, wanted, strict=True)) >= 0.6 * len(asked)
    # The same words with the mask of the film's next one.
    changed = []
    for (one, answer), (other, _) in itertools.pairwise(zip(asked, said, strict=True)):
        if one["path"] == other["path"] and one["shows"] != other["shows"]:
            swapped = sample_from_json(one | {"annotation": other["annotation"]})
            changed.append(answers.answer([swapped], 16) != [answer])
    assert len(changed) >= 3
    assert sum(changed) >= 0.6 * len(changed)


def test_the_card_names_its_training():
    card = (SHIPPED / "README.md").read_text()
    assert "the one in a mask" in card
    assert json.loads((SHIPPED / "config.json").read_text())["dtype"] == "float32"
