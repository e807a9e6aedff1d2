"""The procedure `concepts` on a drawn film, by a concept tracker that reads its truth. The assigner
is the demo's own."""

import numpy as np
import pytest

from drawn_world.draw_films import write_world
from drawn_world.quality.measure_masklets import score_masklets, true_references
from drawn_world.truth import load_truth
from helpers.configurations import ROOT, read_configuration
from helpers.hand_made_masklets import SIDE, box, entity, square, track_options
from helpers.shards import video_of, write_shard
from helpers.true_concepts import TrueConcepts
from strefer.agents.assigner.load import load_assigner
from strefer.agents.concept_tracker.interface import Followed
from strefer.masklets import track_entities as stage
from strefer.masklets.assign_masklets import assign_film
from strefer.masklets.options import AssignOptions, TrackOptions
from strefer.masklets.track_entities import read_film, track_by_concepts, track_entities
from strefer.masklets.tracking_concepts import dense_times, track_concepts
from strefer.masks import encode_mask
from strefer.records import References
from strefer.stage.run import Shard, read_records

CONFIG = read_configuration("config")
# Two of one kind, who never meet, and one who leaves and returns.
FILM = 36


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    [name] = write_world("input", 1, folder, first=FILM)
    truth = load_truth(folder / "truth" / f"{name}.json")
    assert {"never_together", "leaves_returns", "same_category"} <= set(truth.hard_cases)
    return video_of(folder / "videos" / f"{name}.mp4"), truth


def options(**changed):
    return TrackOptions(**CONFIG["tracks"] | {"procedure": "concepts"} | changed)


def followed_in(video, entities, tracker, options):
    read = read_film(video, entities, options)
    return track_by_concepts(video, entities, read, tracker, options)


@pytest.mark.parametrize("window_s", [180.0, 5.0])
def test_what_is_named_is_followed_and_assigned(world, window_s):
    """Also over windows: whoever is in sight where two windows meet stays one track."""
    video, truth = world
    tracker = TrueConcepts(truth, video.path)
    references = true_references(truth)
    tracked = followed_in(
        video, references.entities, tracker, options(window_s=window_s, overlap_s=1.0)
    )
    assigner = load_assigner(
        {"adapter": "embedder", "model": str(ROOT / "resources/teachers/embedder")}
    )
    settings = AssignOptions(**CONFIG["masklets"] | {"procedure": "concepts"})
    masklets = assign_film(video, references, tracked, assigner, settings)
    scores = score_masklets(truth, masklets, "concepts")
    assert min(scores.found) == 1.0
    assert np.mean(scores.jf) > 0.95
    if window_s == 180.0:
        assert len(tracked.tracks) == len(truth.entities)  # noun and expression bring one track


def test_it_is_asked_for_nouns_and_expressions_at_its_own_rate(world):
    video, truth = world
    tracker = TrueConcepts(truth, video.path)
    entities = true_references(truth).entities
    tracked = followed_in(video, entities, tracker, options())
    [(phrases, seen, every)] = tracker.calls
    assert {e.generalized_noun for e in entities} | {e.expression for e in entities} == {*phrases}
    assert seen[::every] == [truth.frame_at(time_s) for time_s in tracked.frame_times_s]
    assert 4 <= len(seen) / video.duration_s <= 6


@pytest.mark.parametrize("times_s", [[2.0], [0.0, 1.0, 2.0], [0.0, 0.1, 0.2]])
def test_times_in_between(times_s):
    dense, every = dense_times(times_s, 5.0)
    assert dense[::every] == times_s
    assert dense == sorted(dense)
    assert all(np.diff(dense) <= 0.3)


class Scripted:
    def __init__(self, *found):
        self.found = found

    def follow(self, frames, n_frames, phrases, every=1, max_objects=None):
        self.asked, self.max_objects = phrases, max_objects
        return list(self.found)


def followed(phrase, x, frames, score=0.9):
    return Followed(
        phrase, score, frames[0], box(x, 0), {f: encode_mask(square(x, 0)) for f in frames}
    )


def test_one_object_by_two_phrases_is_one_track_and_a_doubtful_one_is_none():
    named = [entity("the small dog", "dog"), entity("her puppy", "puppy", "dog")]
    tracker = Scripted(
        followed("dog", 0, range(2, 9)),
        followed("dog", 20, range(4)),
        followed("her puppy", 0, range(2, 8)),
        followed("the small dog", 10, [5], score=0.4),
    )
    frames = iter(np.zeros((9, SIDE, SIDE, 3), np.uint8))
    starts, tracks = track_concepts(frames, 9, 1, named, tracker, track_options(max_objects=7))
    assert tracker.asked == ["dog", "the small dog", "her puppy"]
    assert tracker.max_objects == 7
    assert starts == [0, 2]
    assert [(t.noun, list(t.masks), len(t.detections)) for t in tracks] == [
        ("dog", [*range(2, 9)], 2),
        ("dog", [*range(4)], 1),
    ]


def test_another_wording_is_asked_anew_and_nothing_else(world, tmp_path, monkeypatch):
    video, truth = world
    tracker = TrueConcepts(truth, video.path)
    monkeypatch.setattr(stage, "load_concept_tracker", lambda spec: tracker)
    monkeypatch.setattr(stage, "load_detector", lambda spec: pytest.fail("loaded"))
    entities = true_references(truth).entities

    def run(entities):
        write_shard(tmp_path / "videos.jsonl", [("a", video)])
        write_shard(tmp_path / "references.jsonl", [("a", References(entities))])
        shard = Shard(tmp_path / "tracks.jsonl", tmp_path / "store", {"code": "1"})
        arguments = (vars(options()), {"concept_tracker": {}})
        track_entities(tmp_path / "videos.jsonl", tmp_path / "references.jsonl", shard, *arguments)
        return read_records(tmp_path / "tracks.jsonl", stage.Tracks)["a"][0]

    assert len(run(entities).tracks) == len(truth.entities)
    run(entities)
    assert len(tracker.calls) == 1
    run((entity("the one in the middle", "person"), *entities))
    assert len(tracker.calls) == 2
    assert run(()).tracks == ()
    assert len(tracker.calls) == 2
