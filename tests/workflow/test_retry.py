from helpers.shards import write_shard
from strefer.records import Entities
from strefer.workflow.retry import retry

GOOD = Entities('he says "failure": {"stage"')
STALE = "/films/b.mp4: [Errno 116] Stale file handle"
CUDA = "AcceleratorError: CUDA error: an illegal memory access was encountered"


def run(folder):
    for stage in ("clips", "entities"):
        (folder / stage).mkdir(parents=True)
    write_shard(folder / "clips/00000-of-00002.jsonl", [("a", GOOD), ("b", "truncated")])
    write_shard(folder / "clips/00001-of-00002.jsonl", [("c", GOOD)])
    write_shard(folder / "entities/00000-of-00002.jsonl", [("a", GOOD), ("b", STALE)])
    write_shard(folder / "entities/00001-of-00002.jsonl", [("c", CUDA), ("d", CUDA)])
    return folder


def names(folder, found):
    return {str(path.relative_to(folder)): count for path, count in found}


def left(folder):
    return {str(path.relative_to(folder)) for path in folder.glob("*/*.jsonl")}


def test_shards_with_failures_are_made_again(tmp_path):
    of_machine = {"entities/00000-of-00002.jsonl": 1, "entities/00001-of-00002.jsonl": 2}
    first = run(tmp_path / "first")
    assert names(first, retry(first)) == of_machine | {"clips/00000-of-00002.jsonl": 1}
    assert left(first) == {"clips/00001-of-00002.jsonl"}
    second = run(tmp_path / "second")
    assert names(second, retry(second, machine=True)) == of_machine
    assert left(second) == {"clips/00000-of-00002.jsonl", "clips/00001-of-00002.jsonl"}
