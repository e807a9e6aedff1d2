import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from helpers.read_by_grammar import read_by_grammar
from helpers.shards import ScriptedChat, write_shard
from helpers.tiny_chat import build_text_model
from helpers.told_films import DEEDS, DOG, MAN, WOMAN, masklets, transcripts
from strefer.instructions import write_instructions as stage
from strefer.instructions.draft import UNBALANCED
from strefer.instructions.wording import assemble_pairs
from strefer.instructions.write_instructions import pairs_wanted, write_instructions
from strefer.records import Instruction, References, Video
from strefer.stage.run import Shard, read_lines, read_records

CONFIG = Path(__file__).resolve().parents[2] / "config"
PROMPTS = {"proof_reader": str(CONFIG / "prompts" / "proof_reader.txt")} | {
    role: str(CONFIG / "prompts" / "demo" / f"{role}.txt") for role in ("question_writer",)
}
OPTIONS = {
    "pairs_per_minute": {f"G{n}": 60 for n in range(1, 9)},
    "question_writer": "phrasings",
    "time_answers": True,
    "verify": True,
    "check_motion": True,
    "check_unseen": True,
    "least_score": 0.0,
    "pairs_per_call": 1,
    "proof_reader": "none",
    "max_new_tokens": 128,
    "temperature": 0.0,
    "attempts": 2,
    "retry_temperature": 0.7,
    "batch_films": 8,
    "seed": 0,
}


@pytest.fixture
def inputs(tmp_path):
    """Three films: a whole one, one whose masklets failed, one that cannot be joined."""
    video = {
        name: Video(f"{name}.mp4", name * 64, 16.0, 8.0, 128, 64, 64) for name in ("a", "b", "c")
    }
    whole = read_by_grammar((MAN, WOMAN, DOG), transcripts(), [])
    short = read_by_grammar((MAN,), transcripts(deeds=(("sits",),), entities=(MAN,)), [])
    return {
        "videos": write_shard(tmp_path / "videos.jsonl", video.items()),
        "references": write_shard(
            tmp_path / "references.jsonl", [(name, References((MAN, WOMAN, DOG))) for name in video]
        ),
        "statements": write_shard(
            tmp_path / "statements.jsonl", [("a", whole), ("b", whole), ("c", short)]
        ),
        "masklets": write_shard(
            tmp_path / "masklets.jsonl",
            [("a", masklets()), ("b", "no starting frame"), ("c", masklets())],
        ),
    }


def write(
    inputs, tmp_path, llm=None, judge=None, strict=False, phrasings=CONFIG / "phrasings", **options
):
    options = OPTIONS | options
    write_instructions(
        **inputs,
        shard=Shard(tmp_path / "out.jsonl", tmp_path / "store", {"options": options}, strict),
        options=options,
        prompts=PROMPTS,
        phrasings=phrasings,
        llm=llm or {"adapter": "none"},
        judge=judge,
    )
    return tmp_path / "out.jsonl"


def test_all_groups_and_forms_are_there_and_true(inputs, tmp_path):
    output = write(inputs, tmp_path)
    pairs = read_records(output, Instruction)["a"]
    assert {p.group for p in pairs} == {f"G{n}" for n in range(1, 9)}
    assert {p.form for p in pairs} == {"open", "yes_no", "choice"}
    assert [p.rejected for p in pairs if p.rejected] == []
    assert len({p.pair_id for p in pairs}) == len(pairs)
    keys = {
        (p.question, p.answer, p.options, p.regions, p.start_s, p.end_s, p.clip_s) for p in pairs
    }
    assert len(keys) == len(pairs)
    for pair in pairs:
        if pair.form == "choice":
            assert len(pair.options) == 4
            assert pair.answer in "ABCD"


def test_films_that_failed_before_are_passed_over_and_bad_ones_become_lines(inputs, tmp_path):
    lines = read_lines(write(inputs, tmp_path))
    assert {line.video_id for line in lines} == {"a", "c"}
    failed = [line for line in lines if line.failure]
    assert [line.video_id for line in failed] == ["c"] * 8  # a line a group
    assert all("have 1 entities, but the film has 3" in line.failure["reason"] for line in failed)


