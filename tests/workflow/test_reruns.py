"""The rerun matrix: one change at a time in a finished run, and exactly what follows from it.

The rows are in rerun_matrix.py. The items of later stages must be computed if, and only if, a
record that they are made from has changed. More is as wrong as less.
"""

import json
import subprocess

import pytest
import yaml

from strefer.instructions.groups import GROUPS
from strefer.workflow import accepted_changes as acceptance
from strefer.workflow import provenance

from .bench_of_reruns import FILMS, ROOT
from .in_process import LARGEST_COMPARED
from .rerun_matrix import OF_SHARDS, ROWS, SHORT, STAGES, edit, following, module, named

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in SHORT else pytest.mark.long) for n in ROWS]
)
def test_exactly_what_follows_from_a_change(base, tmp_path, name):
    change, concerned, stages = ROWS[name]
    project = base.copied(tmp_path / "project")
    config = change(project)
    jobs = project.plan(config)
    assert {named(job) for job in jobs} == following(concerned)
    data = [job for job in jobs if job.rule.name in OF_SHARDS]
    before, _ = read_run(base, 2)
    computed = project.execute(data)
    after, failed = read_run(project, (config or {}).get("shards", 2))
    done = contents(after, computed)
    assert len(done) == len(computed), "an item was computed twice"
    assert done == expected_items(before, after, stages) | contents(after, failed)


# --- What an item is made from, by the words of the method and not by the stages' code.


def read_run(project, shards):
    """The records of a run by stage and film, and the items that failed: another prompt may
    confuse the demo's model, and what failed is tried again and missing in the stages behind."""
    lines, failed = {stage: {} for stage in STAGES.values()}, set()
    for stage, of_stage in lines.items():
        folder = project.path(f"results/small/{stage}")
        for path in sorted(folder.glob(f"*-of-{shards:05d}.jsonl")):
            for text in path.read_text(encoding="utf-8").splitlines():
                line = json.loads(text)
                film = line.pop("video_id")
                if "failure" in line:
                    failed.add((stage, film, line.get("segment", line.get("group"))))
                else:
                    of_stage.setdefault(film, []).append(line)
    return lines, failed


NEEDED = {
    "videos": "videos",
    "clips": "videos",
    "entities": "videos",
    "references": "videos entities",
    "tracks": "videos references",
    "masklets": "videos references tracks",
    "transcripts": "videos clips references",
    "statements": "references transcripts",
    "instructions": "videos references statements masklets",
}


def made_from(run, stage, film):
    """By part of the film: what the stage's result for it depends on; nothing if a stage before
    failed."""
    if not all(film in run[needed] for needed in NEEDED[stage].split()):
        return {}
    (video,) = run["videos"][film]
    digest = video["digest"]
    if stage in ("videos", "clips", "entities"):
        return {None: digest}
    if stage == "references":
        return {None: run["entities"][film][0]["text"]}
    references = run["references"][film][0]["entities"]
    if stage == "tracks":
        return {None: [digest, [e["generalized_noun"] for e in references]]}
    if stage == "masklets":
        return {None: [digest, references, run["tracks"][film]]}
    if stage == "transcripts":
        expressions = [e["expression"] for e in references]
        return {
            s["index"]: [digest, s["start_s"], s["end_s"], expressions]
            for s in run["clips"][film][0]["segments"]
        }
    if stage == "statements":
        return {None: [references, run["transcripts"][film]]}
    content = [digest, references, run["statements"][film], run["masklets"][film]]
    return {group: [group, *content] for group in GROUPS}


def expected_items(before, after, stages):
    """(stage, content) of the items to compute: all of the stages that the change concerns (or of
    some of their groups: "instructions: G2"), and of the others those made from something that was
    not there before."""
    expected = set()
    for stage in STAGES.values():
        known = set() if stage in stages else all_contents(before, stage)
        known = {one for one in known if f"{stage}: {json.loads(one)[0]}" not in stages}
        expected |= {(stage, content) for content in all_contents(after, stage) - known}
    return expected


