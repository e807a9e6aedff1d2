import gc
import shutil
import weakref

import pytest

from helpers import tiny_chat
from helpers.films import write_film
from helpers.shards import ScriptedChat, video_of, write_shard
from strefer.agents.chat.load import load_chat
from strefer.records import (
    Clips,
    Entity,
    Masklet,
    Masklets,
    References,
    Segment,
    Transcript,
    Video,
)
from strefer.stage import batches
from strefer.stage.run import MachineFault, Shard, read_lines, read_records
from strefer.transcripts import transcribe_clips as transcripts
from strefer.transcripts.disagreements import disagreements_of

OPTIONS = {
    "n_frames": 4,
    "existence_tokens": 4,
    "behaviour_tokens": 24,
    "attempts": 3,
    "retry_temperature": 0.7,
    "batch_segments": 8,
    "seed": 0,
}
PROMPTS = {role: f"config/prompts/demo/{role}.txt" for role in ("existence", "behaviour")}
ENTITIES = References(
    (
        Entity("man in a red shirt", "man", "person"),
        Entity("brown dog", "dog", "dog"),
        Entity("red ball", "ball", "ball"),
    )
)
SEGMENTS = Clips((Segment(0, 0.0, 1.0, "start"), Segment(1, 1.0, 3.0, "cut")))


def answer(request):
    """The dog is in the first second, the man in the rest (the films grow brighter)."""
    bright = request.frames.mean() > 60
    there = ("dog" in request.text and not bright) or ("man" in request.text and bright)
    if request.text.startswith("Is the"):
        return "Yes." if there else "No."
    assert there, "asked what it does although it is not there"
    return "It walks to the left."


@pytest.fixture
def shard(tmp_path):
    film = video_of(write_film(tmp_path / "a.mp4", n_frames=24), digest="a")
    gone = Video(str(tmp_path / "gone.mp4"), "g", 3.0, 8.0, 24, 48, 32)
    return {
        "videos": write_shard(
            tmp_path / "videos.jsonl", [("a", film), ("gone", gone), ("unparsed", film)]
        ),
        "clips": write_shard(tmp_path / "clips.jsonl", [(v, SEGMENTS) for v in ("a", "gone")]),
        "references": write_shard(
            tmp_path / "references.jsonl",
            [("a", ENTITIES), ("gone", ENTITIES), ("unparsed", "no JSON list")],
        ),
    }


def transcribe(tmp_path, monkeypatch, shard, chat, masklets=None, **options):
    monkeypatch.setattr(transcripts, "load_chat", lambda spec: chat)
    transcripts.transcribe_clips(
        **shard,
        masklets=masklets,
        shard=Shard(tmp_path / "transcripts.jsonl", tmp_path / "store", {"code": "1"}),
        options=OPTIONS | options,
        prompts=PROMPTS,
        chat={"adapter": "scripted"},
    )
    return chat


def test_lines_are_aligned_with_the_entities(tmp_path, monkeypatch, shard):
    chat = transcribe(tmp_path, monkeypatch, shard, ScriptedChat(answer))
    assert read_records(tmp_path / "transcripts.jsonl", Transcript) == {
        "a": [
            Transcript(0, 0.0, 1.0, (None, "It walks to the left.", None)),
            Transcript(1, 1.0, 3.0, ("It walks to the left.", None, None)),
        ]
    }
    existence, behaviour = chat.calls
    assert [r.text.split("the ")[1].split(" in")[0] for r in existence[:3]] == [
        "man",
        "brown dog",
        "red ball",
    ]
    assert len(existence) == 6
    assert len({id(r.frames) for r in existence}) == 2
    assert [r.frames is existence[3 * i].frames for i, r in enumerate(behaviour)] == [True, True]


def test_segments_may_overlap(tmp_path, monkeypatch, shard):
    """Each gets its own frames: the last second is bright, and the first is not."""
    parts = Clips((Segment(0, 0.0, 1.8, "part"), Segment(1, 1.2, 3.0, "part")))
    shard["clips"] = write_shard(tmp_path / "parts.jsonl", [("a", parts)])
    chat = transcribe(tmp_path, monkeypatch, shard, ScriptedChat(answer), n_frames=2)
    shown = {id(r.frames): r.frames for r in chat.calls[0]}
    (first, middle), (late, last) = (frames.mean(axis=(1, 2, 3)) for frames in shown.values())
    assert first < late < middle < last


def test_a_film_that_went_away_fails_in_each_segment(tmp_path, monkeypatch, shard):
    transcribe(tmp_path, monkeypatch, shard, ScriptedChat(answer))
    lines = read_lines(tmp_path / "transcripts.jsonl")
    assert [(line.video_id, line.failure is None) for line in lines] == [
        ("a", True),
        ("a", True),
        ("gone", False),
        ("gone", False),
    ]


def test_what_does_not_parse_is_asked_again_and_then_unknown(tmp_path, monkeypatch, shard, caplog):
    def confused(request):
        if "dog" in request.text and request.frames.mean() > 60:
            return "Perhaps"
        if "ball" in request.text and request.seed < 2:
            return "Who knows"
        return answer(request)

    chat = transcribe(tmp_path, monkeypatch, shard, ScriptedChat(confused))
    assert [len(call) for call in chat.calls] == [6, 3, 3, 2]
    first, second = read_records(tmp_path / "transcripts.jsonl", Transcript)["a"]
    assert first.unknown == {}
    assert second.lines == ("It walks to the left.", None, None), "one cell, and no segment"
    assert second.unknown.keys() == {"1"}
    assert second.unknown["1"].startswith("existence: no usable reply in 3 attempt(s)")
    assert "'Perhaps'" in second.unknown["1"]
    assert "1 of 6 replies could not be read: existence" in caplog.text


