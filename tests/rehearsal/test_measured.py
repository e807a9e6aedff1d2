"""From what a rehearsal took to what the whole run would."""

import time

from strefer.agents.environments import telling_of_packages
from strefer.rehearsal.measured import Measured, look_ahead, measure_jobs
from strefer.stage.journal import Journal
from strefer.stage.meter import METER
from strefer.videos.film_lengths import Films

ASKS = {name: name for name in ("entities", "tracks", "transcripts")}
ASKS["second_looks"] = "transcripts"
WHOLE = {"asks": ASKS, "gpus": {"tracks": 1, "entities": 2}, "files_a_shard": 80}


@telling_of_packages("chat model")
def load(spec):
    time.sleep(0.2)


def work(folder, stage):
    """A job of a stage that computed an item, with a model that it loaded when it was needed."""
    store = folder / "store" / stage
    store.mkdir(parents=True)
    journal = Journal(store / "00000-of-00001.journal")
    journal.begin()
    journal.taken("a" * 64, counts=True)
    load({"adapter": "transformers"})
    METER.count(prompt_tokens=100, engine_s=2.0)
    journal.answered("a" * 64)
    journal.close()


def test_journals_say_what_a_stage_took(tmp_path):
    work(tmp_path, "entities")
    rules = {"videos": "probe_videos", "entities": "recognize_entities"}
    (one,) = measure_jobs(tmp_path, rules)
    assert one.folder == "entities"
    assert one.memory_mb > 10
    assert 0.2 <= one.loading_s < 60
    assert 0 <= one.work_s < 0.15
    assert (one.rate("prompt_tokens"), one.rate("items")) == (50.0, None)


def test_work_grows_with_the_films_and_loading_with_the_jobs(tmp_path):
    measured = [
        Measured("entities", loading_s=120.0, work_s=60.0, memory_mb=900.0, gpu_mb=None, speed={}),
        Measured("tracks", loading_s=30.0, work_s=600.0, memory_mb=2100.0, gpu_mb=None, speed={}),
    ]
    films = Films(count=60, minutes=60.0, known=60)
    outlook = look_ahead(tmp_path, measured, films, 2.0, tried_pairs=100, **WHOLE)
    assert outlook.shards == 5, "18,000 s of tracking in jobs of an hour"
    entities, tracks = outlook.jobs
    assert round(entities.hours, 3) == round((5 * 120 + 30 * 60) / 3600, 3)
    assert round(entities.gpu_hours, 3) == round(2 * entities.hours, 3)
    assert tracks.runtime_min == 130, "twice of 30 s and an hour, in tens of minutes"
    assert tracks.mem_mb == 3500, "half as much again as 2,100, in steps of 500"
    assert outlook.pairs == 3000


def test_disk_and_files_are_those_of_results(tmp_path):
    for name in ("tracks/a.jsonl", "store/tracks/a.items", "asked/tracks.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * 500_000)
    measured = [Measured("tracks", 1.0, 7200.0, 100.0, None, {})]
    outlook = look_ahead(tmp_path, measured, Films(20, 20.0, 20), 10.0, 0, **WHOLE)
    assert outlook.disk_gb == 0.002
    assert outlook.files == 80 * outlook.shards == 320


def test_there_are_no_more_shards_than_films(tmp_path):
    measured = [Measured("tracks", 1.0, 72000.0, 100.0, None, {})]
    assert look_ahead(tmp_path, measured, Films(3, 30.0, 3), 10.0, 0, **WHOLE).shards == 3


def test_an_engines_processes_count_as_memory_of_its_job(tmp_path):
    work(tmp_path, "entities")
    usage = tmp_path / "usage/recognize_entities/00000-of-00001.tsv"
    usage.parent.mkdir(parents=True)
    usage.write_text("s\tmax_rss\n12.0\t70000.5\n")
    (one,) = measure_jobs(tmp_path, {"entities": "recognize_entities"})
    assert one.memory_mb == 70000.5


def test_jobs_that_ask_for_the_same_are_told_as_one(tmp_path):
    """The second look asks as often again, with the same model and resources."""
    measured = [
        Measured("transcripts", 60.0, 600.0, 900.0, None, {}),
        Measured("second_looks", 60.0, 1200.0, 1900.0, None, {}),
    ]
    outlook = look_ahead(tmp_path, measured, Films(2, 2.0, 2), 2.0, 0, **WHOLE)
    (job,) = outlook.jobs
    assert (job.stage, job.runtime_min, job.mem_mb) == ("transcripts", 50, 3000)
    assert round(outlook.hours, 3) == round((660 + 1260) / 3600, 3)
