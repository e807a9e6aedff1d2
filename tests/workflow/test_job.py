"""What a data stage's script is given."""

import logging
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from strefer.stage.fingerprint import making_of
from strefer.workflow.job import start_job


class Named(dict):
    """Values by name, as Snakemake's: attributes and keys."""

    __getattr__ = dict.__getitem__


@pytest.fixture
def log(tmp_path):
    """A log file; what `start_log` changes in this process is put back."""
    hook, handlers, level = sys.excepthook, list(logging.root.handlers), logging.root.level
    yield str(tmp_path / "job.log")
    sys.excepthook, logging.root.handlers[:] = hook, handlers
    logging.root.setLevel(level)


def job_of(log, inputs, **params):
    given = {"code": "1", "store": "store/entities", "strict": True}
    return start_job(
        SimpleNamespace(
            log=[log],
            output=["out.jsonl"],
            input=Named(inputs),
            params=Named(given | params),
            resources=Named(),
        )
    )


def test_a_job_is_what_its_rule_says(log):
    agents = {"llm": {"adapter": "openai", "model": "m", "max_batch": 3}}
    prompts = {"existence": "config/prompts/existence.txt"}
    options = {"n_frames": 4, "batch_films": 2}
    job = job_of(
        log,
        {"videos": "videos/1.jsonl", "existence": "no shard"},
        reads=["videos", "masklets"],
        options=options,
        agents=agents,
        prompts=prompts,
    )
    assert job.inputs == {"videos": Path("videos/1.jsonl")}
    assert (job.options, job.agents, job.prompts) == (options, agents, prompts)
    assert job.shard.making == making_of("1", options, prompts, agents)
    assert (job.shard.output, job.shard.store) == (Path("out.jsonl"), Path("store/entities"))
    assert job.shard.strict
    assert "job: " in Path(log).read_text()


def test_a_job_without_agents_or_options(log):
    job = job_of(log, {})
    assert job.shard.making == making_of("1", {})
    assert (job.inputs, job.options, job.agents, job.prompts) == ({}, {}, {}, {})
