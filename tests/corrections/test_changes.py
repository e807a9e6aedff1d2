"""What each correction makes of a stage's lines."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from strefer.corrections.apply import Corrector
from strefer.corrections.expressions import correct_expressions
from strefer.corrections.kinds import COLUMNS
from strefer.corrections.lines import correct_line
from strefer.corrections.masklets import masklet_changes
from strefer.corrections.pairs import correct_pair, pair_item
from strefer.corrections.table import Corrections
from strefer.masks import encode_mask
from strefer.records import Entity, References
from strefer.stage.run import Item, ItemFailure, Shard, one_by_one, run_stage

GIRL, DOG = Entity("girl in red", "girl", "person"), Entity("small dog", "dog", "animal")


def apply(tmp_path, change, stage, lines, rows, context=None):
    """The lines with the rows applied, and the reasons of those that found nothing."""
    table = [",".join(COLUMNS)]
    table += [
        ",".join(str(({"film": "a"} | row).get(name, "")) for name in COLUMNS) for row in rows
    ]
    (tmp_path / "c.csv").write_text("\n".join(table), encoding="utf-8")
    corrector = Corrector(Corrections(str(tmp_path / "c.csv")).of(stage, ["a"]), change)
    kept = json.dumps(lines)
    found = corrector.correct(Item("a", "", context=context), lines)
    assert json.dumps(lines) == kept, "what the store gave must stay as it is"
    return found, [line["failure"]["reason"] for line in corrector.lost()]


def test_a_dropped_film_is_set_aside_and_not_computed(tmp_path):
    rows = [{"film": "a", "what": "drop_film", "why": "slides"}]
    rows += [{"film": "b", "what": "drop_film", "reason": "looks like c"}]
    shard = Shard(tmp_path / "s.jsonl", tmp_path / "store", {}, strict=True, corrections=rows)
    items = [Item(film, film, part={"path": film}) for film in "abc"]
    run_stage("videos", items, lambda: one_by_one(fail_but_c), shard)
    lines = [json.loads(text) for text in shard.output.read_text().splitlines()]
    aside = {line["video_id"]: line["failure"] for line in lines if "failure" in line}
    assert aside["a"] == {"stage": "set aside", "reason": "dropped by hand: slides"}
    assert aside["b"]["reason"] == "looks like c"
    assert [line["video_id"] for line in lines if "failure" not in line] == ["c"]


def fail_but_c(item):
    if item.video_id != "c":
        raise ItemFailure("broken")
    return {}


def expressions(tmp_path, *rows):
    entities = [vars(GIRL), vars(DOG)]
    before = [{"video_id": "a", "entities": entities, "unread": []}]
    [line], lost = apply(tmp_path, correct_expressions, "references", before, rows)
    return [tuple(entity.values()) for entity in line["entities"]], lost


def test_expressions(tmp_path):
    first, second = tuple(vars(GIRL).values()), tuple(vars(DOG).values())
    drop = {"what": "drop_entity", "entity": "The girl in red"}
    assert expressions(tmp_path, drop) == ([second], [])
    rename = {"what": "rename_entity", "entity": "small dog", "value": "puppy"}
    noun = {"what": "noun", "entity": "small dog", "value": "puppy"}
    general = {"what": "generalized_noun", "entity": "puppy", "value": "pet"}
    assert expressions(tmp_path, rename, noun, general) == ([first, ("puppy", "puppy", "pet")], [])
    one = {"what": "same_as", "entity": "small dog", "value": "girl in red"}
    assert expressions(tmp_path, one, noun) == ([("girl in red", "puppy", "person")], [])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"what": "noun", "entity": "cat", "value": "x"}, "no expression 'cat' (there are 'girl"),
        ({"what": "same_as", "entity": "small dog", "value": "cat"}, "no other expression 'cat'"),
        ({"what": "rename_entity", "entity": "small dog", "value": "Girl in red"}, "already"),
        ({"what": "noun", "entity": "small dog", "value": "x", "was": "cat"}, "now says 'dog'"),
    ],
)
def test_expressions_that_are_not_there(tmp_path, row, says):
    found, [reason] = expressions(tmp_path, row)
    assert says in reason
    assert len(found) == 2


def mask(x):
    pixels = np.zeros((8, 8), bool)
    pixels[2:4, x : x + 2] = True
    return encode_mask(pixels)


def masklets(tmp_path, *rows, prompted=None):
    """The masks of a film's girl (at x = 0) and dog (at 4), by entity and frame."""
    shown = [(0, GIRL, {"0": mask(0), "1": mask(0)}), (1, DOG, {"1": mask(4), "2": mask(4)})]
    before = [
        {
            "video_id": "a",
            "frame_times_s": [0.0, 1.0, 2.0],
            "height_px": 8,
            "width_px": 8,
            "masklets": [
                {"entity": entity, "expression": e.expression, "generalized_noun": "", "score": 0.5}
                | {"masks": masks, "region_prompts": None}
                for entity, e, masks in shown
            ],
            "dropped": {},
        }
    ]
    context = (None, References((GIRL, DOG)), None)
    change = masklet_changes(prompted)
    [line], lost = apply(tmp_path, change, "masklets", before, rows, context)
    return line, {one["entity"]: one["masks"] for one in line["masklets"]}, lost