def test_a_rerun_gives_the_same_bytes_and_another_seed_others(inputs, tmp_path):
    first = write(inputs, tmp_path).read_bytes()
    assert write(inputs, tmp_path).read_bytes() == first
    assert write(inputs, tmp_path, seed=1).read_bytes() != first


def test_more_pairs_of_one_group_leave_the_others_as_they_are(inputs, tmp_path):
    def others(path):
        return [p for p in read_records(path, Instruction)["a"] if p.group != "G2"]

    before = others(write(inputs, tmp_path))
    assert any(pair.form == "choice" for pair in before)  # whose options are shuffled
    counts = OPTIONS["pairs_per_minute"] | {"G2": 5}
    assert others(write(inputs, tmp_path, pairs_per_minute=counts)) == before


def test_groups_can_be_left_out_and_time_answers_too(inputs, tmp_path):
    counts = OPTIONS["pairs_per_minute"] | {"G1": 0, "G8": 0}
    output = write(inputs, tmp_path, pairs_per_minute=counts, time_answers=False)
    pairs = read_records(output, Instruction)["a"]
    assert not {"G1", "G8"} & {p.group for p in pairs}
    assert not any(p.answer.startswith("Between <start_time>") for p in pairs)


def test_without_verification_nothing_is_rejected(inputs, tmp_path):
    # The dog has no masklet, and comes for one segment only.
    deeds = tuple((*row[:2], row[2] if number == 2 else None) for number, row in enumerate(DEEDS))
    statements = read_by_grammar((MAN, WOMAN, DOG), transcripts(deeds), [])
    write_shard(inputs["statements"], [("a", statements)])
    write_shard(inputs["masklets"], [("a", masklets(deeds, without=(2,)))])
    pairs = read_records(write(inputs, tmp_path, verify=False), Instruction)["a"]
    assert not any(p.rejected for p in pairs)
    pairs = read_records(write(inputs, tmp_path), Instruction)["a"]
    reasons = {p.rejected for p in pairs if p.rejected and not p.rejected.startswith("balance")}
    assert reasons == {"existence: no masklet shows the brown dog"}


def test_a_model_that_babbles_is_kept_apart(inputs, tmp_path):
    model = build_text_model(tmp_path / "model")
    llm = {"adapter": "transformers", "model": str(model), "dtype": "float32", "device": "cpu"}
    counts = {f"G{n}": 8 if n < 3 else 0 for n in range(1, 9)}
    output = write(
        inputs, tmp_path, llm | {"max_batch": 4}, question_writer="llm", proof_reader="llm",
        pairs_per_minute=counts, max_new_tokens=16, attempts=1,
    )  # fmt: skip
    pairs = read_records(output, Instruction)["a"]
    written = [p for p in pairs if p.group in ("G2", "G4", "G6", "G8")]
    assert written
    assert all(p.rejected.startswith("reply: ") for p in written)
    assert not any(p.rejected for p in pairs if p not in written)


def test_a_writer_whose_words_differ_from_the_task_is_rejected(inputs, tmp_path, monkeypatch):
    reply = json.dumps({"question": "What does the dog in <region1> do?", "answer": "It sleeps."})
    monkeypatch.setattr(stage, "load_chat", lambda spec: ScriptedChat(lambda request: reply))
    pairs = read_records(write(inputs, tmp_path, question_writer="llm"), Instruction)["a"]
    faults = {p.rejected.partition(":")[0] for p in pairs if p.group in ("G2", "G4", "G6", "G8")}
    assert faults == {"reply", "writer"}
    assert {p.written_by for p in pairs if p.group == "G2"} == {"llm"}


def test_what_the_writer_fails_at_is_dropped_and_counted(inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "load_chat", lambda spec: ScriptedChat(lambda request: "no JSON"))
    pairs = read_records(write(inputs, tmp_path, question_writer="llm"), Instruction)["a"]
    asked = [p for p in pairs if p.group in ("G2", "G4", "G6", "G8")]
    assert asked
    assert all(p.rejected.startswith("reply: no usable reply") for p in asked)
    assert {p.written_by for p in asked} == {"llm"}


