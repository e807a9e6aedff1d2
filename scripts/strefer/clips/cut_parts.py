"""Stage `clip_parts`: every segment in two overlapping parts, for the transcriber's second look.

Who does something throughout a segment does it in either part. So a line of the transcript that a
part does not repeat is in doubt: the transcriber was wrong, or the segment contains more than one
scene.
"""

from __future__ import annotations

from pathlib import Path

from strefer.clips.appearance import line_of
from strefer.records import Clips, Segment, to_json
from strefer.stage.run import Item, Shard, Worker, one_by_one, read_records, run_stage

PART = 0.6  # of a segment: half of it is too short for much that is slow, or comes again and again


def cut_parts(clips: Path, shard: Shard) -> None:
    """Write a shard file of `Clips` records whose segments are the parts of those of `clips`.

    Args:
        clips: shard file of the segments.
    """
    records = read_records(clips, Clips)
    items = [
        Item(film, content=[to_json(segment) for segment in found.segments], context=found)
        for film, (found,) in records.items()
    ]

    def start() -> Worker:
        return one_by_one(lambda item: line_of(parts_of(item.context)))

    run_stage("clip_parts", items, start, shard)


def parts_of(clips: Clips) -> Clips:
    """The first and the last `PART` of each segment, side by side and numbered through."""
    parts: list[Segment] = []
    for segment in clips.segments:
        part_s = PART * (segment.end_s - segment.start_s)
        for start_s in (segment.start_s, segment.end_s - part_s):
            limits_s = round(start_s, 6), round(start_s + part_s, 6)
            parts.append(Segment(len(parts), *limits_s, "part"))
    return Clips(tuple(parts))
