import itertools
import json
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
import scenedetect

from clipper_memory import clipper_peaks_mb
from films import repeat_film, turn_film, write_film_of_sizes, write_textured_film
from shared_data import shared_data
from strefer import clips, frames, segmentation
from strefer.agents.embedder import load_embedder
from strefer.cuts import CutDetector
from strefer.demo.films import write_world
from strefer.demo.truth import load_truth
from strefer.records import Clips, Video, to_json
from strefer.stage import read_records

OPTIONS = {
    "content_threshold": 20.0,
    "embedding_fps": 3.0,
    "distance_threshold": 0.1,
    "min_segment_s": 1.0,
}
DEMO = OPTIONS | {"distance_threshold": 0.35, "min_segment_s": 2.0}
ROOT = Path(__file__).resolve().parents[1]
TEACHER = ROOT / "resources" / "teachers" / "embedder"
RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 180, 40), (30, 40, 220), (120, 120, 120)


class MeanColour:
    """Embeds a frame as its mean colour: enough of an embedder to see what is made of it."""

    def best_size(self, size):
        return size

    def __init__(self):
        self.largest_batch = 0

    def embed_images(self, images):
        self.largest_batch = max(self.largest_batch, len(images))
        means = images.reshape(len(images), -1, 3).mean(1) + 1e-3
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)


def write_colours(path, colours, fps=8, size=(48, 64), times_ms=None):
    """A film of single-coloured frames."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width = size
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "10"}
        if times_ms is not None:
            from fractions import Fraction

            stream.codec_context.time_base = Fraction(1, 1000)
        for i, colour in enumerate(colours):
            picture = np.empty((*size, 3), np.uint8)
            picture[:] = colour
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if times_ms is not None:
                frame.pts, frame.time_base = times_ms[i], stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return str(path)


def blend(first, second, count):
    return [
        tuple(round(a + (b - a) * i / count) for a, b in zip(first, second, strict=True))
        for i in range(count)
    ]


def video_of(path):
    shape = frames.measure(path)
    return Video(path, "0" * 64, **vars(shape))


def segments_of(path, **options):
    return clips.segment_film(video_of(path), OPTIONS | options, MeanColour())


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
    segments = segments_of(path, distance_threshold=0.4)
    assert_tiles(segments, 11.0)
    assert [s.begins_with for s in segments] == ["start", "cut", "change"]
    assert segments[1].start_s == 3.0
    assert 6.0 < segments[2].start_s < 8.0


def test_cuts_are_those_of_scenedetect(tmp_path):
    rng = np.random.default_rng(5)
    colours = [c for c in rng.integers(20, 235, (6, 3)).tolist() for _ in range(24)]
    path = write_colours(tmp_path / "a.mp4", colours, size=(300, 400))
    scenes = scenedetect.detect(
        path, scenedetect.ContentDetector(threshold=20, min_scene_len=1.0), start_in_scene=True
    )
    expected = [start.seconds for start, _ in scenes]
    found = [s.start_s for s in segments_of(path, distance_threshold=2.0)]
    assert len(found) > 3
    assert found == pytest.approx(expected)


def test_scores_are_those_of_scenedetect():
    """Cuts can only differ where a score is close to the threshold: these are the same numbers."""
    rng = np.random.default_rng(2)
    theirs = scenedetect.ContentDetector(threshold=20)
    ours = CutDetector(20, 1.0, 25.0, (64, 48)).detector
    for i in range(20):
        frame = rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        time = scenedetect.FrameTimecode(i, 25.0)
        expected = theirs._calculate_frame_score(time, frame)
        score = ours._calculate_frame_score(time, np.ascontiguousarray(frame[:, :, ::-1]))
        assert score == pytest.approx(expected, abs=1e-9)
    assert expected > 20


class RecordingDetector(scenedetect.ContentDetector):
    """PySceneDetect's own detector, with its scores in order."""

    def __init__(self, **options):
        super().__init__(**options)
        self.scores = []

    def process_frame(self, timecode, frame_img):
        cuts = super().process_frame(timecode, frame_img)
        self.scores.append(self._frame_score)
        return cuts


