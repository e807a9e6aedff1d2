"""A run's item store from outside: where results come from, and what is swept."""

import json
import os
import subprocess
import sys

import pytest

from strefer.files import ROOT, digest_of, dumps
from strefer.stage.run import Item, Shard, one_by_one, run_stage
from strefer.workflow import provenance, store_upkeep
from strefer.workflow.configuration.complete import complete
from strefer.workflow.stale_shards import remove_stale_shards

SHARDS = ("00000-of-00002", "00001-of-00002")


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """Runs stage `clips` over films; the machine it runs on is called `cpu`."""

    def run(films, shard=SHARDS[0], code="1", cpu="a", fail=()):
        facts = {"hardware": {"cpu": cpu}, "software": {"python": "3"}}
        monkeypatch.setattr("strefer.stage.journal.job_facts", lambda: facts)
        computed = []

        def one(item):
            computed.append(item.video_id)
            if item.video_id in fail:
                raise ValueError("broken")
            return {"text": item.content * 1000}

        items = [Item(film, film) for film in films]
        output = tmp_path / "clips" / f"{shard}.jsonl"
        place = Shard(output, tmp_path / "store" / "clips", {"code": code})
        run_stage("clips", items, lambda: one_by_one(one), place)
        return computed

    return run


def made_by(folder):
    return [(k["hardware"]["cpu"], k["items"]) for k in store_upkeep.made_by(folder)["clips"]]


def test_a_call_that_computes_nothing_changes_nothing_about_where_results_come_from(
    stage, tmp_path
):
    stage("abc", cpu="H200", fail="c")
    before = store_upkeep.made_by(tmp_path)
    [kind] = before["clips"]
    assert (kind["items"], kind["jobs"]) == (2, 1)
    assert kind["max_memory_mb"] > 10
    assert list(kind["warnings"].values()) == [1, 1]
    assert stage("ab", cpu="login node") == []
    assert store_upkeep.made_by(tmp_path) == before


def test_each_result_has_the_machine_that_made_it(stage, tmp_path):
    stage("abc", cpu="H200")
    stage("abcd", cpu="A100")
    assert made_by(tmp_path) == [("A100", 1), ("H200", 3)]
    stage("abcd", cpu="A100", code="2")
    assert made_by(tmp_path) == [("A100", 4)], "results that are not in use do not count"


def test_films_that_moved_to_other_shards_keep_theirs(stage, tmp_path):
    stage("ab", SHARDS[0], cpu="H200")
    stage("cd", SHARDS[1], cpu="A100")
    remove_stale_shards(tmp_path, ["00000-of-00001"])
    assert stage("abcd", "00000-of-00001", cpu="login node") == []
    assert made_by(tmp_path) == [("A100", 2), ("H200", 2)]


def test_the_runs_record_holds_it(stage, tmp_path):
    stage("ab", cpu="H200")
    config = complete({"agents": agents()})
    provenance.write_provenance(tmp_path, ROOT, config, {}, {}, {}, finished=False)
    about = json.loads((tmp_path / "provenance.json").read_text())
    assert about["results"]["clips"][0]["hardware"] == {"cpu": "H200"}


def agents():
    import yaml

    return yaml.safe_load((ROOT / "config/config.yaml").read_text())["agents"]


def test_a_sweep_says_first_and_drops_what_nobody_uses(stage, tmp_path):
    stage("ab", SHARDS[0], code="1")
    stage("cd", SHARDS[1], code="1")
    stage("ab", SHARDS[0], code="2")
    files = {p: p.read_bytes() for p in (tmp_path / "store/clips").iterdir()}
    [told] = store_upkeep.sweep(tmp_path, dry_run=True)
    assert (told.items, told.bytes > 2000) == (2, True)
    assert {p: p.read_bytes() for p in (tmp_path / "store/clips").iterdir()} == files
    size = sum(p.stat().st_size for p in (tmp_path / "store/clips").glob("*.items"))
    assert store_upkeep.sweep(tmp_path, dry_run=False) == [told]
    left = sum(p.stat().st_size for p in (tmp_path / "store/clips").glob("*.items"))
    assert size - left == told.bytes
    assert stage("ab", SHARDS[0], code="2") == stage("cd", SHARDS[1], code="1") == []
    assert store_upkeep.sweep(tmp_path, dry_run=True)[0].items == 0
    assert stage("ab", SHARDS[0], code="1") == ["a", "b"]


def test_a_sweep_leaves_alone_what_it_does_not_know(stage, tmp_path):
    stage("ab", SHARDS[0])
    (tmp_path / f"clips/{SHARDS[1]}.jsonl").touch()
    [told] = store_upkeep.sweep(tmp_path, dry_run=False)
    assert told.items == 0
    assert "older version" in told.skipped


def test_results_of_an_older_version_are_moved(stage, tmp_path, caplog):
    made = {"stage": "clips", "making": {"code": "1"}}
    for film in "abc":
        digest = digest_of(made | {"content": film})
        path = tmp_path / "store/clips" / digest[:2] / f"{digest[2:]}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dumps({"text": film}) if film != "c" else '{"text": "torn')
    assert stage("z") == ["z"]
    assert "store move" in caplog.text
    assert list(store_upkeep.move_old_items(tmp_path)) == [("clips", 2)]
    assert stage("abc") == ["c"]
    lines = (tmp_path / f"clips/{SHARDS[0]}.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {"video_id": "a", "text": "a"}
    assert not [p for p in (tmp_path / "store/clips").iterdir() if p.is_dir()]


def test_deaths_are_forgotten_when_asked(stage, tmp_path):
    import contextlib

    from strefer.stage.run import MachineFault

    store, output = tmp_path / "store/clips", tmp_path / f"clips/{SHARDS[0]}.jsonl"

    def large(item):
        if item.video_id == "b":
            raise MemoryError("16 GB")
        return {"text": item.content}

    def run():
        shard = Shard(output, store, {"code": "1"})
        run_stage("clips", [Item(f, f) for f in "abc"], lambda: one_by_one(large), shard)

    for _ in range(3):
        with contextlib.suppress(MachineFault):
            run()
    assert "killed the process 3 times" in output.read_text()
    assert store_upkeep.forget_deaths(tmp_path) == 1
    with pytest.raises(MachineFault):
        run()


def command(*arguments):
    """A command in a process of its own, which holds the run's lock."""
    return subprocess.run(
        [sys.executable, "-m", "strefer", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_look_after_a_run(stage, tmp_path):
    stage("ab", fail="b")
    stage("ab", fail="b", code="2")
    assert "0.0 MB would be freed" in command("store", "sweep", tmp_path, "--dry-run").stdout
    assert "clips\t1 results" in command("store", "sweep", tmp_path).stdout
    assert command("store", "move", tmp_path).returncode == 0
    assert "1 failed; the next call retries them" in command("retry", tmp_path).stdout
    assert stage("ab", code="2") == ["b"]
    absent = command("retry", tmp_path / "nowhere")
    assert (absent.returncode, "there is no run" in absent.stderr) == (2, True)
