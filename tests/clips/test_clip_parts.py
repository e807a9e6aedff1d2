"""Segments in two overlapping parts each."""

from helpers.shards import write_shard
from strefer.clips.cut_parts import cut_parts, parts_of
from strefer.records import Clips, Segment
from strefer.stage.run import Shard, read_lines, read_records

CLIPS = Clips((Segment(0, 0.0, 5.0, "start"), Segment(1, 5.0, 7.5, "cut")))


def test_the_parts_reach_to_either_end_and_overlap():
    parts = parts_of(CLIPS).segments
    assert [part.index for part in parts] == [0, 1, 2, 3]
    assert [(part.start_s, part.end_s) for part in parts] == [
        (0.0, 3.0), (2.0, 5.0), (5.0, 6.5), (6.0, 7.5),
    ]  # fmt: skip


def test_a_film_without_segments_has_no_parts(tmp_path):
    clips = write_shard(tmp_path / "clips.jsonl", [("a", CLIPS), ("b", "cannot be decoded")])
    output = tmp_path / "parts.jsonl"
    cut_parts(clips, Shard(output, tmp_path / "store", {"code": "1"}))
    assert read_records(output, Clips) == {"a": [parts_of(CLIPS)]}
    assert len(read_lines(output)) == 1
