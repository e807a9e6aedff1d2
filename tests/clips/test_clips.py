import itertools
from pathlib import Path

import numpy as np
import pytest
import scenedetect

from drawn_world.draw_films import write_world
from drawn_world.truth import load_truth
from helpers.films import turn_film, write_colours, write_film_of_sizes, write_frames
from helpers.shards import MeanColour, video_of, write_shard
from helpers.shared_data import shared_data
from strefer.agents.embedder import load_embedder
from strefer.clips import cut_clips as clips
from strefer.frames import iterate_pictures, read_frames
from strefer.records import Clips, Video
from strefer.stage.run import Shard, read_records

OPTIONS = {
    "shot_detector": "content",
    "content_threshold": 20.0,
    "embedding_fps": 3.0,
    "distance_threshold": 10.0,
    "min_segment_s": 1.0,
}
DEMO = OPTIONS | {"distance_threshold": 4.25, "min_segment_s": 2.0}
ROOT = Path(__file__).resolve().parents[2]
TEACHER = ROOT / "resources" / "teachers" / "embedder"
RED, GREEN, BLUE = (200, 30, 30), (30, 180, 40), (30, 40, 220)


def blend(first, second, count):
    return [
        tuple(round(a + (b - a) * i / count) for a, b in zip(first, second, strict=True))
        for i in range(count)
    ]


def segments_of(path, **options):
    return clips.segment_film(video_of(path), OPTIONS | options, MeanColour()).segments


def assert_tiles(segments, duration_s):
    assert segments[0].start_s == 0.0
    assert segments[0].begins_with == "start"
    assert segments[-1].end_s == duration_s
    for before, after in itertools.pairwise(segments):
        assert before.end_s == after.start_s
    assert [s.index for s in segments] == list(range(len(segments)))
    assert all(s.end_s > s.start_s for s in segments)


def test_cuts_and_gradual_changes_are_found(tmp_path):
    colours = [RED] * 24 + [BLUE] * 24 + blend(BLUE, GREEN, 16) + [GREEN] * 24
    path = write_colours(tmp_path / "a.mp4", colours)
    segments = segments_of(path, distance_threshold=300.0)
    assert_tiles(segments, 11.0)
    assert [s.begins_with for s in segments] == ["start", "cut", "change"]
    assert segments[1].start_s == 3.0
    assert 6.0 < segments[2].start_s < 8.0


class NarrowColour(MeanColour):
    """`MeanColour` with all cosines between 0.9 and 1, as some embedders have them."""

    def embed_images(self, images):
        rows = super().embed_images(images) * np.sqrt(0.1)
        rows = np.pad(rows, ((0, 0), (0, 1)), constant_values=np.sqrt(0.9))
        return rows.astype(np.float32)


def test_an_embedder_that_spreads_less_gives_the_same_segments(tmp_path):
    rng = np.random.default_rng(4)
    scenes = [np.clip(rng.normal(c, 8, (24, 3)), 0, 255) for c in ((60, 60, 90), (70, 90, 60))]
    colours = [*scenes[0].astype(int).tolist(), *scenes[1].astype(int).tolist()]
    film = video_of(write_colours(tmp_path / "a.mp4", colours))
    wide, narrow = (
        clips.segment_film(
            film, OPTIONS | {"content_threshold": 200.0, "distance_threshold": 4.5}, embedder()
        )
        for embedder in (MeanColour, NarrowColour)
    )
    assert [s.begins_with for s in wide.segments] == ["start", "change"]
    assert narrow.segments == wide.segments


def test_cuts_are_those_of_scenedetect(tmp_path):
    rng = np.random.default_rng(5)
    colours = [c for c in rng.integers(20, 235, (6, 3)).tolist() for _ in range(24)]
    path = write_colours(tmp_path / "a.mp4", colours, size=(300, 400))
    scenes = scenedetect.detect(
        path, scenedetect.ContentDetector(threshold=20, min_scene_len=1.0), start_in_scene=True
    )
    expected = [start.seconds for start, _ in scenes]
    found = [s.start_s for s in segments_of(path, distance_threshold=2000.0)]
    assert len(found) > 3
    assert found == pytest.approx(expected)


