"""How many files and bytes a run takes, told ahead."""

from helpers.configurations import read_configuration
from strefer.videos.film_lengths import Films
from strefer.workflow.requirements.disk import count_files, told_disk


def test_files_are_counted_as_a_run_leaves_them(tmp_path):
    """Eleven jobs a shard with a second look, each with its store; nine without."""
    looks = read_configuration("config")
    assert count_files(looks, 3) == (3 * 11 * (4 + 4), 3 * 11 * (4 + 18))
    without = looks | {"instructions": looks["instructions"] | {"second_look": False}}
    assert count_files(without, 1) == (9 * (4 + 4), 9 * (4 + 18))


def test_bytes_follow_from_what_is_made_so_far(tmp_path):
    config = read_configuration("config")
    files, disk = told_disk(config, 100, Films(50, 50.0, 0), tmp_path / "run")
    assert "about 8,800 for 100 shard(s), at most 24,200" in files
    assert "0.05 GB (1 MB per minute of film, assumed; free: " in disk
    for stage in ("videos", "instructions", "store/clips", "export/data"):
        (tmp_path / "run" / stage).mkdir(parents=True)
    (tmp_path / "run/videos/00000-of-00100.jsonl").write_bytes(bytes(1_000_000))
    (tmp_path / "run/instructions/00000-of-00100.jsonl").write_bytes(bytes(1_000_000))
    (tmp_path / "run/store/clips/00000-of-00100.0.items").write_bytes(bytes(3_000_000))
    (tmp_path / "run/export/data/00000-of-00001.parquet").write_bytes(bytes(1_000_000))
    (tmp_path / "run/logs").mkdir()
    (tmp_path / "run/logs/clips.log").write_bytes(bytes(9_000_000))
    *_, disk = told_disk(config, 100, Films(50, 50.0, 4), tmp_path / "run")
    assert "0.075 GB (1.5 MB per minute of film, like its 4 films so far;" in disk
