"""The moving picture of a film."""

import pytest
from PIL import Image

from helpers.report_run import write_stages
from helpers.shards import write_shard
from strefer.report.draw_preview import draw_preview

STAGES = ("videos", "references", "masklets", "transcripts", "instructions")


def test_it_shows_every_sampled_frame(tmp_path):
    stages = write_stages(tmp_path, "a", ["The dog runs."])
    draw_preview(**{stage: stages[stage] for stage in STAGES}, output=tmp_path / "preview.webp")
    with Image.open(tmp_path / "preview.webp") as picture:
        assert (picture.n_frames, picture.size) == (2, (1100, 400))


def test_a_run_without_pairs_is_refused(tmp_path):
    stages = write_stages(tmp_path, "a", ["The dog runs."])
    stages["instructions"] = [write_shard(tmp_path / "none.jsonl", [])]
    with pytest.raises(ValueError, match="no film has masklets, transcripts and accepted pairs"):
        draw_preview(**{stage: stages[stage] for stage in STAGES}, output=tmp_path / "x.webp")
