"""Every bad reply, at every place where a model is asked: a result without mark-up, or a failure
that says why, on one line; quickly, and without running anything."""

import json
import time
from pathlib import Path

import pytest

from helpers.films import write_film
from helpers.hostile_replies import REPLIES
from helpers.read_by_grammar import read_by_grammar
from helpers.shards import ScriptedChat, video_of, write_shard
from strefer.agents.assigner.interface import parse_objects
from strefer.benchmarks.videorefer_d import RESPECTS, read_marks
from strefer.entities import parse_references as references
from strefer.entities import recognize_entities as entities
from strefer.instructions import write_instructions as instructions
from strefer.instructions.wording.proof_read import parse_proofs
from strefer.instructions.wording.question_prompt import parse_replies
from strefer.records import Clips, Entities, Entity, References, Segment, Transcript
from strefer.stage.run import Shard, read_lines
from strefer.statements import read_statements as statements
from strefer.transcripts import transcribe_clips as transcripts

CHAT = {"attempts": 2, "retry_temperature": 0.7, "seed": 0}
SEGMENTS = Clips((Segment(0, 0.0, 1.0, "start"),))
DOG = References((Entity("dog", "dog", "dog"),))
SAID = Transcript(0, 0.0, 1.0, ("The dog runs.",), ())
QUICK_S = 5  # of the processor: other processes must not fail a test


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return video_of(write_film(tmp_path_factory.mktemp("film") / "a.mp4"), digest="a" * 64)


def stages(folder, film):
    """A call of each stage that asks a model, on one film."""
    shard = {
        "videos": write_shard(folder / "v.jsonl", [("a", film)]),
        "clips": write_shard(folder / "c.jsonl", [("a", SEGMENTS)]),
        "references": write_shard(folder / "r.jsonl", [("a", DOG)]),
    }
    told = write_shard(folder / "t.jsonl", [("a", SAID, {"segment": 0})])

    def to(output):
        return Shard(output, folder / "store", {})

    prompt = {
        role: f"config/prompts/demo/{role}.txt"
        for role in (
            *("entity_recognizer", "referring_parser", "existence", "behaviour"),
            "question_writer",
        )
    }
    readers = ("statement_reader", "relation_reader", "proof_reader")
    prompt |= {role: f"config/prompts/{role}.txt" for role in readers}
    yield entities, lambda output: entities.recognize_entities(
        shard["videos"], to(output), chat={}, prompts=prompt,
        options=CHAT | {"looks": 1, "n_frames": 2, "max_new_tokens": 8, "batch_films": 1},
    )  # fmt: skip
    yield references, lambda output: references.parse_references(
        write_shard(folder / "e.jsonl", [("a", Entities("A dog runs."))]), to(output),
        chat={}, prompts=prompt,
        options=CHAT | {"max_new_tokens": 8, "max_entities": 20, "batch_films": 1},
    )  # fmt: skip
    yield transcripts, lambda output: transcripts.transcribe_clips(
        **shard, masklets=None, shard=to(output), chat={}, prompts=prompt,
        options=CHAT
        | {"n_frames": 2, "existence_tokens": 4, "behaviour_tokens": 8, "batch_segments": 1},
    )  # fmt: skip
    yield statements, lambda output: statements.read_statements(
        shard["references"], told, to(output), llm={}, prompts=prompt,
        options=CHAT
        | {"lines_per_call": 24, "max_new_tokens": 8, "batch_films": 1},
    )  # fmt: skip
    read = write_shard(folder / "s.jsonl", [("a", read_by_grammar(DOG.entities, [SAID], []))])
    options = {
        "pairs_per_minute": {f"G{n}": 600 for n in range(1, 9)},
        "question_writer": "llm", "time_answers": True, "verify": True, "check_motion": False,
        "check_unseen": False, "proof_reader": "llm",
        "pairs_per_call": 4, "least_score": 0.0, "max_new_tokens": 8,
        "temperature": 0,
        "batch_films": 1,
    }  # fmt: skip
    yield instructions, lambda output: instructions.write_instructions(
        videos=shard["videos"], references=shard["references"], statements=read, masklets=None,
        shard=to(output), phrasings=Path("config/phrasings"), llm={},
        prompts=prompt, options=CHAT | options,
    )  # fmt: skip


@pytest.mark.parametrize("name", REPLIES)
def test_each_stage_ends_in_a_line(tmp_path, monkeypatch, film, name):
    begin = time.process_time()
    for module, call in stages(tmp_path, film):
        chat = ScriptedChat(lambda request: REPLIES[name])
        monkeypatch.setattr(module, "load_chat", lambda spec, chat=chat: chat)
        output = tmp_path / f"{module.__name__}.jsonl"
        call(output)
        assert chat.calls
        lines = read_lines(output)
        assert lines
        for line in lines:
            if line.failure:
                reason = line.failure["reason"]
                assert reason and "\n" not in reason and len(reason) < 600
                assert "Error:" not in reason, reason
            elif line.record.get("rejected") is None:
                assert _is_clean(line.record), line.record
    assert time.process_time() - begin < QUICK_S
    assert not list(tmp_path.rglob("owned"))


def _is_clean(record):
    """No mark-up but the format's own, no control characters, and it can be written as UTF-8."""
    kept = [record.get(name) for name in ("text", "lines", "entities", "question", "answer")]
    text = json.dumps([part for part in kept if part is not None], ensure_ascii=False)
    text.encode("utf-8")
    for token in ("<region>", "<start_time>", "<end_time>"):
        text = text.replace(token, "")
    return "<" not in text and not any(ord(c) < 32 for c in text)


@pytest.mark.parametrize("name", REPLIES)
def test_judges_and_assigners_replies(name):
    reply = REPLIES[name]
    begin = time.process_time()
    marks = read_marks(reply)
    assert set(marks) <= set(RESPECTS)
    assert all(0 <= mark <= 5 for mark in marks.values())
    chosen, _ = value_or_reason(parse_objects, reply, 3)
    assert set(chosen or ()) <= {0, 1, 2}
    written, _ = value_or_reason(parse_replies, reply)
    for pair in (written or {}).values():
        assert isinstance(pair, str) or (pair.question and pair.answer)
    value_or_reason(parse_proofs, reply)
    assert time.process_time() - begin < QUICK_S


def value_or_reason(parse, *given):
    """What a parser gives, or why it gives nothing: on one line."""
    try:
        return parse(*given), None
    except ValueError as error:
        reason = str(error)
    assert reason and "\n" not in reason
    return None, reason


def test_there_are_enough():
    assert len(REPLIES) >= 40
    assert len(set(REPLIES.values())) == len(REPLIES)
