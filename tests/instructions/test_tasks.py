import itertools
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from drawn_world.teachers.llm.metadata import synthetic_film
from helpers.told_films import told_film
from strefer.instructions.proposals.pick_tasks import even_shares, pick_tasks
from strefer.instructions.verification.claims import evaluate
from strefer.instructions.verification.witnesses import TranscriptWitness
from strefer.instructions.wording.check_reply import written_fault
from strefer.instructions.wording.phrasings import load_phrasings
from strefer.instructions.wording.question_prompt import (
    parse_replies,
    published,
    question_prompt,
    reply_text,
)
from strefer.instructions.wording.scenes import gather_scenes, scene_of
from strefer.instructions.wording.word_tasks import (
    REFUSAL,
    Reply,
    right_answer,
    write_reply,
)
from strefer.prompts import load_prompt

CONFIG = Path(__file__).resolve().parents[2] / "config"
STYLES = list(itertools.product((False, True), (False, True)))  # masks, timed


@pytest.fixture(scope="module")
def phrasings():
    return load_phrasings(CONFIG / "phrasings" / "questions.txt")


def films():
    return [told_film()] + [synthetic_film(Random(seed)) for seed in range(25)]


@pytest.mark.parametrize(("masks", "timed"), STYLES)
def test_as_many_yes_as_no_for_every_statement(masks, timed):
    for film in films():
        tasks = pick_tasks(film, masks, timed, 40, Random(1))
        asked = [task for task in tasks if task.form == "yes_no"]
        assert sum(task.truth for task in asked) * 2 == len(asked)


@pytest.mark.parametrize(("masks", "timed"), STYLES)
def test_claims_hold_by_the_transcript_they_were_made_from(masks, timed):
    for film in films():
        for task in pick_tasks(film, masks, timed, 40, Random(2)):
            assert evaluate(task.claim, TranscriptWitness(film)) is not False, task.ask


@pytest.mark.parametrize(("masks", "timed"), STYLES)
def test_options_are_four_and_one_is_right(masks, timed):
    for film in films():
        for task in pick_tasks(film, masks, timed, 40, Random(3)):
            if task.form == "choice":
                assert len({task.answer, *task.wrong}) == 4
                deeds = film.deeds[task.segments[0]]
                if task.focus == "deed" and task.scope.subjects:
                    assert not set(task.wrong) & {deeds[task.scope.subjects[0]]}


@pytest.mark.parametrize(("masks", "timed"), STYLES)
def test_the_oracle_writes_what_the_checks_accept(phrasings, masks, timed):
    random = Random(4)
    seen = Counter()
    for film in films():
        for task in pick_tasks(film, masks, timed, 40, random):
            reply = write_reply(task, phrasings, random)
            assert written_fault(task, reply) is None, (task.ask, reply)
            assert parse_replies(reply_text(reply)) == {1: reply}
            question, answer, regions = published(task, reply)
            assert question.count("<region>") == len(regions)
            assert "<region" not in answer
            assert "  " not in question
            seen[task.form, task.focus] += 1
            assert task.premise == reply.answer.startswith(REFUSAL)
    assert len(seen) >= 10


@pytest.mark.parametrize(("masks", "timed"), STYLES)
def test_contradictions_are_found(phrasings, masks, timed):
    random = Random(5)
    film = told_film()
    tasks = pick_tasks(film, masks, timed, 40, random)
    for task, other in itertools.pairwise(tasks):
        wrong = contradiction(task, other, random)
        if wrong is not None and wrong.rstrip(".") != right_answer(task).rstrip("."):
            reply = write_reply(task, phrasings, random)
            assert written_fault(task, Reply(reply.question, wrong)) is not None


def contradiction(task, other, random):
    """A wrong answer near the right one; None if there is none at hand."""
    right = right_answer(task)
    if task.form == "yes_no":
        return right.replace("Yes", "No", 1) if task.truth else right.replace("No", "Yes", 1)
    if task.form == "choice":
        return random.choice(task.wrong) if task.wrong else None
    return right_answer(other) if other.form == "open" else None


