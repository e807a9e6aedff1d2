import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from strefer.stage.journal import read_journal
from strefer.stage.meter import Meter, describe, metered
from strefer.stage.run import Item, Shard, run_stage
from strefer.workflow.store_upkeep import made_by, speeds_of


@pytest.fixture
def meter(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")  # no nvidia-smi
    one = Meter()
    one.begin()
    return one


def test_calls_within_calls_and_of_several_threads_count_once(meter):
    def call(_):
        with meter.engine(), meter.engine():
            time.sleep(0.2)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, range(4)))
    assert 0.2 <= meter.end()["engine_s"] < 0.6


def test_waiting_counts_only_while_the_engine_does_nothing(meter):
    with meter.waiting("decode"):
        time.sleep(0.1)
    with meter.engine(), meter.waiting("decode"):
        time.sleep(0.3)
    sums = meter.end()
    assert 0.1 <= sums["decode_s"] < 0.25
    assert sums["engine_s"] >= 0.3
    assert sums["other_s"] < 0.2
    assert sum(sums[name] for name in ("engine_s", "decode_s", "other_s")) == pytest.approx(
        sums["seconds"], abs=0.01
    )


def test_the_line_has_rates_and_shares():
    sums = {"seconds": 10.0, "items": 20, "film_s": 600.0, "engine_s": 9.0, "decode_s": 0.5}
    assert describe(sums) == (
        "2 items/s, 60 seconds of film/s, the engine worked 90%, waiting for frames 5%"
    )


def test_a_stage_says_its_speed_and_keeps_it_for_provenance_and_report(tmp_path, caplog):
    @metered
    def engine(item):
        time.sleep(0.02)
        return {"text": item.video_id}

    def worker(items):
        return ((item, engine(item)) for item in items)

    items = [Item(name, name, film_s=30.0) for name in "abc"]
    shard = Shard(tmp_path / "clips/x.jsonl", tmp_path / "store/clips", {"code": "1"})
    with caplog.at_level("INFO"):
        run_stage("clips", items, lambda: worker, shard)
    [line] = [r.getMessage() for r in caplog.records if r.getMessage().startswith("speed: ")]
    assert "items/s" in line
    assert "the engine worked" in line
    [job] = read_journal(tmp_path / "store/clips/x.journal").jobs
    assert (job.end["speed"]["items"], job.end["speed"]["film_s"]) == (3, 90)
    assert job.end["speed"]["engine_s"] >= 0.06
    [kind] = made_by(tmp_path)["clips"]
    assert kind["speed"] == job.end["speed"]
    assert speeds_of(tmp_path) == {"clips": line.removeprefix("speed: ")}


def test_gpus_are_asked_by_nvidia_smi_for_this_job_alone(tmp_path, monkeypatch):
    script = tmp_path / "nvidia-smi"
    script.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nfor n in 90 [N/A] 70; do echo "$n, 1$n"; done\n'
        "exec sleep 60\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    meter = Meter()
    meter.begin()
    deadline = time.monotonic() + 20
    while len(meter._gpus._samples) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    sums = meter.end()
    assert sums["gpu_s"] == pytest.approx(0.8 * sums["seconds"], abs=0.01)
    assert meter.gpu_mb == pytest.approx(190 * 1.048576, abs=0.1)
    assert "-i 1" in (tmp_path / "asked").read_text()
    assert json.dumps(sums)