def test_a_masklet_is_cut(tmp_path):
    part = {"what": "cut_masklet", "entity": "small dog", "start_s": 2, "end_s": 9}
    line, masks, lost = masklets(tmp_path, part)
    assert masks == {0: {"0": mask(0), "1": mask(0)}, 1: {"1": mask(4)}}
    assert not lost
    whole = {"what": "cut_masklet", "entity": "small dog", "why": "a toy"}
    line, masks, lost = masklets(tmp_path, whole)
    assert line["dropped"] == {"1": "cut by hand: a toy"}
    assert masks.keys() == {0}
    _, _, [reason] = masklets(tmp_path, whole, part)
    assert "there is no mask in this time" in reason


def test_masklets_are_swapped_for_a_time(tmp_path):
    late = {"start_s": 1, "end_s": 2}
    rows = [
        {"what": "masklet_of", "entity": "small dog", "value": "girl in red"} | late,
        {"what": "masklet_of", "entity": "girl in red", "value": "small dog"} | late,
    ]
    line, masks, lost = masklets(tmp_path, *rows)
    assert masks == {0: {"0": mask(0), "1": mask(4), "2": mask(4)}, 1: {"1": mask(0)}}
    assert [one["score"] for one in line["masklets"]] == [1.0, 1.0]
    assert not lost


def test_a_masklet_is_replaced_by_a_file(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps({"masks": {"0": mask(6), "2": mask(6)}}))
    row = {"what": "replace_masklet", "entity": "small dog", "value": "m.json"}
    _, masks, _ = masklets(tmp_path, row)
    assert masks[1] == {"0": mask(6), "2": mask(6)}
    _, masks, _ = masklets(tmp_path, row | {"start_s": 2, "end_s": 2})
    assert masks[1] == {"1": mask(4), "2": mask(6)}


@pytest.mark.parametrize(
    ("masks", "says"),
    [
        ({"7": mask(0)}, "frame '7': the film has 3 frames"),
        ({"0": encode_mask(np.ones((4, 4), bool))}, r"frame '0': its size is \[4, 4\]"),
        ({"0": encode_mask(np.zeros((8, 8), bool))}, "frame '0': the mask is empty"),
        ([], "not {"),
    ],
)
def test_a_file_of_wrong_masks_is_named(tmp_path, masks, says):
    (tmp_path / "m.json").write_text(json.dumps({"masks": masks}))
    row = {"what": "replace_masklet", "entity": "small dog", "value": "m.json"}
    with pytest.raises(ValueError, match=f"m.json: {says}"):
        masklets(tmp_path, row)


def test_region_prompts_are_made_again(tmp_path):
    from strefer.masklets.assign_masklets import _prompts_of

    row = {"what": "masklet_of", "entity": "small dog", "value": "girl in red"}
    line, _, _ = masklets(tmp_path, row, prompted=_prompts_of)
    assert line["masklets"][1]["region_prompts"]["0"]["box"] == (0.0, 2.0, 2.0, 4.0)


def lines(tmp_path, *rows, start_s=2.0, end_s=4.0):
    before = [
        {"video_id": "a", "segment": 1, "start_s": start_s, "end_s": end_s}
        | {"lines": ["runs", None], "disagreements": None, "unknown": {"1": "existence: what?"}}
    ]
    context = SimpleNamespace(expressions=("girl in red", "small dog"))
    [line], lost = apply(tmp_path, correct_line, "transcripts", before, rows, context)
    return line["lines"], line["unknown"], lost