def all_contents(run, stage):
    """Two films with the same content are one item, whichever of them comes first."""
    return {key(c) for film in run["videos"] for c in made_from(run, stage, film).values()}


def contents(run, items):
    return {(stage, key(made_from(run, stage, film)[part])) for stage, film, part in items}


def key(content):
    return json.dumps(content, sort_keys=True)


def test_a_call_removes_the_files_of_other_shards(base, tmp_path):
    project = base.copied(tmp_path / "project")
    process = project.start("results/small/videos/00000-of-00001.jsonl", config={"shards": 1})
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said[-3000:]
    results = project.path("results/small")
    assert [path.name for path in results.glob("*/*-of-*.jsonl")] == ["00000-of-00001.jsonl"]
    assert len((results / "videos/00000-of-00001.jsonl").read_text("utf-8").splitlines()) == FILMS
    assert (results / "recipes/strefer.jsonl").exists()


def test_an_accepted_change_computes_nothing_and_is_on_record(base, tmp_path):
    project = base.copied(tmp_path / "project")
    git(project, "init", "--quiet")
    git(project, "add", "scripts", "envs", "config")
    git(project, "commit", "--quiet", "--message", "before")
    module("clips/segmentation")(project)
    assert ("cut_clips", 0) in {named(job) for job in project.plan()}

    names = acceptance.accept(project.folder, "HEAD", "a name that nobody reads")
    assert "cut_clips" in names
    assert "parse_references" not in names
    assert project.plan() == []

    assert reasons_of(project, "cut_clips") == ["a name that nobody reads"]
    with pytest.raises(ValueError, match="nothing differs"):
        acceptance.accept(project.folder, "HEAD", "again")

    edit("scripts/strefer/clips/segmentation.py", "\n_CHANGED_AGAIN = 1\n")(project)
    assert ("cut_clips", 0) in {named(job) for job in project.plan()}
    acceptance.accept(project.folder, "HEAD", "nor this one")
    assert reasons_of(project, "cut_clips") == ["nor this one"], "an acceptance that is dead"
    assert project.plan() == []


def reasons_of(project, name):
    table = acceptance.load_table(project.path(acceptance.FILE))
    return [entry["reason"] for entry in table.values() if entry["of"] == name]


def git(project, *arguments):
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    subprocess.run(["git", "-C", project.folder, *identity, *arguments], check=True)


def test_the_profiles_say_what_the_matrix_assumes():
    profile = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text(encoding="utf-8"))
    assert set(profile["rerun-triggers"]) == {"mtime", "params", "input"}
    assert profile["max-checksum-file-size"] == f"{LARGEST_COMPARED // 10**9}GB"
    assert profile["nolock"] is True
    assert profile["rerun-incomplete"] is True


def test_every_rule_names_its_environment_in_its_digest():
    for path in sorted((ROOT / "rules").glob("*.smk")):
        for rule in path.read_text(encoding="utf-8").split("\nrule ")[1:]:
            if "environment_file(" in rule:  # the stage's, in whose parameters its digest is
                stage = rule.partition("environment_file(")[2].partition(")")[0]
                assert f"**params_of({stage})" in rule, rule
            elif "conda:" in rule:
                environment = rule.partition("../envs/")[2].partition(".yaml")[0]
                by_wildcard = environment == "{environment}"
                wanted = "wildcards.environment" if by_wildcard else f'"{environment}"'
                assert wanted in rule.partition("code_of(")[2][:80], rule


def test_secrets_are_left_out_of_the_provenance():
    given = {"agents": {"llm": {"api_key": "abc", "key_variable": "OPENAI_API_KEY", "model": "m"}}}
    kept = provenance.without_secrets(given)["agents"]["llm"]
    assert kept == {"api_key": "(left out)", "key_variable": "OPENAI_API_KEY", "model": "m"}