def test_a_behaviour_that_is_none_is_unknown_and_not_absent(tmp_path, monkeypatch, shard):
    def coy(request):
        if request.text.startswith("What"):
            return "I’m sorry, but I can’t tell." if "dog" in request.text else "The man walks."
        return answer(request)

    transcribe(tmp_path, monkeypatch, shard, ScriptedChat(coy))
    first, second = read_records(tmp_path / "transcripts.jsonl", Transcript)["a"]
    assert first.lines == (None, None, None)
    assert first.unknown["1"].startswith("behaviour: ")
    assert "a refusal" in first.unknown["1"]
    assert second.lines == ("The man walks.", None, None)


def test_a_request_that_the_engine_cannot_answer_costs_its_cell(tmp_path, monkeypatch, shard):
    def fails(request):
        if "dog" in request.text and request.frames.mean() > 60:
            raise RuntimeError("a shape does not fit")
        return answer(request)

    transcribe(tmp_path, monkeypatch, shard, ScriptedChat(fails))
    first, second = read_records(tmp_path / "transcripts.jsonl", Transcript)["a"]
    assert first.unknown == {}
    assert second.unknown == {
        "1": "existence: the engine failed: RuntimeError: a shape does not fit"
    }
    assert second.lines == ("It walks to the left.", None, None)


def test_a_kill_loses_a_batch_and_no_more(tmp_path, monkeypatch, shard):

    def dies(request):
        if request.frames.mean() > 60:
            raise MachineFault
        return answer(request)

    with pytest.raises(MachineFault):
        transcribe(tmp_path, monkeypatch, shard, ScriptedChat(dies), batch_segments=1)
    chat = transcribe(tmp_path, monkeypatch, shard, ScriptedChat(answer), batch_segments=1)
    # The first segment shows that the machine works, before the one that was in hand is tried.
    assert [len(call) for call in chat.calls] == [3, 1, 3, 1]


def test_frames_of_a_shard_are_held_in_bounded_parts_with_the_same_result(
    tmp_path, monkeypatch, shard
):
    whole = transcribe(tmp_path, monkeypatch, shard, ScriptedChat(answer), batch_segments=None)
    told = (tmp_path / "transcripts.jsonl").read_text()
    shutil.rmtree(tmp_path / "store")
    alive, seen = [], {}

    def counting(request):
        seen.setdefault(id(request.frames), weakref.ref(request.frames))
        alive.append(sum(frames() is not None for frames in seen.values()))
        return answer(request)

    one_segment = whole.calls[0][0].frames.nbytes
    monkeypatch.setattr(batches, "MOST_BYTES", one_segment)
    model = ForgetfulChat(counting)
    transcribe(tmp_path, monkeypatch, shard, model, batch_segments=None)
    assert (tmp_path / "transcripts.jsonl").read_text() == told
    assert [len(call) for call in whole.calls] == [6, 2]
    assert model.calls == [3, 1, 3, 1]
    assert max(alive) == 1


class ForgetfulChat(ScriptedChat):
    """Keeps how many requests a call had, and no frames."""

    def reply(self, requests):
        self.calls.append(len(requests))
        return [self.answer(request) for request in requests]


def test_the_cross_check_needs_no_model(tmp_path, monkeypatch, shard):
    transcribe(tmp_path, monkeypatch, shard, ScriptedChat(answer))
    mask = {"size": [32, 48], "counts": "x"}
    masklets = Masklets(
        (0.0, 0.5, 1.0, 2.0),
        32,
        48,
        (
            Masklet(0, "man in a red shirt", "person", 1.0, {"1": mask, "3": mask}),
            Masklet(1, "brown dog", "dog", 1.0, {"3": mask}),
        ),
        {"2": "no box"},
    )
    path = write_shard(tmp_path / "masklets.jsonl", [("a", masklets), ("gone", "no frame")])
    chat = transcribe(tmp_path, monkeypatch, shard, ScriptedChat(answer), masklets=path)
    assert {len(call) for call in chat.calls} <= {0}, "all is in the store"
    first, second = read_records(tmp_path / "transcripts.jsonl", Transcript)["a"]
    assert first.disagreements == (0, 1), "the man is masked and not told, the dog the reverse"
    assert second.disagreements == (1,)
    assert len(read_lines(tmp_path / "transcripts.jsonl")) == 4


def test_a_segment_without_a_sampled_frame_says_nothing():
    masklets = Masklets((0.0, 2.0), 8, 8, (Masklet(0, "dog", "dog", 1.0, {}),))
    assert disagreements_of(["It runs."], 0.5, 1.5, masklets) == []
    assert disagreements_of(["It runs."], 0.5, 2.5, masklets) == [0]


def test_the_engine_encodes_each_segment_once(tmp_path, monkeypatch, shard):
    model = load_chat(
        {
            "adapter": "transformers",
            "model": tiny_chat.build_video_model(tmp_path / "model"),
            "max_batch": 4,
        }
    )

    class Agreeing:
        """Asks the real engine and turns its random words into usable ones."""

        def reply(self, requests):
            assert len(model.reply(requests)) == len(requests)
            return [
                "Yes." if request.text.startswith("Is the") else "It runs." for request in requests
            ]

        def room(self, request):
            return model.room(request)

    transcribe(tmp_path, monkeypatch, shard, Agreeing())
    assert model.encoded_frame_sets == 2
    gc.collect()
    assert len(model.frame_sets) == 0, "features go with their frames"
