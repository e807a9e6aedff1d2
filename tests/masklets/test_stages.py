"""The stages `tracks` and `masklets`, with real models of random weights where models are run."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco

from drawn_world.teachers.tracker.model import new_tracker, tracker_processor
from helpers import tiny_detector
from helpers.films import turn_film, write_film, write_film_of_sizes
from helpers.hand_made_masklets import assign_options, box, found, square, track_options
from helpers.shards import video_of, write_shard
from strefer.agents.assigner.interface import ChoosingAssigner, ScoringAssigner
from strefer.masklets import track_entities as tracks_stage
from strefer.masklets.assign_masklets import assign_film, assign_masklets
from strefer.masklets.track_entities import track_entities
from strefer.masks import box_of_rle, decode_mask, encode_mask
from strefer.records import Entity, Masklets, References, Track, Tracks, from_json, to_json
from strefer.stage.run import Shard, read_lines, read_records

BROWN, WHITE = Entity("brown dog", "dog", "dog"), Entity("white dog", "dog", "dog")
MAN = Entity("man", "man", "person")
# Random weights are sure of nothing: every box is taken.
TRACK = vars(track_options()) | {"frames": 6, "min_score": 0.0, "box_threshold": 0.0}
TRACK |= {"text_threshold": 0.0}


@pytest.fixture(scope="module")
def agents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    new_tracker(3).save_pretrained(folder / "tracker")
    tracker_processor().save_pretrained(folder / "tracker")
    return {
        "detector": {
            "adapter": "transformers",
            "model": str(tiny_detector.build_detector(folder / "detector")),
        },
        "tracker": {"adapter": "transformers", "model": str(folder / "tracker")},
    }


@pytest.fixture
def shard(tmp_path):
    """Four films: entities, none, not a film, and one that failed before."""
    good = video_of(write_film(tmp_path / "a.mp4", n_frames=12), "a")
    broken = from_json(type(good), to_json(good) | {"path": str(tmp_path / "c.mp4"), "digest": "c"})
    (tmp_path / "c.mp4").write_bytes(b"no film")
    empty = from_json(type(good), to_json(good) | {"digest": "b"})
    write_shard(
        tmp_path / "videos.jsonl",
        [("a", good), ("b", empty), ("c", broken), ("d", "the file is empty")],
    )
    write_shard(
        tmp_path / "references.jsonl",
        [("a", References((BROWN, MAN))), ("b", References(())), ("c", References((MAN,)))],
    )
    return tmp_path


def run_tracks(shard, agents, **options):
    track_entities(
        shard / "videos.jsonl",
        shard / "references.jsonl",
        Shard(shard / "tracks.jsonl", shard / "store", {"code": "1"}),
        TRACK | options,
        agents,
    )
    return read_records(shard / "tracks.jsonl", Tracks)


@pytest.mark.parametrize("procedure", ["ours", "paper"])
def test_tracks_of_a_shard(shard, agents, procedure):
    films = run_tracks(shard, agents, procedure=procedure)
    assert list(films) == ["a", "b"]
    [of_a], [of_b] = films["a"], films["b"]
    assert len(of_a.frame_times_s) == 6
    assert of_a.starting_frames
    assert of_a.tracks
    for track in of_a.tracks:
        for code in track.masks.values():
            mask = coco.decode({**code, "counts": code["counts"].encode()})
            assert mask.shape == (32, 48)
            assert mask.any()
    assert of_b.tracks == ()
    failed = read_lines(shard / "tracks.jsonl")[2]
    assert failed.failure["stage"] == "tracks"
    assert "decoded" in failed.failure["reason"]


def test_a_second_run_loads_no_model_and_another_wording_tracks_nothing_anew(
    shard, agents, monkeypatch
):
    (shard / "c.mp4").unlink()
    write_shard(shard / "videos.jsonl", [("a", video_of(shard / "a.mp4", "a"))])
    first = run_tracks(shard, agents)
    monkeypatch.setattr(tracks_stage, "load_detector", lambda spec: pytest.fail("loaded"))
    assert run_tracks(shard, agents) == first
    other = Entity("the dog on the left", "dog", "dog")
    write_shard(shard / "references.jsonl", [("a", References((other, MAN)))])
    assert run_tracks(shard, agents) == first


def test_a_long_film_is_tracked_in_windows(shard, agents):
    film = write_film(shard / "long.mp4", n_frames=80)
    write_shard(shard / "videos.jsonl", [("a", video_of(film, "long"))])
    [of_film] = run_tracks(shard, agents, window_s=4.0, overlap_s=1.0)["a"]
    assert len(of_film.frame_times_s) == 14
    assert max(of_film.starting_frames) >= 6
    for track in of_film.tracks:
        assert all(0 <= int(frame) < 14 for frame in track.masks)


def odd_films(folder):
    """A turned film, one of two sizes, one of a single frame, and one of a third of a second."""
    turned = turn_film(write_film(folder / "turned.mp4", size=(32, 48)), 90)
    sizes = write_film_of_sizes(folder / "sizes.mp4", [(48, 32), (96, 128)])
    one = write_film(folder / "one.mp4", n_frames=1, size=(48, 32))
    short = write_film(folder / "short.mp4", n_frames=8, fps=24, size=(48, 32))
    return {path.stem: video_of(path, path.stem) for path in (turned, sizes, one, short)}


@pytest.mark.parametrize("procedure", ["ours", "paper"])
def test_masks_have_the_size_of_the_upright_film(shard, agents, procedure):
    films = odd_films(shard)
    write_shard(shard / "videos.jsonl", films.items())
    write_shard(shard / "references.jsonl", [(name, References((MAN,))) for name in films])
    tracked = run_tracks(shard, agents, procedure=procedure)
    assert list(tracked) == list(films)
    for name, [of_film] in tracked.items():
        assert of_film.tracks
        for track in of_film.tracks:
            for code in track.masks.values():
                assert decode_mask(code).shape == (48, 32)
        assigner, options = FirstBox({"man": [0]}), assign_options(procedure=procedure)
        result = assign_film(films[name], References((MAN,)), of_film, assigner, options)
        assert (result.height_px, result.width_px) == (48, 32)
        assert result.frame_times_s[-1] < films[name].duration_s


def test_windows_must_be_longer_than_their_overlap(shard, agents):
    with pytest.raises(ValueError, match=r"tracks\.overlap_s"):
        run_tracks(shard, agents, window_s=4.0, overlap_s=4.0)


class GreyAssigner(ScoringAssigner):
    """Every box fits the expression whose number among them the script gives for the frame."""

    dense = True

    def __init__(self, by_grey):
        self.by_grey = by_grey

    def scores(self, frame, boxes, expressions):
        likes = self.by_grey(round((float(frame.mean()) - 16) / 8))
        return np.array([[1.0 if e in likes else 0.0] * len(boxes) for e in expressions])


class FirstBox(ChoosingAssigner):
    def __init__(self, answers):
        self.answers, self.boxes = answers, []

    def choose(self, frame, boxes, expressions):
        self.boxes.append(list(boxes))
        return [self.answers[e] for e in expressions]


def dog_track(number, x, frames, start):
    code = encode_mask(square(x, 0))
    return Track(number, "dog", (found(x, 0, frame=start),), {str(f): code for f in frames})


@pytest.fixture
def film(tmp_path):
    return video_of(write_film(tmp_path / "a.mp4", n_frames=8), "a")


TIMES_S = tuple(i / 8 for i in range(8))


def test_a_drifting_track_is_shared_out_by_what_its_frames_show(film):
    tracked = Tracks(TIMES_S, (2,), (dog_track(0, 0, range(8), 2),))
    assigner = GreyAssigner(lambda grey: ["brown dog"] if grey < 5 else ["white dog"])
    result = assign_film(film, References((BROWN, WHITE, MAN)), tracked, assigner, assign_options())
    assert [(m.entity, list(m.masks)) for m in result.masklets] == [
        (0, ["0", "1", "2", "3", "4"]),
        (1, ["5", "6", "7"]),
    ]
    assert result.masklets[0].score == 1.0
    assert result.dropped == {"2": "no track of a person"}
    assert (result.height_px, result.width_px) == (32, 48)


def test_paper_asks_on_the_starting_frame_and_keeps_whole_tracks(film):
    tracked = Tracks(TIMES_S, (2,), (dog_track(0, 0, range(8), 2), dog_track(1, 20, range(4), 2)))
    assigner = FirstBox({"brown dog": [1], "white dog": [0, 1]})
    options = assign_options(procedure="paper")
    result = assign_film(film, References((BROWN, WHITE)), tracked, assigner, options)
    assert [len(m.masks) for m in result.masklets] == [4, 8]
    assert [m.score for m in result.masklets] == [0.9, 0.9]
    assert assigner.boxes[0] == [box(0, 0), box(20, 0)]


def test_masks_have_prompts_to_refer_by_if_asked_for(film):
    tracked = Tracks(TIMES_S, (2,), (dog_track(0, 0, range(8), 2),))
    assigner = GreyAssigner(lambda _: ["brown dog"])
    options = assign_options(region_prompts=True)
    result = assign_film(film, References((BROWN,)), tracked, assigner, options)
    [masklet] = from_json(Masklets, json.loads(json.dumps(to_json(result)))).masklets
    assert list(masklet.region_prompts) == list(masklet.masks)
    prompt, mask = masklet.region_prompts["3"], decode_mask(masklet.masks["3"])
    assert prompt.box == box_of_rle(masklet.masks["3"])
    assert all(mask[y, x] for x, y in (prompt.point, *prompt.scribble))


def test_an_assigner_of_starting_frames_keeps_whole_tracks(film):
    tracked = Tracks(TIMES_S, (2,), (dog_track(0, 0, range(8), 2), dog_track(1, 20, range(4), 2)))
    assigner = FirstBox({"brown dog": [1], "white dog": [0, 1]})
    result = assign_film(film, References((BROWN, WHITE)), tracked, assigner, assign_options())
    assert [(m.entity, len(m.masks), m.score) for m in result.masklets] == [
        (0, 4, 1.0),
        (1, 8, 0.5),
    ]


def test_masklets_of_a_shard_are_lines_that_pass_over_earlier_failures(shard, film):
    write_shard(
        shard / "tracks.jsonl",
        [
            ("a", Tracks(TIMES_S, (), ())),
            ("b", Tracks(TIMES_S, (), ())),
            ("c", "the film cannot be decoded"),
        ],
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("strefer.masklets.assign_masklets.load_assigner", lambda *_: FirstBox({}))
        assign_masklets(
            shard / "videos.jsonl",
            shard / "references.jsonl",
            shard / "tracks.jsonl",
            Shard(shard / "masklets.jsonl", shard / "store", {"code": "1"}),
            vars(assign_options()),
            {"assigner": {}},
            {},
        )
    films = read_records(shard / "masklets.jsonl", Masklets)
    assert list(films) == ["a", "b"]
    assert films["a"][0].dropped == {"0": "no track of a dog", "1": "no track of a person"}
    assert json.loads((shard / "masklets.jsonl").read_text().splitlines()[1])["masklets"] == []