def test_lines(tmp_path):
    of = {"what": "line", "start_s": 2, "end_s": 4}
    assert lines(tmp_path, of | {"entity": "small dog", "value": "barks"})[:2] == (
        ["runs", "barks"],
        {},
    )
    said, unknown, _ = lines(tmp_path, of | {"entity": "girl in red", "was": "runs"})
    assert said == [None, None]
    assert unknown
    _, _, [reason] = lines(tmp_path, of | {"entity": "girl in red", "was": "walks"})
    assert "it now says 'runs', not 'walks'" in reason
    _, _, [reason] = lines(tmp_path, of | {"entity": "girl in red", "end_s": 5})
    assert "no segment has these times any longer" in reason


def test_a_second_look_at_a_part_says_the_same(tmp_path):
    row = {"what": "line", "entity": "girl in red", "value": "sits", "was": "ran", "start_s": 2}
    assert lines(tmp_path, row | {"end_s": 7}, end_s=5.0)[0] == ["sits", None]
    assert lines(tmp_path, row | {"end_s": 7}, start_s=4.0, end_s=7.0)[0] == ["sits", None]
    assert lines(tmp_path, row | {"end_s": 7}, start_s=3.0, end_s=6.0)[0] == ["runs", None]


PAIR = {
    "video_id": "a", "pair_id": "1", "group": "G6", "form": "open", "rejected": None,
    "question": "What does <region> do?", "answer": "It runs.", "options": (), "regions": (0,),
    "start_s": None, "end_s": None, "clip_s": None, "written_by": "llm",
    "evidence": {"segments": (0,), "entities": (0,), "claim": {"kind": "is"}},
}  # fmt: skip


def pairs(tmp_path, *rows, **fields):
    other = PAIR | {"pair_id": "2", "question": "Who is <region>?"}
    before = [PAIR | fields, other]
    found, lost = apply(tmp_path, correct_pair, "instructions", before, rows)
    assert found[1] == other
    return found[0], lost


def test_pairs(tmp_path):
    item = pair_item(PAIR)
    pair, lost = pairs(tmp_path, {"what": "reject_pair", "item": item, "why": "odd"})
    assert pair["rejected"] == "rejected by hand: odd"
    assert not lost
    edit = {"what": "edit_question", "item": item, "value": "What is <region> doing?"}
    pair, _ = pairs(tmp_path, edit)
    assert pair["question"] == "What is <region> doing?"
    assert pair["written_by"] == "person"
    # The key before the edit and after it are both the pair's.
    again = [
        {"what": "edit_answer", "item": key, "value": "Sits."} for key in (item, pair_item(pair))
    ]
    assert [pairs(tmp_path, edit, row)[0]["answer"] for row in again] == ["Sits.", "Sits."]


def test_pairs_that_are_not_there_or_would_be_none(tmp_path):
    item = pair_item(PAIR)
    _, [reason] = pairs(tmp_path, {"what": "edit_question", "item": item, "value": "What now?"})
    assert "as many <region>" in reason
    _, [reason] = pairs(tmp_path, {"what": "reject_pair", "item": "0" * 16})
    assert "no pair has this key any longer" in reason
    choice = {"form": "choice", "answer": "A", "options": ("a", "b", "c", "d")}
    answers = [
        {"what": "edit_answer", "item": pair_item(PAIR | choice), "value": v} for v in ("B", "E")
    ]
    pair, [reason] = pairs(tmp_path, *answers, **choice)
    assert pair["answer"] == "B"
    assert "no option's letter" in reason


def test_an_item_without_lines_has_none(tmp_path):
    row = {"what": "reject_pair", "item": "0" * 16}
    found, [reason] = apply(tmp_path, correct_pair, "instructions", [], [row])
    assert found == []
    assert "no pair has this key" in reason


def test_what_is_said_of_a_film_that_failed_is_listed(tmp_path):
    before = [{"video_id": "a", "failure": {"stage": "references", "reason": "no reply"}}]
    row = {"what": "drop_entity", "entity": "dog"}
    found, [reason] = apply(tmp_path, correct_expressions, "references", before, [row])
    assert found == before
    assert reason == "drop_entity 'dog': the film failed: no reply"
