"""The cross-check of transcripts with masklets: who says that an entity is there?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from strefer.files import atomic_write, dumps
from strefer.records import Masklets
from strefer.stage.run import read_records


def add_disagreements(transcripts: Path, masklets: Path) -> None:
    """Fill the field `disagreements` of every line of a shard file of transcripts.

    An entity is a disagreement in a segment if the transcript has a line for it and its masklet
    no pixel in any of the segment's sampled frames, or the reverse. Both are kept. An entity that
    got no masklet at all or is unknown, and a segment in which no frame was sampled, say nothing.
    Films without masklets keep `null`.
    """
    tracked = read_records(masklets, Masklets)
    with open(transcripts, encoding="utf-8") as file:
        lines = [json.loads(text) for text in file]
    with atomic_write(transcripts) as file:
        for line in lines:
            if "failure" not in line and line["video_id"] in tracked:
                found = disagreements_of(
                    line["lines"], line["start_s"], line["end_s"], tracked[line["video_id"]][0]
                )
                line["disagreements"] = [e for e in found if str(e) not in line.get("unknown", {})]
            file.write(dumps(line) + "\n")


def disagreements_of(
    lines: Sequence[str | None], start_s: float, end_s: float, masklets: Masklets
) -> list[int]:
    """Positions of the entities that transcript and masklet see differently."""
    inside = {
        str(index)
        for index, time_s in enumerate(masklets.frame_times_s)
        if start_s <= time_s < end_s
    }
    if not inside:
        return []
    return [
        masklet.entity
        for masklet in sorted(masklets.masklets, key=lambda masklet: masklet.entity)
        if bool(inside & masklet.masks.keys()) != (lines[masklet.entity] is not None)
    ]
