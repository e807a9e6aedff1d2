"""Whatever a file of questions or predictions holds: it is read, or a line says what is wrong."""

import copy
import json

import pytest

from helpers.forms_of_benchmarks import NAMES, contents, write_form
from strefer.__main__ import main
from strefer.benchmarks.prediction_files import read_predictions
from strefer.benchmarks.registry import BENCHMARKS, load_questions

ODD = [
    *(None, True, 0, -1, 1e12, float("nan"), float("inf"), "", "x", "<region>", "2", "\x00"),
    *([], [[]], [None], [[3, 1]], [["a", "b"]], {}, {"0": None}, {"x": {"segmentation": 1}}),
]


def places(value, path=()):
    """The path of every part of a JSON value."""
    yield path
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*path, key))


def with_odd(value, path, odd):
    """The value with one part replaced, or taken away."""
    if not path:
        return odd
    value = copy.deepcopy(value)
    part = value
    for key in path[:-1]:
        part = part[key]
    if odd is ...:
        del part[path[-1]]
    else:
        part[path[-1]] = odd
    return value


def value_or_reason(function, *given):
    try:
        return function(*given), None
    except ValueError as error:
        return None, str(error)


@pytest.mark.parametrize("name", NAMES)
def test_every_odd_part_of_every_file_is_read_or_named(tmp_path, name):
    files = contents(name)
    read = refused = 0
    for file, content in files.items():
        for path in places(content):
            for odd in [*ODD, ...] if path else ODD:
                given = write_form(tmp_path, name, files | {file: with_odd(content, path, odd)})
                questions, reason = value_or_reason(load_questions, name, given, 0)
                if reason is not None:
                    refused += 1
                    assert "\n" not in reason and str(tmp_path) in reason
                    continue
                read += 1
                said = dict.fromkeys((q.id for q in questions), "A")
                BENCHMARKS[name].module.score(questions, said, None)
    assert read > 20
    assert refused > 20


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"[", b"[1", b"PAR1", b"[" * 5000, b"null\n"])
def test_files_that_are_not_json_are_named(tmp_path, capsys, name, text):
    given = write_form(tmp_path, name)
    file = next(iter(contents(name)))
    (tmp_path / file).write_bytes(text)
    predictions = tmp_path / "p.jsonl"
    predictions.write_text("")
    arguments = ["--annotations", given["annotations"], "--predictions", str(predictions)]
    assert main(["score", name, *arguments]) == 2
    (line,) = [said for said in capsys.readouterr().err.splitlines() if "strefer: " in said]
    assert str(tmp_path) in line


def test_every_odd_line_of_predictions_is_read_or_named(tmp_path):
    questions = load_questions("videorefer_q", write_form(tmp_path, "videorefer_q"), 0)
    log = {"doc_id": 0, "filtered_resps": ["A"], "answer": {"id": "0"}}
    lines = [{"id": 0, "prediction": "A"}, log, log | {"answer": {"video_id": "a"}}]
    for line in lines:
        for path in places(line):
            for odd in [*ODD, ...] if path else ODD:
                file = tmp_path / "p.jsonl"
                file.write_text(json.dumps(with_odd(line, path, odd)))
                said, reason = value_or_reason(read_predictions, file, questions)
                if reason is None:
                    assert set(said) <= {"0"}
                else:
                    assert "\n" not in reason and str(file) in reason
