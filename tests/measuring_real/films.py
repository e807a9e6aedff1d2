"""Odd film files, made by code: containers, orientations, high dynamic range, odd times, damage."""

import tempfile
from pathlib import Path

from helpers.counted_cases import outcomes
from helpers.hostile_films import write_hostile_films
from strefer.stage.run import Shard, read_lines
from strefer.videos.find_videos import list_videos
from strefer.videos.probe_videos import probe_videos

# Each case is a film, and looks at its pixels or its shape.
SHOWN = ("tests/videos/test_pictures.py",)
KINDS = ("tests/videos/test_videos.py", "-k", "every_kind_of_film")


def measure(**_):
    """How many films there are; how many come out as they should, or are refused in words."""
    with tempfile.TemporaryDirectory() as folder:
        films = Path(folder) / "films"
        good = write_hostile_films(films)
        shard = Shard(Path(folder) / "videos.jsonl", Path(folder) / "store", {})
        probe_videos(list_videos(films), shard)
        hostile = [
            line.failure is None if line.video_id in good else _is_explained(line)
            for line in read_lines(shard.output)
        ]
    right = [*hostile, *outcomes(*SHOWN).values(), *outcomes(*KINDS).values()]
    return {"films.odd": len(right), "films.right": sum(right)}


def _is_explained(line):
    """True if a damaged film has a result all the same, or a reason in words."""
    reason = line.failure and line.failure["reason"]
    return reason is None or not any(part in reason for part in ("Invalid", "{", "Errno"))
