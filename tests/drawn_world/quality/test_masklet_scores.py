"""Both masklet procedures on a drawn film, by the shipped agents, from the true expressions."""

import numpy as np
import pytest

from drawn_world.draw_films import write_world
from drawn_world.quality import measure_masklets as measured
from drawn_world.quality.measure_masklets import (
    MaskletScores,
    RememberingDetector,
    RememberingTracker,
    measure_masklets,
)
from helpers.configurations import ROOT, read_configuration
from helpers.shards import video_of, write_shard
from strefer.stage.run import Shard, read_records

TEACHERS = ROOT / "resources" / "teachers"
AGENTS = {
    "detector": {"adapter": "transformers", "model": str(TEACHERS / "detector")},
    "tracker": {"adapter": "transformers", "model": str(TEACHERS / "tracker")},
    "assigner": {"adapter": "embedder", "model": str(TEACHERS / "embedder")},
}
CONFIG = read_configuration("config")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    [film] = write_world("input", 1, folder)
    video_id = f"{film}.mp4"
    record = video_of(folder / "videos" / video_id)
    return write_shard(folder / "shard.jsonl", [(video_id, record)])


def measure(shard, tmp_path, n_films=1):
    output = tmp_path / "scores.jsonl"
    measure_masklets(
        videos=shard,
        truth_dir=shard.parent / "truth",
        n_films=n_films,
        shard=Shard(output, tmp_path / "store", {}, strict=True),
        options={"tracks": CONFIG["tracks"], "masklets": CONFIG["masklets"]},
        agents=AGENTS,
        prompt=ROOT / "config" / "prompts" / "demo" / "assigner.txt",
    )
    return read_records(output, MaskletScores)


def test_both_procedures_are_measured_on_a_film(world, tmp_path, monkeypatch):
    [(_, [ours, paper])] = measure(world, tmp_path).items()
    assert (ours.procedure, paper.procedure) == ("ours", "paper")
    assert len(paper.jf) == len(ours.jf) > 0
    assert np.mean(ours.jf) > 0.5
    monkeypatch.setattr(measured, "load_tracker", None)  # a second run loads no model
    assert measure(world, tmp_path)
    assert measure(world, tmp_path, n_films=0) == {}


def test_a_frame_is_looked_at_once_and_a_film_taken_in_once():
    looked, taken = [], []

    class Detector:
        def detect(self, frames, phrases, box_threshold, text_threshold):
            looked.extend(frames)
            return [[] for _ in frames]

    class Opened:
        def open_session(self, frames):
            taken.append(frames)
            return object()

    frames = np.arange(3 * 4 * 4 * 3, dtype=np.uint8).reshape(3, 4, 4, 3)
    detector, tracker = RememberingDetector(Detector()), RememberingTracker(Opened())
    detector.detect(frames[:2], ["dog"], 0.25, 0.5)
    assert detector.detect(frames, ["dog"], 0.25, 0.5) == [[], [], []]
    assert len(looked) == 3
    detector.detect(frames, ["cat"], 0.25, 0.5)
    assert len(looked) == 6
    assert tracker.open_session(frames) is tracker.open_session(frames.copy())
    tracker.open_session(frames + 1)
    assert len(taken) == 2