@pytest.mark.parametrize(
    ("change", "groups"),
    [
        ({"pairs_per_minute": OPTIONS["pairs_per_minute"] | {"G4": 7}}, {"G4"}),
        ({"temperature": 0.5}, {"G2", "G4", "G6", "G8"}),
        ({"least_score": 0.5}, {f"G{n}" for n in range(1, 9)}),
        ({"batch_films": 3}, set()),
    ],
)
def test_a_change_computes_only_the_groups_that_it_concerns(
    inputs, tmp_path, monkeypatch, change, groups
):
    monkeypatch.setattr(stage, "load_chat", lambda spec: ScriptedChat(lambda request: "no JSON"))
    made = []
    propose = stage._Worker._propose

    def noted(worker, film, group):
        made.append(group)
        return propose(worker, film, group)

    monkeypatch.setattr(stage._Worker, "_propose", noted)
    write(inputs, tmp_path, question_writer="llm")
    assert set(made) == {f"G{n}" for n in range(1, 9)}
    made.clear()
    write(inputs, tmp_path, **{"question_writer": "llm"} | change)
    assert set(made) == groups


def test_a_phrasing_concerns_its_own_group(inputs, tmp_path, monkeypatch):
    own = shutil.copytree(CONFIG / "phrasings", tmp_path / "phrasings")
    before = read_records(write(inputs, tmp_path, phrasings=own), Instruction)["a"]
    (own / "words.txt").write_text(
        (own / "words.txt").read_text().replace("[deed]", "[deed]\nWhatever does {who} do?")
    )
    computed = []
    write_batch = stage._Worker.write

    def noted(worker, batch):
        computed.extend(group for _, (_, group) in batch)
        return write_batch(worker, batch)

    monkeypatch.setattr(stage._Worker, "write", noted)
    after = read_records(write(inputs, tmp_path, phrasings=own), Instruction)["a"]
    assert computed == ["G1"]
    assert [p for p in after if p.group != "G1"] == [p for p in before if p.group != "G1"]


def test_verification_leaves_as_many_yes_as_no(inputs, tmp_path):
    whole = masklets()
    short = tuple(
        dataclasses.replace(m, masks=dict(sorted(m.masks.items())[:9])) for m in whole.masklets
    )
    write_shard(inputs["masklets"], [("a", dataclasses.replace(whole, masklets=short))])
    pairs = read_records(write(inputs, tmp_path), Instruction)["a"]
    asked = [p for p in pairs if p.form == "yes_no"]
    assert any(p.rejected == UNBALANCED for p in asked)
    kept = [p.answer.startswith("Yes") for p in asked if p.rejected is None]
    assert sum(kept) * 2 == len(kept) > 0


def test_how_many_pairs_a_film_gets():
    assert pairs_wanted(28, 60.0) == 28
    assert pairs_wanted(28, 15.0) == 7
    assert pairs_wanted(0, 60.0) == 0


def test_another_model_may_proof_read(inputs, tmp_path, monkeypatch):
    loaded = []
    monkeypatch.setattr(stage, "load_chat", lambda spec: loaded.append(spec) or chats[spec["is"]])
    pair = {"question": "Does the dog in <region1> sit?", "answer": "Yes.", "wanted": 1}
    chats = {
        "writer": ScriptedChat(lambda request: json.dumps({"pairs": [pair]})),
        "judge": ScriptedChat(lambda request: '{"pairs": [{"pair": 1, "verdict": "undecidable"}]}'),
    }
    monkeypatch.setattr(assemble_pairs, "written_fault", lambda task, written: None)
    output = write(
        inputs, tmp_path, {"is": "writer"}, judge={"is": "judge"}, question_writer="llm",
        proof_reader="judge",
    )  # fmt: skip
    pairs = [p for p in read_records(output, Instruction)["a"] if p.group == "G6" and p.question]
    asked = [p for p in pairs if p.rejected.startswith("proof-reader")]
    assert asked
    assert {p.rejected for p in asked} == {"proof-reader: undecidable"}
    assert loaded == [{"is": "writer"}, {"is": "judge"}]
