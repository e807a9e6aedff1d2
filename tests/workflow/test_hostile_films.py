"""Bad and odd films through the whole chain: each ends in a result or in a line that says why."""

import html.parser
import json
import os

import pytest

from helpers.hostile_films import SECRET, write_hostile_films
from strefer.report.write_report import write_report

from .bench_of_reruns import Project

pytestmark = pytest.mark.workflow
RUN = {"run": "hostile", "videos": "hostile", "shards": 1}
STAGES = (
    "videos clips entities references tracks masklets transcripts statements instructions".split()
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The project after the run, the good films' names, and all files outside of results."""
    project = Project.new(tmp_path_factory.mktemp("hostile") / "project")
    good = write_hostile_films(project.path("hostile"))
    before = outside(project)
    # As a user calls it: Snakemake has to live with the names, the pipes and the loops.
    process = project.start("results/hostile/videos/00000-of-00001.jsonl", config=RUN)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said[-3000:]
    assert "Traceback" not in said
    jobs = project.plan(RUN, targets=["instructions"])
    assert "probe_videos" not in {job.rule.name for job in jobs}
    project.execute([job for job in jobs if job.wildcards_dict.get("shard")])
    return project, good, before, said


def outside(project):
    """All files but results and what Snakemake and Python keep for themselves."""
    return {
        os.path.join(folder, name)
        for folder, _, names in os.walk(os.fsencode(project.folder.parent))
        for name in names
        if b"/project/results/" not in folder + b"/"
        and b"/.snakemake" not in folder
        and b"__pycache__" not in folder
        and name != b"given.yaml"
    }


def lines_of(project, stage):
    text = project.path(f"results/hostile/{stage}/00000-of-00001.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_every_film_has_a_line_and_good_ones_come_out(hostile):
    project, good, *_ = hostile
    probed = {line["video_id"]: line for line in lines_of(project, "videos")}
    assert len(probed) >= 90
    failed = {name for name, line in probed.items() if "failure" in line}
    assert good <= set(probed) - failed
    assert len(failed) >= 50
    reasons = [probed[name]["failure"]["reason"] for name in failed]
    assert all(reasons)
    # A reason is for people: no name of an exception in it.
    assert not [reason for reason in reasons if "Error:" in reason]


def test_odd_films_go_through_or_fail_with_a_reason(hostile):
    project, _, *_ = hostile
    films = {line["video_id"] for line in lines_of(project, "videos") if "failure" not in line}
    for stage in STAGES[1:]:
        lines = lines_of(project, stage)
        done = {line["video_id"] for line in lines}
        assert done <= films
        assert all(line["failure"]["reason"] for line in lines if "failure" in line)
        reasons = [line["failure"]["reason"] for line in lines if "failure" in line]
        crashed = [reason for reason in reasons if "Error:" in reason]
        assert not crashed, crashed[:3]
        # What passed a stage is in the next, as a result or as a failure.
        if stage in ("clips", "entities"):
            assert done == films


def test_nothing_is_written_outside_of_results_and_nothing_runs(hostile):
    project, _, before, said = hostile
    assert outside(project) == before
    everything = "".join(
        path.read_text("utf-8", "replace")
        for path in project.path("results/hostile").rglob("*")
        if path.is_file() and path.suffix in (".jsonl", ".json", ".log")
    )
    assert SECRET not in everything + said


class _Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}


def test_the_report_shows_hostile_names_as_text(hostile):
    project, *_ = hostile
    page = project.path("results/hostile/report.html")
    stages = {s: [project.path(f"results/hostile/{s}/00000-of-00001.jsonl")] for s in STAGES}
    here = os.getcwd()
    os.chdir(project.folder)  # paths of films stand against the project's folder
    try:
        write_report(
            stages=stages, scores={}, training_logs={}, quality=None, output=page,
            run="hostile", seed=0,
        )  # fmt: skip
    finally:
        os.chdir(here)
    seen = _Tags()
    seen.feed(page.read_text("utf-8"))
    assert not seen.tags & {"script", "iframe", "object", "embed", "link", "form"}
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert "damaged_0.mp4" in page.read_text("utf-8")
