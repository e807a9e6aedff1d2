"""From what a rehearsal took to what the whole run would."""

from strefer.rehearsal.measured import Measured, look_ahead, measure_stages
from strefer.stage.journal import Journal
from strefer.stage.meter import METER
from strefer.videos.film_lengths import Films

RESOURCES = {"tracks": {"gpus": 1}, "entities": {"gpus": 2}}


def work(folder, stage):
    """A job of a stage that computed an item."""
    store = folder / "store" / stage
    store.mkdir(parents=True)
    journal = Journal(store / "00000-of-00001.journal")
    journal.begin()
    journal.taken("a" * 64, counts=True)
    METER.count(prompt_tokens=100, engine_s=2.0)
    journal.answered("a" * 64)
    journal.close()


def test_journals_say_what_a_stage_took(tmp_path):
    work(tmp_path, "entities")
    (one,) = measure_stages(tmp_path, ["videos", "entities"])
    assert one.stage == "entities"
    assert one.memory_mb > 10
    assert 0 <= one.loading_s < 60
    assert 0 <= one.work_s < 60
    assert (one.rate("prompt_tokens"), one.rate("items")) == (50.0, None)


def test_work_grows_with_the_films_and_loading_with_the_jobs(tmp_path):
    measured = [
        Measured("entities", loading_s=120.0, work_s=60.0, memory_mb=900.0, gpu_mb=None, speed={}),
        Measured("tracks", loading_s=30.0, work_s=600.0, memory_mb=2100.0, gpu_mb=None, speed={}),
    ]
    films = Films(count=60, minutes=60.0, known=60)
    outlook = look_ahead(tmp_path, measured, films, 2.0, tried_pairs=100, resources=RESOURCES)
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
    outlook = look_ahead(tmp_path, measured, Films(20, 20.0, 20), 10.0, 0, {})
    assert outlook.disk_gb == 0.002
    assert outlook.files == 2 * outlook.shards == 8


def test_there_are_no_more_shards_than_films(tmp_path):
    measured = [Measured("tracks", 1.0, 72000.0, 100.0, None, {})]
    assert look_ahead(tmp_path, measured, Films(3, 30.0, 3), 10.0, 0, {}).shards == 3
