"""The target `try`: a rehearsal of a run on two of its films."""

import json

import pytest

from helpers.configurations import read_configuration
from strefer.workflow.rehearsal import recorded, recording, rehearsed_films
from strefer.workflow.stages import jobs_of_shard

from .conftest import ONE_FILM

FILMS = {f"{name}.mp4": f"/films/{name}.mp4" for name in "abcd"}


def test_the_first_two_films_are_taken_or_those_that_are_named():
    assert list(rehearsed_films(FILMS, [])) == ["a.mp4", "b.mp4"]
    assert list(rehearsed_films(FILMS, ["d.mp4"])) == ["d.mp4"]
    with pytest.raises(ValueError, match=r"there is no film 'a.mp'; did you mean 'a.mp4'"):
        rehearsed_films(FILMS, ["a.mp"])


def test_chat_models_are_told_to_record_and_no_others():
    specs = {
        "video_llm": {"adapter": "vllm", "record": "mine.jsonl"},
        "detector": {"adapter": "transformers"},
    }
    told = recorded(specs, "try.jsonl")
    assert told["video_llm"]["record"] == "try.jsonl"
    assert told["detector"] == specs["detector"]
    assert recorded({"assigner": {"adapter": "embedder"}}, "x") == {
        "assigner": {"adapter": "embedder"}
    }
    assert recorded({"assigner": {"adapter": "chat"}}, "x")["assigner"]["record"] == "x"


def test_another_prompt_or_model_begins_another_recording(tmp_path):
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Who?")
    prompts = {"entity_recognizer": str(prompt)}
    first = recording("entities", "results/x", ["code"], prompts)
    assert first.startswith("results/x/asked/entities-")
    assert first == recording("entities", "results/x", ["code"], prompts)
    assert first != recording("entities", "results/x", ["other code"], prompts)
    prompt.write_text("Who is there?")
    assert first != recording("entities", "results/x", ["code"], prompts)


@pytest.mark.workflow
def test_the_target_plans_the_real_stages_in_a_run_of_its_own(workplace):
    named = json.dumps(["input_000003.mp4"])
    done = workplace.run("-n", config=("run=tried", f"rehearse={named}"), targets=("try",))
    assert "results/tried-try/try.html" in done.stdout
    assert "results/tried-try/instructions/00000-of-00001.jsonl" in done.stdout
    assert "results/tried/" not in done.stdout
    assert "train_checkpoint" not in done.stdout


@pytest.mark.workflow
def test_each_job_of_a_shard_has_a_store_of_its_own(workplace):
    """Else a second look would lose its results when the store is swept, and what it took."""
    target = "results/unmade/instructions/00000-of-00001.jsonl"
    jobs = workplace.plan({"run": "unmade"} | ONE_FILM, targets=[target])
    stores = [job.params.store for job in jobs if job.params.get("store")]
    assert len(stores) == len(set(stores)) == 11


@pytest.mark.workflow
@pytest.mark.long
def test_a_rehearsal_of_the_demo_shows_what_its_agents_said(workplace):
    done = workplace.run(config=("run=demo",), targets=("try",))
    run = workplace.results("demo-try")
    page = (run / "try.html").read_text(encoding="utf-8")
    assert "Rehearsal of demo" in page
    assert "Nothing that a program can detect" in page
    assert "The active entities are" in page
    assert page.count("Frames as the model saw them") >= 4
    assert "12 film(s)" in page
    told = done.stdout + done.stderr
    assert "results/demo-try/try.html" in told
    # What the terminal shows is complete, too: every job that each shard has, and the whole run.
    for name in jobs_of_shard(read_configuration("config")):
        assert f"\n  {name:14}" in told
    assert "THE WHOLE RUN\n  12 film(s)" in told
    assert "    transcripts: {mem_mb:" in told
    # It has nothing to do a second time.
    again = workplace.run("-n", config=("run=demo",), targets=("try",))
    assert "Nothing to be done" in again.stdout
