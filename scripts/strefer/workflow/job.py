"""The arguments of a data stage's script, which `start_job` creates from Snakemake's object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.workflow.logs import start_log


@dataclass(frozen=True)
class Job:
    """A data stage's work on one shard.

    Attributes:
        inputs: by stage, the shard files that it reads.
        options: the stage's options.
        agents: specifications by role.
        prompts: prompt files by role.
    """

    shard: Shard
    inputs: dict[str, Path]
    options: Mapping[str, Any]
    agents: Mapping[str, Mapping[str, Any]]
    prompts: Mapping[str, str]


def start_job(snakemake: Any) -> Job:
    """Begin a job of a data stage: start its log, and gather what its rule says.

    Args:
        snakemake: the object that Snakemake gives to a script. Its parameters `code`, `store` and
            `strict` are needed; `reads`, `options`, `agents` and `prompts` may be left out.
    """
    start_log(snakemake.log[0], snakemake.resources.get("gpu", 0))
    given = snakemake.params
    options, agents, prompts = (given.get(name, {}) for name in ("options", "agents", "prompts"))
    return Job(
        shard=Shard(
            output=Path(snakemake.output[0]),
            store=Path(given.store),
            making=making_of(given.code, options, prompts, agents),
            strict=given.strict,
            corrections=given.get("corrections", {}).get("rows", ()),
        ),
        inputs={
            stage: Path(snakemake.input[stage])
            for stage in given.get("reads", ())
            if snakemake.input.get(stage)  # a rule may leave one out
        },
        options=options,
        agents=agents,
        prompts=prompts,
    )
