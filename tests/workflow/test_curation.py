"""The target `curation` in a finished run, and its table as corrections."""

import csv
import shutil

import pytest

from .rerun_matrix import ALONE, IN_COMPANY, benchmark_film, named

pytestmark = pytest.mark.workflow


def test_films_that_are_there_twice_or_in_a_benchmark_are_found_and_dropped(base, tmp_path):
    project = base.copied(tmp_path / "project")
    shutil.copy(project.path("films") / ALONE, project.path("films/twice.mp4"))
    shutil.copy(project.path("films") / IN_COMPANY, benchmark_film(project))
    project.execute(project.plan(targets=["curation"]))
    table = project.path("results/small/curation/drop.csv")
    with open(table, encoding="utf-8") as file:
        why = {row["film"]: row["why"] for row in csv.DictReader(file)}
    assert why.keys() == {"twice.mp4", IN_COMPANY}
    assert why["twice.mp4"] == f"duplicate: 100% of it looks like {ALONE}"
    assert why[IN_COMPANY].startswith("benchmark: 100% of it looks like ")

    project.plan(targets=["curation"], touch=True)
    shutil.copy(table, project.path("curated.csv"))
    jobs = project.plan({"corrections": ["curated.csv"]}, targets=["instructions"])
    project.execute(
        [job for job in jobs if named(job)[0] not in ("export_instructions", "write_card")]
    )
    videos = [path.read_text("utf-8") for path in project.path("results/small").glob("videos/*")]
    assert "".join(videos).count('"stage": "set aside"') == 2
    assert ALONE in "".join(videos)
