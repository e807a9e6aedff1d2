"""Whatever is thrown at a parser: a value that keeps its promises, or a ValueError."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strefer.agents import replies
from strefer.agents.assigner.interface import parse_objects
from strefer.benchmarks.letters import videomme_letter, videorefer_letter
from strefer.benchmarks.videorefer_d import read_marks
from strefer.instructions.wording.question_prompt import parse_replies
from strefer.masks import check_runs, decode_mask, encode_mask, runs_of
from strefer.recipes.base_data import read_base
from strefer.recipes.recipe import load_recipe
from strefer.stage.run import read_lines
from strefer.times import clock, seconds_of
from strefer.videollm.data.shapes import mask_of_shape
from strefer.videos.find_videos import list_videos

settings.register_profile("strefer", max_examples=150, deadline=None, derandomize=True)
settings.load_profile("strefer")

# fmt: off
PIECES = st.sampled_from([
    "yes", "no", ".", " ", "\n", "<", ">", "{", "}", "[", "]", '"', "\\", "\x00", "\u202e",
    "\ud800",
    "a dog", "```", ",", "1", "sorry, ", "é", "字", "<obj0>", "(A)", "The answer is",
    '{"expression": "dog", "noun": "dog", "generalized_noun": "dog"}',
    '{"question": "What is it?", "answer": "A dog."}', "Subject Correspondence: ",
])
# fmt: on
REPLIES = st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(), part, max_size=4),
    max_leaves=12,
)


def value_or_error(function, *given):
    try:
        return function(*given)
    except ValueError as error:
        reason = str(error)
    assert reason
    return None


@given(REPLIES)
@example("9" * 5000)
@example("Subject Correspondence: " + "9" * 5000)
def test_replies(reply):
    assert value_or_error(replies.parse_yes_no, reply) in (True, False, None)
    for parse in (replies.parse_sentences, replies.parse_entity_text):
        text = value_or_error(parse, reply)
        assert text is None or _is_one_clean_line(text)
    for entity in value_or_error(replies.parse_entities, reply) or ():
        assert all(_is_one_clean_line(text) for text in vars(entity).values())
        assert len(entity.expression) <= replies.MAX_EXPRESSION_CHARS
    for pair in (value_or_error(parse_replies, reply) or {}).values():
        assert isinstance(pair, str) or (pair.question and "\n" not in pair.question)
    assert set(value_or_error(parse_objects, reply, 2) or ()) <= {0, 1}
    assert all(0 <= mark <= 5 for mark in read_marks(reply).values())
    assert len(videorefer_letter(reply)) <= 1
    assert videomme_letter(reply) in ("A", "B", "C", "D", None)
    assert "\n" not in replies.shorten(reply)


def _is_one_clean_line(text):
    text.encode("utf-8")
    return bool(text) and "\n" not in text and not set(text) & set("<>{}[]|`\\\x00\u202e")


@given(JSON)
def test_replies_of_json(value):
    reply = json.dumps(value)
    value_or_error(replies.parse_entities, reply)
    value_or_error(parse_replies, reply)


@given(st.floats(min_value=0, max_value=1e6))
def test_times_come_back(seconds):
    assert seconds_of(clock(seconds)) == pytest.approx(seconds, abs=0.00051)


@given(st.one_of(st.text(), st.from_regex(r"\d{1,3}:\d\d:\d\d([.,]\d*)?")))
def test_times_of_any_text(text):
    seconds = value_or_error(seconds_of, text)
    assert seconds is None or seconds >= 0


@given(st.floats())
def test_any_number_as_time(seconds):
    value_or_error(clock, seconds)


@given(st.integers(1, 12), st.integers(1, 12), st.randoms(use_true_random=False))
def test_masks_come_back(height, width, drawn):
    mask = np.array([[drawn.random() < 0.5 for _ in range(width)] for _ in range(height)])
    rle = encode_mask(mask)
    assert (decode_mask(rle) == mask).all()
    check_runs(runs_of(rle["counts"]), rle["size"])


SIDES = st.one_of(st.integers(-2, 60), st.integers(), st.text(max_size=2), st.none())
COUNTS = st.text(st.characters(min_codepoint=40, max_codepoint=115), max_size=40)


@given(COUNTS, st.lists(SIDES, max_size=3))
@example("0" * 59, [5, 7])  # pycocotools alone writes beyond its memory
def test_masks_of_any_code(counts, size):
    mask = value_or_error(decode_mask, {"size": size, "counts": counts})
    assert mask is None or mask.shape == tuple(size)


@given(
    st.one_of(
        st.builds(lambda c, s: {"segmentation": {"counts": c, "size": s}},
                  st.lists(st.integers(-5, 100), max_size=6), st.lists(SIDES, max_size=3)),
        st.builds(lambda p: {"segmentation": p},
                  st.lists(st.lists(st.floats(width=32), max_size=8), max_size=3)),
        st.builds(lambda b: {"box": b}, st.lists(st.floats(-100, 100), min_size=4, max_size=4)),
    )
)  # fmt: skip
def test_shapes(shape):
    mask = value_or_error(mask_of_shape, shape, 20, 30)
    assert mask is None or mask.dtype == bool


TABLE = st.one_of(
    st.binary(max_size=200),
    st.lists(st.lists(st.text(max_size=8), max_size=3).map(",".join), max_size=5).map(
        lambda rows: ("id,path\n" + "\n".join(rows)).encode("utf-8", "surrogatepass")
    ),
)


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet"])
@given(data=TABLE)
def test_tables_of_films(kind, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"films.{kind}"
        path.write_bytes(data)
        for name, film in (value_or_error(list_videos, path) or {}).items():
            assert isinstance(name, str) and isinstance(film, str)


@pytest.mark.parametrize("read", [read_lines, read_base, load_recipe])
@given(
    data=st.one_of(
        st.binary(max_size=200),
        JSON.map(json.dumps).map(str.encode),
        st.lists(JSON.map(json.dumps), max_size=3).map("\n".join).map(str.encode),
    )
)
def test_files_of_lines(read, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        value_or_error(read, path)
