"""Two runs of one film, of which the second has changed."""

import dataclasses
import json

import pytest

from helpers.report_run import write_stages
from helpers.shards import write_shard
from strefer.__main__ import main
from strefer.records import Instruction, from_json
from strefer.report.compare_runs import compare_benchmarks, compare_pairs, read_run
from strefer.stage.run import read_records

FILM = "film.mp4"


@pytest.fixture
def runs(tmp_path):
    """The folders of two equal runs."""
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        for stage, (file,) in write_stages(folder, FILM, ["It sits.", "It runs."]).items():
            (folder / stage).mkdir()
            file.rename(folder / stage / "00000-of-00001.jsonl")
    return folders


def change(folder, stage, kind, function):
    file = folder / stage / "00000-of-00001.jsonl"
    records = function(read_records(file, kind)[FILM])
    write_shard(file, [(FILM, record) for record in records])


def differences(runs):
    return [(c.kind, c.reason) for c in compare_pairs(*map(read_run, runs))]


def numbered(pairs):
    """Pairs that differ in what they ask."""
    return [dataclasses.replace(p, question=f"{n} {p.question}") for n, p in enumerate(pairs)]


def test_pairs_that_went_came_and_changed(runs):
    for run in runs:
        change(run, "instructions", Instruction, numbered)
    assert differences(runs) == []

    def reject(pairs):
        return [dataclasses.replace(pairs[0], rejected="rejected by hand: odd"), *pairs[1:]]

    change(runs[1], "instructions", Instruction, reject)
    assert differences(runs) == [("lost", "rejected by hand: odd")]
    assert differences(runs[::-1]) == [("added", "was rejected: rejected by hand: odd")]

    def edit(pairs):
        return [dataclasses.replace(pairs[0], answer="No.", rejected=None, written_by="person")]

    change(runs[1], "instructions", Instruction, edit)
    assert differences(runs) == [("changed", "by hand"), ("lost", "no longer proposed")]


def test_the_first_stage_that_differs_is_the_reason(runs):
    change(runs[1], "instructions", Instruction, lambda pairs: [])
    entities = runs[1] / "references/00000-of-00001.jsonl"
    line = json.loads(entities.read_text())
    line["entities"][0]["noun"] = "puppy"
    entities.write_text(json.dumps(line) + "\n")
    assert set(differences(runs)) == {("lost", "other references before it")}


def test_a_film_that_failed_or_is_not_there_is_the_reason(runs):
    write_shard(runs[1] / "instructions/00000-of-00001.jsonl", [(FILM, "too dark")])
    assert {reason for _, reason in differences(runs)} == {"instructions: too dark"}
    (runs[1] / "instructions/00000-of-00001.jsonl").write_text("")
    (runs[1] / "videos/00000-of-00001.jsonl").write_text("")
    assert {reason for _, reason in differences(runs)} == {"the film is not in the run"}


def write_scores(run, points, benchmark="videorefer_q"):
    rows = [{"id": i, "points": p, "about": {"kind": "a"}} for i, p in enumerate(points)]
    mean = sum(points) / len(points)
    path = run / "scores/base" / f"{benchmark}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"metrics": {"accuracy": mean}, "rows": rows}))


def test_scores_are_compared_with_their_interval(runs, capsys):
    write_scores(runs[0], [0, 0, 1, 0])
    write_scores(runs[1], [1, 1, 1, 1])
    (row,) = compare_benchmarks(*runs)
    assert row["values"] == {"first": 0.25, "second": 1.0}
    assert 0 <= row["differences"]["second"].low <= 0.75 <= row["differences"]["second"].high
    write_scores(runs[1], [1, 1, 1])
    (row,) = compare_benchmarks(*runs)
    assert "different questions" in row["fault"]


def test_the_command_says_it_and_writes_it(runs, tmp_path, capsys):
    for run in runs:
        change(run, "instructions", Instruction, numbered)
    change(runs[1], "instructions", Instruction, lambda pairs: pairs[1:])
    write_scores(runs[0], [0, 1])
    write_scores(runs[1], [1, 1])
    assert main(["compare", *map(str, runs), "--pairs", str(tmp_path / "pairs.jsonl")]) == 0
    said = capsys.readouterr().out
    assert "A = one, B = two" in said
    assert "instructions  A " in said
    assert "pairs: 0 added, 1 lost, 0 changed" in said
    assert "1 lost     no longer proposed" in said
    assert "videorefer_q" in said
    written = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]
    assert all(from_json(Instruction, one["before"]) for one in written)
    assert main(["compare", "nowhere", str(runs[0])]) == 2
    assert "there is no run nowhere" in capsys.readouterr().err
