"""Recorded replies: written beside a model, replayed without it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.shards import ScriptedChat
from strefer.agents.chat.frame_fit import FrameFit
from strefer.agents.chat.interface import ChatRequest, Reply, ask
from strefer.agents.chat.load import load_chat
from strefer.agents.chat.recording_file import pictures_of, read_recording
from strefer.agents.chat.with_recorded import RecordingChat
from strefer.stage.fingerprint import identity_of, model_files

ROOT = Path(__file__).resolve().parents[2]
FRAMES = np.zeros((2, 8, 8, 3), np.uint8)
ASKING = {"attempts": 3, "retry_temperature": 0.7, "seed": 0}


def record(path, requests, answer):
    RecordingChat(ScriptedChat(answer), path).reply(requests)
    return load_chat({"adapter": "recorded", "model": str(path)})


def test_replies_come_back_by_all_that_shapes_them(tmp_path):
    requests = [
        ChatRequest("Who?", FRAMES, 2.0),
        ChatRequest("Who?", FRAMES + 1, 2.0),
        ChatRequest("Who?", FRAMES, 4.0),
        ChatRequest("Who?", FRAMES, 2.0, seed=1, temperature=0.7),
        ChatRequest("Who?"),
    ]
    replies = iter("<think>x</think>one two three four five".split())
    chat = record(tmp_path / "replies.jsonl", requests, lambda request: next(replies))
    assert chat.reply(requests[::-1]) == ["five", "four", "three", "two", "<think>x</think>one"]
    line = json.loads((tmp_path / "replies.jsonl").read_text().splitlines()[0])
    assert line["text"] == "Who?"
    assert line["frames"]["shape"] == [2, 8, 8, 3]
    assert line["sampling"] == {"seed": 0, "temperature": 0.0, "max_new_tokens": 128}


def test_a_request_that_was_never_made_is_named_and_costs_itself(tmp_path):
    asked, other = ChatRequest("Is the dog there?"), ChatRequest("Is the cat there?")
    chat = record(tmp_path / "replies.jsonl", [asked], lambda request: "1")
    with pytest.raises(ValueError, match=r"replies\.jsonl: has no reply to 'Is the cat there\?'"):
        chat.reply([asked, other])
    found = ask(chat, [asked, other], int, attempts=1, retry_temperature=0.7)
    assert found[0].answer == 1
    assert "has no reply to 'Is the cat there?'" in found[1].failure


def test_a_file_that_is_no_recording_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"reply": 1}\n')
    with pytest.raises(ValueError, match=r"a\.jsonl, line 1: not a line of a recording"):
        load_chat({"adapter": "recorded", "model": str(tmp_path / "a.jsonl")})
    with pytest.raises(ValueError, match=r"b\.jsonl: cannot be read: No such file"):
        load_chat({"adapter": "recorded", "model": str(tmp_path / "b.jsonl")})


def test_the_option_record_writes_beside_any_model(tmp_path):
    record(tmp_path / "first.jsonl", [ChatRequest("hi")], lambda request: "hello")
    spec = {"adapter": "recorded", "model": str(tmp_path / "first.jsonl")}
    copying = load_chat(spec | {"record": str(tmp_path / "folder" / "second.jsonl")})
    copying.reply([ChatRequest("hi")])
    first, second = tmp_path / "first.jsonl", tmp_path / "folder" / "second.jsonl"
    told = [{k: line[k] for k in line if k != "call"} for line in read_recording(second)]
    assert told == [{k: line[k] for k in line if k != "call"} for line in read_recording(first)]


def test_a_recording_says_what_was_made_of_each_reply_and_shows_the_frames(tmp_path):
    frames = np.full((20, 40, 60, 3), 200, np.uint8)
    requests = [ChatRequest("One?", frames, 2.0), ChatRequest("Two?", frames, 2.0)]
    path = tmp_path / "replies.jsonl"
    chat = RecordingChat(
        ScriptedChat(
            lambda request: Reply.of("1" if "One" in request.text else "x", 7, 2, "<One>")
        ),
        path,
        FrameFit(fit="squash", max_pixels=400),
    )
    ask(chat, requests, int, attempts=2, retry_temperature=0.5)
    one, two, again = read_recording(path)
    assert (one["read"], one["tokens"], one["call"]["prompt"]) == (1, [7, 2], "<One>")
    assert one["call"]["requests"] == 2
    assert "refused" not in one
    assert "invalid literal" in two["refused"]
    assert again["sampling"]["temperature"] == 0.5
    assert again["call"]["requests"] == 1
    with Image.open(pictures_of(path) / f"{one['frames']['digest']}.jpg") as picture:
        assert picture.size == (8 * 20, 20), "eight of the frames, as the model sees them"
    replayed = load_chat({"adapter": "recorded", "model": str(path)})
    assert replayed.reply(requests) == ["1", "x"]


def test_a_recordings_content_is_the_models_identity_and_recording_is_none(tmp_path):
    spec = {"adapter": "recorded", "model": str(tmp_path / "a.jsonl")}
    record(tmp_path / "a.jsonl", [ChatRequest("hi")], lambda request: "hello")
    assert model_files(spec) == [tmp_path / "a.jsonl"]
    before = identity_of(spec)
    assert identity_of(spec | {"record": "elsewhere.jsonl"}) == before
    record(tmp_path / "a.jsonl", [ChatRequest("ho")], lambda request: "hello")
    assert identity_of(spec) != before
