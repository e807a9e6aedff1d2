"""Films that people described by hand in the manner of real video LLMs and LLMs, through the stages
that ask such models, by their recordings."""

import json

import pytest

from helpers.described_films import FILMS, LOADERS, Described, described_film, run_text_stages
from helpers.shards import ScriptedChat
from helpers.shared_data import shared_data
from strefer.agents.chat.with_recorded import RecordingChat
from strefer.agents.reply_text import language_of
from strefer.records import Entity

LEAST_READ = 0.95  # of the cells that a reader with common sense can read


@pytest.fixture
def replay(tmp_path, monkeypatch):
    """Runs the stages on a film by what a model said of it, and again by the recording alone; gives
    what the second made of it."""

    def run(film):
        recording = tmp_path / f"{film['id']}.jsonl"
        chat = RecordingChat(ScriptedChat(Described(film)), recording)
        for folder in ("first", "again"):
            (tmp_path / folder / film["id"]).mkdir(parents=True)
        with monkeypatch.context() as patch:
            for loader in LOADERS:
                patch.setattr(loader, lambda spec: chat)
            first = run_text_stages(tmp_path / "first" / film["id"], film, {"adapter": "none"})
        spec = {"adapter": "recorded", "model": str(recording)}
        again = run_text_stages(tmp_path / "again" / film["id"], film, spec)
        assert again == first, "the replay is the recording"
        return again

    return run


def cells_of(film, transcripts):
    """(cell as described, whether it is shown as transcribed, its line)."""
    for told, described in zip(transcripts, film["segments"], strict=True):
        for entity, cell in enumerate(described["cells"]):
            yield cell, told.shown[entity], told.lines[entity]


@pytest.mark.parametrize("name", ["kitchen", "street"])
def test_two_real_films_pass_all_text_stages(replay, name):
    film = json.loads(shared_data(f"real-text/{name}.json").read_text())
    _, references, transcripts = replay(film)
    assert references.entities == tuple(Entity(**entity) for entity in film["entities"])
    assert len(transcripts) == len(film["segments"]), "no segment is lost"
    unread = []
    for cell, shown, line in cells_of(film, transcripts):
        said = cell["behaviour"]
        unread += [said] if shown is None else []
        assert shown is None or (line is None) == (said is None), cell
    # A refusal is the only reply that says nothing.
    assert [said[:9] for said in unread] == (["I'm sorry"] if name == "kitchen" else [])


@pytest.mark.parametrize("name", [path.stem for path in FILMS])
def test_no_film_is_lost_whatever_its_register(replay, name):
    film = described_film(name)
    _, references, transcripts = replay(film)
    assert references.entities == tuple(Entity(**entity) for entity in film["entities"])
    assert len(transcripts) == len(film["segments"])
    for cell, shown, line in cells_of(film, transcripts):
        if cell["shown"] is None:
            assert line is None, cell
        if shown:
            assert language_of(line) in ("English", None), line
            assert not {*"<>{}[]|`*"} & {*line}, line


def test_the_ten_films_cells_are_read_as_a_reader_would(replay):
    readable, wrong = 0, []
    for film in map(described_film, (path.stem for path in FILMS)):
        for cell, shown, _ in cells_of(film, replay(film)[2]):
            readable += cell["shown"] is not None
            if cell["shown"] is not None and shown is not cell["shown"]:
                wrong.append((film["id"], cell, shown))
    assert len(FILMS) == 10
    assert readable > 90
    assert 1 - len(wrong) / readable >= LEAST_READ, wrong
