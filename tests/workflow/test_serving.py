"""A run that serves its video LLM itself; a small server of OpenAI's protocol stands for vLLM's."""

import os
import sys

import pytest
import yaml

from helpers.configurations import read_configuration

from .conftest import ROOT
from .test_slurm import cluster  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(900)]
SERVER = ROOT / "tests" / "helpers" / "openai_server.py"


@pytest.fixture
def starts(tmp_path, monkeypatch):
    """The file in which each start of a server leaves a line."""
    (tmp_path / "vllm").write_text(f'#!/bin/sh\nexec {sys.executable} {SERVER} "$@"\n')
    (tmp_path / "vllm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STARTS", str(tmp_path / "starts"))
    return tmp_path / "starts"


def recognize(workplace, tmp_path, run, *arguments, servers=1):
    """Recognize the entities of two films in two jobs; gives the two shard files' lines."""
    model = {"adapter": "openai", "model": "org/model", "url": f"serve {servers}"}
    config = read_configuration("config", video_llm=model) | {"run": run, "shards": 2}
    config["demo"] |= {"films": 6, "long_films": 0}
    (tmp_path / "served.yaml").write_text(yaml.safe_dump(config))
    shards = [f"results/{run}/entities/0000{number}-of-00002.jsonl" for number in range(2)]
    workplace.run(*arguments, "--configfile", str(tmp_path / "served.yaml"), targets=shards)
    return [(workplace.folder / shard).read_text().splitlines() for shard in shards]


def check(workplace, run, lines, starts, count):
    assert all(lines)
    assert "served" in lines[0][0]
    processes = [int(line.split()[0]) for line in starts.read_text().splitlines()]
    assert len(processes) == count
    assert [process for process in processes if os.path.exists(f"/proc/{process}")] == []
    assert not (workplace.results(run) / "servers" / "org_model").exists()


def test_a_model_is_started_once_for_all_jobs(workplace, tmp_path, starts):
    lines = recognize(workplace, tmp_path, "served")
    check(workplace, "served", lines, starts, 1)
    assert lines == recognize(workplace, tmp_path, "served")  # nothing is left to do
    check(workplace, "served", lines, starts, 1)


@pytest.mark.long
def test_servers_are_jobs_of_a_cluster(cluster, workplace, tmp_path, starts):  # noqa: F811
    arguments = ["--profile", "profiles/slurm", "--slurm-status-command", "squeue"]
    arguments += ["--slurm-init-seconds-before-status-checks", "4", "--latency-wait", "10"]
    lines = recognize(workplace, tmp_path, "sent", *arguments, servers=2)
    check(workplace, "sent", lines, starts, 2)