@pytest.mark.parametrize("timed", [False, True])
def test_scenes_hold_every_task_once_and_describe_no_region(timed):
    prompt = load_prompt(CONFIG / "prompts" / "question_writer.txt")
    calls, written = 0, 0
    for film in films():
        tasks = pick_tasks(film, True, timed, 32, Random(3))
        scenes = gather_scenes(tasks, 8)
        assert sorted(place for scene in scenes for place in scene) == list(range(len(tasks)))
        calls, written = calls + len(scenes), written + len(tasks)
        for places in scenes:
            scene = scene_of([tasks[place] for place in places])
            text = question_prompt(prompt, scene)
            assert len(places) == 1 or not any(
                film.entities[entity].expression in text.split("Statements:")[-1]
                for entity in scene.scope.subjects
            )
            for task in scene.tasks:
                assert film.agreeing(scene.here(task.ask, task)) in text
                assert scene.there(scene.here(task.ask, task), task) == task.ask
    assert calls < written / 2


@pytest.mark.parametrize("timed", [False, True])
def test_of_what_an_entity_does_by_turns_the_time_alone_tells_the_right_window(timed):
    same = Counter()
    for film in films():
        asked = [t for t in pick_tasks(film, False, timed, 60, Random(9)) if t.focus == "deed"]
        for one, two in itertools.combinations([t for t in asked if t.form == "yes_no"], 2):
            if one.couple == two.couple:
                same[one.scope.subjects == two.scope.subjects] += 1
    # Of a film as a whole, or in a clip, it may as well be told by who does it.
    assert same[True] > 5 * same[False] if timed else same[False] > 0


@pytest.mark.parametrize("masks", [False, True])
def test_a_deed_is_asked_of_a_window_without_the_entity_too(masks):
    tasks = [t for film in films() for t in pick_tasks(film, masks, True, 40, Random(8))]
    deeds = [task for task in tasks if (task.form, task.focus) == ("yes_no", "deed")]
    absent = [t for t in deeds if t.scope.film.deeds[t.segments[0]][t.scope.subjects[0]] is None]
    assert 0.1 * len(deeds) < len(absent) < 0.5 * len(deeds)
    assert all(
        right_answer(t).startswith("No, ") and "is not there" in right_answer(t) for t in absent
    )
    yes = {(t.scope.film.digest, t.scope.subjects, t.slots["deed"]) for t in deeds if t.truth}
    assert all((t.scope.film.digest, t.scope.subjects, t.slots["deed"]) in yes for t in absent)


def test_mask_questions_do_not_describe_their_regions(phrasings):
    random = Random(6)
    for film in films():
        for task in pick_tasks(film, True, False, 40, random):
            question = write_reply(task, phrasings, random).question
            assert not any(film.entities[e].expression in question for e in task.scope.subjects)


def test_regions_need_pixels_in_a_clip():
    film = told_film(without=(1,))
    for timed in (False, True):
        for task in pick_tasks(film, True, timed, 60, Random(7)):
            assert 1 not in task.scope.subjects
            if task.scope.clip_s:
                for entity in task.scope.subjects:
                    assert film.has_pixels(entity, *task.scope.clip_s)


def test_the_same_seed_draws_the_same_and_another_seed_does_not():
    film = told_film()
    asks = [[t.ask for t in pick_tasks(film, False, True, 12, Random(s))] for s in (8, 8, 9)]
    assert asks[0] == asks[1] != asks[2]


def test_a_film_without_anybody_gives_no_tasks():
    film = told_film(deeds=((None, None, None),) * 2)
    assert pick_tasks(film, False, True, 10, Random(0)) == []


def test_prompts_are_short_and_complete():
    prompt = load_prompt(CONFIG / "prompts" / "demo" / "question_writer.txt")
    for film in films():
        for task in pick_tasks(film, False, True, 12, Random(1)):
            text = question_prompt(prompt, scene_of([task]))
            assert task.ask in text
            assert len(task.facts) <= 8
            assert len(text.split()) < 260


def test_even_shares_serve_the_smallest_first():
    assert even_shares(12, [100, 100, 100]) == [4, 4, 4]
    assert even_shares(12, [1, 100, 100]) == [1, 6, 5]
    assert even_shares(12, [0, 2, 3]) == [0, 2, 3]


def test_the_deed_that_a_question_names_is_no_option():
    asked = [
        task
        for film in films()
        for task in pick_tasks(film, False, False, 60, Random(1))
        if task.form == "choice" and task.focus in ("after", "before")
    ]
    assert asked
    assert not [task for task in asked if task.slots["deed"] in (task.answer, *task.wrong)]
