"""The pairs that the stage of instructions makes of the ten read films."""

from helpers.configurations import read_configuration
from helpers.read_films import PROMPTS
from helpers.shards import ScriptedChat, write_shard
from strefer.instructions import write_instructions as stage
from strefer.instructions.wording.phrasings import default_folder
from strefer.records import Instruction
from strefer.stage.run import Shard, read_records

RATE = 6  # pairs a minute and group


def options():
    config = read_configuration("paper")
    rates = dict.fromkeys(config["instructions"]["pairs_per_minute"], RATE)
    return config["instructions"] | {"pairs_per_minute": rates, "seed": 0}


def pairs_of(film, folder, llm):
    """The film's pairs, as the stage writes them with an LLM's specification."""
    statements = film.statements(ScriptedChat(film))
    stage.write_instructions(
        videos=write_shard(folder / "v.jsonl", [("a", film.video)]),
        references=write_shard(folder / "r.jsonl", [("a", film.references)]),
        statements=write_shard(folder / "s.jsonl", [("a", statements)]),
        shard=Shard(folder / "i.jsonl", folder / "store", {"llm": str(llm)}),
        options=options(),
        prompts=PROMPTS,
        phrasings=default_folder(),
        llm=llm,
    )
    return read_records(folder / "i.jsonl", Instruction)["a"]


def recorded_pairs(film, folder):
    """The film's pairs by what was written by hand: they are made by a recording's replay."""
    from unittest import mock

    from strefer.agents.chat.with_recorded import RecordingChat

    chat = RecordingChat(ScriptedChat(film), folder / "recording.jsonl")
    with mock.patch.object(stage, "load_chat", return_value=chat):
        (folder / "first").mkdir()
        first = pairs_of(film, folder / "first", {})
    (folder / "again").mkdir()
    spec = {"adapter": "recorded", "model": str(folder / "recording.jsonl")}
    again = pairs_of(film, folder / "again", spec)
    assert again == first, "the replay is the recording"
    return again
