from strefer.workflow.stale_shards import remove_stale_shards


def test_only_files_of_other_shards_go(tmp_path):
    kept = [
        "clips/00000-of-00003.jsonl",
        "clips/notes-of-mine.jsonl",
        "logs/cut_clips/00002-of-00003.log",
        "recipes/strefer.jsonl",
        "store/clips/00000-of-00002.0.items",
        "store/clips/00000-of-00002.journal",
        "store/clips/00000-of-00003.used",
        "predictions/strefer/videomme.jsonl",
        "export/README.md",
        "export/data/00000-of-00003.parquet",
        "world/films/videos/00000-of-00002.mp4",
    ]
    stale = [
        "clips/00000-of-00002.jsonl",
        "clips/00001-of-00003.jsonl",
        "masklet_scores/00001-of-00002.jsonl",
        "logs/cut_clips/00000-of-00002.log",
        "usage/cut_clips/00000-of-00002.tsv",
        "store/clips/00000-of-00002.used",
        "export/data/00000-of-00002.parquet",
        "export/data/train.parquet",  # of an older version: `datasets` would read it, too
    ]
    for name in kept + stale:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    removed = remove_stale_shards(tmp_path, ["00000-of-00003", "00002-of-00003"])
    assert {str(path.relative_to(tmp_path)) for path in removed} == set(stale)
    left = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert left == set(kept)
    assert remove_stale_shards(tmp_path / "none", []) == []
