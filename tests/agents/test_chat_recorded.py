"""Recorded replies: written beside a model, replayed without it; and two films that people
described by hand in the manner of real video LLMs, through all text stages by their recording."""

import json
from pathlib import Path

import numpy as np
import pytest

from helpers.films import write_film
from helpers.shards import ScriptedChat, video_of, write_shard
from helpers.shared_data import shared_data
from strefer.agents.chat.interface import ChatRequest, ask
from strefer.agents.chat.load import load_chat
from strefer.agents.chat.with_recorded import RecordingChat
from strefer.entities.parse_references import parse_references
from strefer.entities.recognize_entities import recognize_entities
from strefer.records import Clips, Entities, Entity, References, Segment, Transcript
from strefer.stage.fingerprint import identity_of, model_files
from strefer.stage.run import Shard, read_records
from strefer.transcripts.transcribe_clips import transcribe_clips

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
    with pytest.raises(ValueError, match=r"replies\.jsonl: holds no reply to 'Is the cat there\?'"):
        chat.reply([asked, other])
    found = ask(chat, [asked, other], int, attempts=1, retry_temperature=0.7)
    assert found[0].answer == 1
    assert "holds no reply to 'Is the cat there?'" in found[1].failure


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
    second = (tmp_path / "folder" / "second.jsonl").read_text()
    assert second == (tmp_path / "first.jsonl").read_text()


def test_a_recordings_content_is_the_models_identity_and_recording_is_none(tmp_path):
    spec = {"adapter": "recorded", "model": str(tmp_path / "a.jsonl")}
    record(tmp_path / "a.jsonl", [ChatRequest("hi")], lambda request: "hello")
    assert model_files(spec) == [tmp_path / "a.jsonl"]
    before = identity_of(spec)
    assert identity_of(spec | {"record": "elsewhere.jsonl"}) == before
    record(tmp_path / "a.jsonl", [ChatRequest("ho")], lambda request: "hello")
    assert identity_of(spec) != before


class Described:
    """A chat model that says of a film what was written down of it."""

    def __init__(self, film):
        self.film = film
        self.bounds = [segment["start_s"] for segment in film["segments"]]

    def __call__(self, request):
        if request.frames is None:
            return f"Here is the list:\n```json\n{json.dumps(self.film['entities'], indent=1)}\n```"
        names = [entity["expression"] for entity in self.film["entities"]]
        asked = [name for name in names if f"the {name} " in request.text]
        if not asked:
            return self.film["recognizer"]
        entity = names.index(max(asked, key=len))
        # The films' shades grow by the second: the middle frame says which segment it is.
        shade = float(np.median(request.frames)) / 4
        segment = max(i for i, start_s in enumerate(self.bounds) if start_s <= shade)
        cell = self.film["segments"][segment]["cells"][entity]
        return cell["existence"] if "yes or no" in request.text else cell["behaviour"]


def run_text_stages(folder, film, chat):
    """The three stages on a film, by one chat model."""
    seconds = round(film["duration_s"])
    path = write_film(
        folder / "a.mp4", n_frames=seconds, fps=1, shade=lambda second: 2 + 4 * second
    )
    segments = tuple(
        Segment(number, float(one["start_s"]), float(one["end_s"]), "cut")
        for number, one in enumerate(film["segments"])
    )
    shard = {
        "videos": write_shard(folder / "v.jsonl", [("a", video_of(path, digest="a"))]),
        "clips": write_shard(folder / "c.jsonl", [("a", Clips(segments))]),
    }

    def to(name):
        return Shard(folder / name, folder / "store", {"chat": chat})

    prompts = {
        role: str(ROOT / "config" / "prompts" / f"{role}.txt")
        for role in ("entity_recognizer", "referring_parser", "existence", "behaviour")
    }
    recognize_entities(
        shard["videos"], to("e.jsonl"), prompts=prompts, chat=chat,
        options=ASKING | {"looks": 1, "n_frames": 4, "max_new_tokens": 512, "batch_films": None},
    )  # fmt: skip
    parse_references(
        folder / "e.jsonl", to("r.jsonl"), prompts=prompts, chat=chat,
        options=ASKING | {"max_new_tokens": 1024, "max_entities": 20, "batch_films": None},
    )  # fmt: skip
    transcribe_clips(
        **shard, references=folder / "r.jsonl", masklets=None, shard=to("t.jsonl"),
        prompts=prompts, chat=chat,
        options=ASKING
        | {"n_frames": 3, "existence_tokens": 8, "behaviour_tokens": 128, "batch_segments": None},
    )  # fmt: skip
    return (
        read_records(folder / "e.jsonl", Entities)["a"][0],
        read_records(folder / "r.jsonl", References)["a"][0],
        read_records(folder / "t.jsonl", Transcript)["a"],
    )


@pytest.mark.parametrize("name", ["kitchen", "street"])
def test_films_described_by_hand_pass_all_text_stages(tmp_path, monkeypatch, name):
    film = json.loads(shared_data(f"real-text/{name}.json").read_text())
    recording = tmp_path / "replies.jsonl"
    modules = (
        *("entities.recognize_entities", "entities.parse_references"),
        "transcripts.transcribe_clips",
    )
    stages = [f"strefer.{module}.load_chat" for module in modules]
    chat = RecordingChat(ScriptedChat(Described(film)), recording)
    with monkeypatch.context() as patch:
        for stage in stages:
            patch.setattr(stage, lambda spec: chat)
        (tmp_path / "first").mkdir()
        first = run_text_stages(tmp_path / "first", film, {"adapter": "none"})
    (tmp_path / "again").mkdir()
    spec = {"adapter": "recorded", "model": str(recording)}
    entities, references, transcripts = run_text_stages(tmp_path / "again", film, spec)
    assert (entities, references, transcripts) == first, "the replay is the recording"

    assert references.entities == tuple(Entity(**entity) for entity in film["entities"])
    assert len(transcripts) == len(film["segments"]), "no segment is lost"
    refused = 0
    for told, described in zip(transcripts, film["segments"], strict=True):
        for entity, cell in enumerate(described["cells"]):
            said = cell["behaviour"]
            if said and said.startswith("I'm sorry"):  # a refusal: the only cell without a reply
                assert "a refusal" in told.unknown[str(entity)]
                refused += 1
            else:
                assert str(entity) not in told.unknown
                assert (told.lines[entity] is None) == (said is None), cell
    assert refused == (1 if name == "kitchen" else 0)