def test_a_montage_breaks_at_cuts_and_keeps_those_inside(tmp_path):
    """A cut every 1.3 s, while no segment may be shorter than 2 s."""
    rng = np.random.default_rng(5)
    scenes = rng.permutation([RED, GREEN, BLUE, (240, 220, 40), (20, 20, 20), (250, 250, 250)])
    colours = [tuple(int(c) for c in scenes[i % 6]) for i in range(16) for _ in range(13)]
    video = video_of(write_colours(tmp_path / "a.mp4", colours, fps=10))
    found = clips.segment_film(video, OPTIONS | {"min_segment_s": 2.0}, MeanColour())
    assert found.cuts_s == pytest.approx([1.3 * i for i in range(1, 16)])
    assert [s.start_s for s in found.segments] == pytest.approx([2.6 * i for i in range(8)])
    assert {s.begins_with for s in found.segments[1:]} == {"cut"}
    assert_tiles(found.segments, video.duration_s)


@pytest.mark.parametrize(
    ("n_frames", "fps"), [(1, 8), (2, 8), (5, 8), (3, 30)], ids=["one", "two", "short", "shorter"]
)
def test_films_shorter_than_a_second_are_one_segment(tmp_path, n_frames, fps):
    path = write_colours(tmp_path / "a.mp4", ([RED, BLUE] * n_frames)[:n_frames], fps=fps)
    segments = segments_of(path)
    assert len(segments) == 1
    assert_tiles(segments, video_of(path).duration_s)


def test_variable_frame_rates(tmp_path):
    times_ms = [0, 40, 80, 500, 1000, 1900, 2000, 2040, 2080, 2500, 3000, 4000, 4040]
    colours = [RED if t < 2000 else GREEN for t in times_ms]
    path = write_colours(tmp_path / "a.mp4", colours, times_ms=times_ms)
    segments = segments_of(path)
    assert [s.start_s for s in segments] == [0.0, 2.0]
    assert_tiles(segments, video_of(path).duration_s)


@pytest.mark.parametrize("name", ["a.mkv", "a.ts"])
def test_rates_that_change_a_gap_and_a_start_before_zero(tmp_path, name):
    """8 s at 24000/1001 and 8 s at 60 a second, a gap of 5 s between; hard cuts in each and at the
    seam."""
    slow = [round(1001 * i / 24 - 700) for i in range(192)]
    fast = [round(12_308 + 1000 * i / 60) for i in range(480)]
    cuts_ms = [0, slow[96], fast[0], fast[240]]
    shown = [RED, BLUE, GREEN, (200, 30, 200)]
    times_ms = slow + fast
    pictures = [
        np.full((48, 64, 3), shown[sum(t >= cut for cut in cuts_ms[1:])], np.uint8)
        for t in times_ms
    ]
    before_s = 0.7 if name == "a.ts" else 0.0  # Matroska has no times below zero
    times_ms = [round(ms + 700 - 1000 * before_s) for ms in times_ms]
    path = write_frames(
        tmp_path / name, pictures, fps=60, times_ms=times_ms, options={"bf": "0", "crf": "10"}
    )
    assert next(iterate_pictures(path)).frame.time == pytest.approx(-before_s)
    segments = segments_of(str(path), distance_threshold=2.0)
    assert_tiles(segments, video_of(path).duration_s)
    assert [s.begins_with for s in segments] == ["start", "cut", "cut", "cut"]
    found = [s.start_s for s in segments]
    expected = [(ms + 700) / 1000 for ms in (-700, *cuts_ms[1:])]
    assert found == pytest.approx(expected, abs=0.002)
    assert segments[-1].end_s == pytest.approx((fast[-1] + 700) / 1000 + 1 / 60, abs=0.03)
    # What is seen at a time is what is shown at it, also in the gap.
    for time_s, colour in ((3.9, RED), (4.1, BLUE), (10.0, BLUE), (13.02, GREEN), (17.1, shown[3])):
        (frame,) = read_frames(path, [time_s])
        assert frame[24, 32] == pytest.approx(colour, abs=12)