@pytest.mark.parametrize("name", ["01_dog", "03_blocks", "04_coffee", "bedroom"])
def test_real_films_have_the_scores_of_scenedetect(name):
    """The scaled frames are nearly those of OpenCV: averaging would be off by up to 4."""
    path = str(shared_data(f"videos/{name}.mp4"))
    theirs = RecordingDetector(threshold=20)
    scenedetect.detect(path, theirs)
    video = video_of(path)
    ours = CutDetector(20, 0.6, video.fps, (video.width_px, video.height_px))
    scores = []
    for picture in frames.iterate_pictures(path):
        small = picture.pixels(ours.size, interpolation="FAST_BILINEAR")
        assert ours.feed(picture.time_s, small) == []
        scores.append(ours.detector._frame_score)
    differences = np.abs(np.subtract(scores, theirs.scores))
    assert differences.mean() < 0.25
    assert differences.max() < 1.0


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


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_film_has_the_segments_of_an_upright_one(tmp_path, degrees):
    colours = [RED] * 24 + [BLUE] * 24 + blend(BLUE, GREEN, 16) + [GREEN] * 24
    upright = segments_of(write_colours(tmp_path / "a.mp4", colours), distance_threshold=0.4)
    turned = turn_film(Path(write_colours(tmp_path / "b.mp4", colours)), degrees)
    assert len(upright) == 3
    assert segments_of(str(turned), distance_threshold=0.4) == upright


def test_a_change_of_size_is_no_cut(tmp_path):
    path = write_film_of_sizes(tmp_path / "a.mkv", [(64, 96), (128, 96), (36, 64)])
    segments = segments_of(str(path), distance_threshold=2.0)
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


def test_clustering_is_average_linkage_of_neighbours():
    rng = np.random.default_rng(3)
    for threshold in (0.05, 0.2, 0.6, 1.0):
        points = rng.normal(size=(40, 5)).cumsum(0)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        assert segmentation.cluster_neighbours(points, threshold) == slow_clusters(
            points, threshold
        )


def slow_clusters(points, threshold):
    """The definition, word by word: all pairs of all neighbouring clusters at every merge."""
    clusters = [[i] for i in range(len(points))]
    while len(clusters) > 1:
        distances = [
            np.mean([1 - points[i] @ points[j] for i in a for j in b])
            for a, b in itertools.pairwise(clusters)
        ]
        nearest = int(np.argmin(distances))
        if distances[nearest] >= threshold:
            break
        clusters[nearest : nearest + 2] = [clusters[nearest] + clusters[nearest + 1]]
    return [cluster[0] for cluster in clusters]


def test_memory_does_not_grow_with_the_film(tmp_path):
    embedder = MeanColour()
    path = write_colours(tmp_path / "a.mp4", [RED] * 400, size=(240, 320))
    video = video_of(path)
    tracemalloc.start()
    clips.segment_film(video, OPTIONS | {"embedding_fps": 8.0}, embedder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert embedder.largest_batch == clips._EMBEDDING_BATCH
    assert peak < 100 * 240 * 320 * 3, "more than 100 of the 400 frames were held"


def test_a_long_film_takes_no_more_memory_than_a_short_one(tmp_path):
    """Of the whole process, with the decoder's frames and a real embedder."""
    short = write_textured_film(tmp_path / "short.mp4", seconds=6, fps=10, size=(270, 480))
    longer = repeat_film(short, tmp_path / "long.mp4", times=12)
    short_mb, long_mb = clipper_peaks_mb(TEACHER, short, longer)
    assert long_mb < short_mb + 40, "its 720 frames are 280 MB"


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_an_hour_takes_no_more_than_two_gigabytes(tmp_path, capsys):
    minute = write_textured_film(tmp_path / "minute.mp4", seconds=60, fps=10)
    hour = repeat_film(minute, tmp_path / "hour.mp4", times=60)
    with av.open(str(hour)) as container:  # the clipper's process decodes it, and that is enough
        assert container.duration / av.time_base == pytest.approx(3600)
    [peak_mb] = clipper_peaks_mb(TEACHER, hour)
    with capsys.disabled():
        print(f"\nthe clipper on an hour of 1280 x 720: {peak_mb:.0f} MB")
    assert peak_mb <= 2000


def test_a_shard_with_a_film_that_went_away(tmp_path, monkeypatch):
    good = video_of(write_colours(tmp_path / "a.mp4", [RED] * 24 + [BLUE] * 24))
    gone = Video(str(tmp_path / "gone.mp4"), "1" * 64, 3.0, 8.0, 24, 64, 48)
    shard = tmp_path / "videos.jsonl"
    shard.write_text(
        "".join(
            json.dumps({"video_id": name} | to_json(video)) + "\n"
            for name, video in (("a", good), ("gone", gone))
        )
    )
    monkeypatch.setattr(clips, "load_embedder", lambda spec: MeanColour())
    clips.cut_clips(
        shard,
        tmp_path / "clips.jsonl",
        tmp_path / "store",
        making={},
        options=OPTIONS,
        embedder={},
        threads=1,
        strict=False,
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
        segments = clips.segment_film(video_of(str(path)), DEMO, teacher)
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
    segments = clips.segment_film(video, DEMO, teacher)
    assert [(s.start_s, s.end_s) for s in segments] == [(0.0, video.duration_s)]
