"""The rerun matrix of corrections: each kind, made and taken back, and exactly what follows."""

import csv
import json

import pytest

from strefer.corrections.kinds import COLUMNS, KINDS
from strefer.corrections.pairs import pair_item

from .rerun_matrix import OF_SHARDS, SHARDS, STAGES, following, named
from .test_reruns import contents, expected_items, read_run

pytestmark = pytest.mark.workflow
TABLE = {"corrections": "decisions.csv"}
RULES = {stage: rule for rule, stage in STAGES.items()}


def a_film(run):
    """A film with two expressions, one of them with masks, and pairs."""
    for film in sorted(run["videos"]):
        masklets = run["masklets"][film][0]["masklets"]
        entities = run["references"][film][0]["entities"]
        if len(entities) > 1 and masklets and run["instructions"].get(film):
            return film, masklets[0], [e["expression"] for e in entities]
    raise AssertionError("no film of the small run serves")


def row_of(what, run, project):
    """A correction of a kind that the finished run has an object for."""
    film, masklet, expressions = a_film(run)
    other = next(e for e in expressions if e != masklet["expression"])
    pair = next(p for p in run["instructions"][film] if p["rejected"] is None)
    line = run["transcripts"][film][0]
    masks = project.path("masks.json")
    masks.write_text(json.dumps({"masks": dict(list(masklet["masks"].items())[:1])}))
    entity = {"entity": masklet["expression"]}
    segment = {"start_s": line["start_s"], "end_s": line["end_s"]}
    fields = {
        "drop_film": {},
        "drop_entity": {"entity": other},
        "rename_entity": {"entity": other, "value": "somebody else"},
        "same_as": {"entity": other, "value": masklet["expression"]},
        "noun": entity | {"value": "thing"},
        "generalized_noun": entity | {"value": "thing"},
        "cut_masklet": entity | {"start_s": 0, "end_s": 0.1},
        "replace_masklet": entity | {"value": "masks.json"},
        "masklet_of": {"entity": other, "value": masklet["expression"]},
        "line": {"entity": expressions[0], "value": "swims"} | segment,
        "reject_pair": {"item": pair_item(pair)},
        "edit_question": {"item": pair_item(pair), "value": f"Say: {pair['question']}"},
        "edit_answer": {"item": pair_item(pair), "value": other_answer(pair)},
    }
    return {"film": film, "what": what, "why": "because"} | fields[what]


def other_answer(pair):
    if pair["form"] == "choice":
        return "B" if pair["answer"] == "A" else "A"
    return f"{pair['answer']} So it is."


def write_table(project, rows):
    with open(project.path("decisions.csv"), "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)


@pytest.mark.parametrize("what", KINDS)
def test_exactly_what_follows_from_a_correction(base, tmp_path, what):
    project = base.copied(tmp_path / "project")
    results = project.results()
    before, _ = read_run(base, 2)
    row = row_of(what, before, project)
    concerned = {(RULES[KINDS[what].stage], SHARDS[row["film"]])}

    write_table(project, [row])
    jobs = project.plan(TABLE)
    assert {named(job) for job in jobs} == following(concerned)
    computed = project.execute([job for job in jobs if job.rule.name in OF_SHARDS])
    after, failed = read_run(project, 2)
    assert not failed - {(stage, row["film"], None) for stage in STAGES.values()}
    done = contents(after, computed)
    assert len(done) == len(computed), "an item was computed twice"
    assert done == expected_items(before, after, ())
    assert after[KINDS[what].stage] != before[KINDS[what].stage]
    project.plan(TABLE, touch=True)
    assert project.plan(TABLE) == []

    write_table(project, [])
    jobs = project.plan(TABLE)
    assert {named(job) for job in jobs} == following(concerned)
    assert project.execute([job for job in jobs if job.rule.name in OF_SHARDS]) == []
    assert project.results() == results


def test_corrections_without_an_object_are_listed(base, tmp_path):
    project = base.copied(tmp_path / "project")
    film = min(SHARDS)
    of_film = {"film": film, "what": "rename_entity", "value": "a dragon"}
    write_table(
        project,
        [
            of_film | {"entity": "the king of France"},
            {"film": "nowhere.mp4", "what": "drop_film"},
        ],
    )
    jobs = project.plan(TABLE)
    assert ("write_report", None) in {named(job) for job in jobs}
    assert project.execute([job for job in jobs if job.rule.name in OF_SHARDS]) == []
    (report,) = (job for job in jobs if job.rule.name == "write_report")
    project.execute([report])
    page = project.path("results/small/report.html").read_text(encoding="utf-8")
    assert "there is no expression &#39;king of france&#39;" in page
    assert "nowhere.mp4: drop_film: there is no such film in the run" in page