@pytest.mark.parametrize("times_ms", [[0, 0, 40, 40, 80, 80], [0] * 6], ids=["pairs", "all"])
def test_doubled_timestamps(tmp_path, times_ms):
    pictures = [np.full((48, 64, 3), c, np.uint8) for c in (RED, BLUE) * 3]
    path = write_frames(
        tmp_path / "a.mkv", pictures, codec="ffv1", pixel_format="bgr0", times_ms=times_ms
    )
    assert_tiles(segments_of(str(path), min_segment_s=0.0), video_of(path).duration_s)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_film_has_the_segments_of_an_upright_one(tmp_path, degrees):
    colours = [RED] * 24 + [BLUE] * 24 + blend(BLUE, GREEN, 16) + [GREEN] * 24
    upright = segments_of(write_colours(tmp_path / "a.mp4", colours), distance_threshold=300.0)
    turned = turn_film(Path(write_colours(tmp_path / "b.mp4", colours)), degrees)
    assert len(upright) == 3
    assert segments_of(str(turned), distance_threshold=300.0) == upright


def test_a_change_of_size_is_no_cut(tmp_path):
    path = write_film_of_sizes(tmp_path / "a.mkv", [(64, 96), (128, 96), (36, 64)])
    segments = segments_of(str(path), distance_threshold=2000.0)
    assert_tiles(segments, 3.0)
    assert len(segments) == 1


def test_no_segment_is_shorter_than_allowed(tmp_path):
    rng = np.random.default_rng(1)
    lengths = rng.integers(1, 30, 30)
    colours = [
        c
        for c, n in zip(rng.integers(0, 255, (30, 3)).tolist(), lengths, strict=True)
        for _ in range(n)
    ]
    path = write_colours(tmp_path / "a.mp4", colours)
    for least in (0.5, 1.0, 3.0, 1000.0):
        segments = segments_of(path, min_segment_s=least)
        assert_tiles(segments, video_of(path).duration_s)
        assert len(segments) == 1 or min(s.end_s - s.start_s for s in segments) >= least - 1e-5


def test_a_shard_with_a_film_that_went_away(tmp_path, monkeypatch):
    good = video_of(write_colours(tmp_path / "a.mp4", [RED] * 24 + [BLUE] * 24))
    gone = Video(str(tmp_path / "gone.mp4"), "1" * 64, 3.0, 8.0, 24, 64, 48)
    shard = write_shard(tmp_path / "videos.jsonl", [("a", good), ("gone", gone)])
    monkeypatch.setattr(clips, "load_embedder", lambda spec: MeanColour())
    clips.cut_clips(
        shard,
        Shard(tmp_path / "clips.jsonl", tmp_path / "store", {}),
        options=OPTIONS,
        embedder={},
        threads=1,
    )
    records = read_records(tmp_path / "clips.jsonl", Clips)
    assert [s.start_s for s in records["a"][0].segments] == [0.0, 3.0]
    assert "gone.mp4" in (tmp_path / "clips.jsonl").read_text().splitlines()[1]


@pytest.fixture(scope="module")
def teacher():
    if not TEACHER.is_dir():
        pytest.skip(f"no {TEACHER}; make it with `snakemake teachers`")
    return load_embedder({"adapter": "open_clip", "model": str(TEACHER), "device": "cpu"})


def test_the_changes_of_held_out_demo_films_are_found(tmp_path, teacher):
    names = write_world("held_out", 8, tmp_path, first=500)
    counts = {"hard": [0, 0, 0], "gradual": [0, 0, 0]}
    for name in names:
        truth = load_truth(tmp_path / "truth" / f"{name.removesuffix('.mp4')}.json")
        path = tmp_path / "videos" / f"{name.removesuffix('.mp4')}.mp4"
        segments = clips.segment_film(video_of(str(path)), DEMO, teacher).segments
        for kind, begins_with in (("hard", "cut"), ("gradual", "change")):
            found = [s.start_s for s in segments if s.begins_with == begins_with]
            true = [b.time_s for b in truth.boundaries if b.kind == kind]
            hits = sum(any(abs(f - t) <= 0.5 for f in found) for t in true)
            counts[kind] = [
                a + b for a, b in zip(counts[kind], (hits, len(found), len(true)), strict=True)
            ]
    f1 = {kind: 2 * hits / (found + true) for kind, (hits, found, true) in counts.items()}
    assert f1["hard"] >= 0.9, counts
    assert f1["gradual"] >= 0.75, counts


@pytest.mark.parametrize("name", ["bedroom.mp4", "children_tracking_demo.mp4"])
def test_single_shots_of_the_real_world_stay_whole(name, teacher):
    video = video_of(str(shared_data(f"videos/{name}")))
    segments = clips.segment_film(video, DEMO, teacher).segments
    assert [(s.start_s, s.end_s) for s in segments] == [(0.0, video.duration_s)]
