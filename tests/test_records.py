import pytest

from strefer.records import (
    Entity,
    Evidence,
    Instruction,
    References,
    Transcript,
    from_json,
    to_json,
)


def test_records_survive_a_round_trip():
    references = References((Entity("red ball", "ball", "ball"),))
    assert from_json(References, to_json(references)) == references
    transcript = Transcript(0, 0.0, 1.5, ("jumps", None), (1,))
    assert from_json(Transcript, to_json(transcript)) == transcript
    instruction = Instruction(
        "p", "G1", "open", "q", "a", (), (0,), None, 2.0, (0.0, 1.0), Evidence((0,), (0,), {})
    )
    assert from_json(Instruction, to_json(instruction)) == instruction


def test_a_wrong_record_is_named():
    with pytest.raises(ValueError, match="Entity: unknown field 'colour'"):
        from_json(Entity, {"expression": "a", "noun": "a", "generalized_noun": "a", "colour": 1})
    with pytest.raises(ValueError, match="Entity: .*missing"):
        from_json(References, {"entities": [{"expression": "a"}]})
