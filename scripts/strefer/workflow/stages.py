"""The table of stages: what each reads, which agents it loads, which prompts it asks with.

Rules make their inputs, parameters and environments from it, and the target `check` its list of
models. Jobs do not import it: what they need comes to them as parameters (`job.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from strefer.agents import environments
from strefer.agents.environments import environment_of, has_packages, needs_its_own

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Stage:
    """A stage. Its name is that of its folder of results, its resources and its item store.

    Attributes:
        script: the rule's script, without its ending.
        reads: the stages whose shard files it reads.
        agents: the roles that it loads.
        prompts: the roles of the prompts that it asks with.
        section: the configuration's section with its options, if it has any.
        also: options that it takes from elsewhere in the configuration, by their paths.
        without_agents: its environment if it loads no agents.
        of_shards: True if its jobs run over shards of films.
    """

    script: str
    reads: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    section: str | None = None
    also: tuple[str, ...] = ()
    without_agents: str = "main"
    of_shards: bool = True


STAGES = {
    "videos": Stage("probe_videos"),
    "clips": Stage("cut_clips", ("videos",), ("embedder",), section="clips"),
    "entities": Stage(
        "recognize_entities", ("videos",), ("video_llm",), ("entity_recognizer",),
        section="entities", also=("seed",),
    ),
    "references": Stage(
        "parse_references", ("entities",), ("llm",), ("referring_parser",),
        section="references", also=("seed",),
    ),
    "tracks": Stage(
        "track_entities", ("videos", "references"), ("detector", "tracker", "concept_tracker"),
        section="tracks", also=("masklets.procedure",),
    ),
    "masklets": Stage(
        "assign_masklets", ("videos", "references", "tracks"), ("assigner",), ("assigner",),
        section="masklets",
    ),
    "transcripts": Stage(
        "transcribe_clips", ("videos", "clips", "references", "masklets"), ("video_llm",),
        ("existence", "behaviour"), section="transcripts", also=("seed",),
    ),
    "clip_parts": Stage("cut_parts", ("clips",)),
    "statements": Stage(
        "read_statements", ("references", "transcripts", "second_looks"), ("llm",),
        ("statement_reader", "relation_reader"), section="statements", also=("seed",),
    ),
    "instructions": Stage(
        "write_instructions",
        ("videos", "references", "statements", "masklets"), ("llm", "judge"),
        ("question_writer", "proof_reader"), section="instructions", also=("seed",),
    ),
    "scores": Stage(
        "score_predictions", (), ("judge",), ("judge_description", "judge_choice"),
        also=("seed",), of_shards=False,
    ),
}  # fmt: skip


# Prompts, stages and (by stage) agents that are read only under a condition.
READ_IF: dict[str, Callable[[Config], bool]] = {
    "assigner": lambda config: config["agents"]["assigner"]["adapter"] == "chat",
    "question_writer": lambda config: config["instructions"]["question_writer"] == "llm",
    "proof_reader": lambda config: _proof_reader(config) != "none",
    "instructions.judge": lambda config: _proof_reader(config) == "judge",
    "tracks.detector": lambda config: not _by_concepts(config),
    "tracks.tracker": lambda config: not _by_concepts(config),
    "tracks.concept_tracker": lambda config: _by_concepts(config),
    "second_looks": lambda config: _verified(config, "second_look"),
}


def _by_concepts(config: Config) -> bool:
    return config["masklets"]["procedure"] == "concepts"


def _verified(config: Config, option: str) -> bool:
    return bool(config["instructions"]["verify"] and config["instructions"][option])


def _proof_reader(config: Config) -> str:
    options = config["instructions"]
    return options["proof_reader"] if options["verify"] else "none"


@dataclass(frozen=True)
class ShardJob:
    """A job that each shard has.

    Attributes:
        rule: its name.
        stage: whose agents and prompts it has.
        asks: whose resources it asks for.
    """

    rule: str
    stage: str
    asks: str


def jobs_of_shard(config: Config) -> dict[str, ShardJob]:
    """The jobs that each shard has in this configuration, in the order of the chain, by the folder
    of their results, which is also that of their item store."""
    jobs = {}
    for name, stage in STAGES.items():
        if stage.of_shards and (name != "clip_parts" or _verified(config, "second_look")):
            jobs[name] = ShardJob(stage.script, name, "videos" if name == "clip_parts" else name)
        if name == "clip_parts" and name in jobs:
            jobs["second_looks"] = ShardJob("transcribe_parts", "transcripts", "transcripts")
    return jobs


def stages_read(stage: str, config: Config) -> list[str]:
    """The stages whose shard files a stage reads in this configuration."""
    return list(_read(STAGES[stage].reads, config))


def prompts_of(stage: str, config: Config) -> dict[str, str]:
    """By role, the prompt files that a stage asks with in this configuration."""
    return {role: config["prompts"][role] for role in _read(STAGES[stage].prompts, config)}


def _read(names: tuple[str, ...], config: Config) -> Iterator[str]:
    return (name for name in names if name not in READ_IF or READ_IF[name](config))


def roles_of(stage: str, config: Config) -> list[str]:
    """The roles of the agents that a stage loads in this configuration."""
    asked = {f"{stage}.{role}": role for role in STAGES[stage].agents}
    return [asked[name] for name in _read(tuple(asked), config)]


def loaded_roles(config: Config) -> set[str]:
    """The roles of all agents that are loaded in this configuration; others need not be named."""
    return {role for stage in STAGES for role in roles_of(stage, config)}


def agents_of(stage: str, config: Config) -> dict[str, Mapping[str, Any]]:
    """By role, the specifications of the agents that a stage loads."""
    return {role: config["agents"][role] for role in roles_of(stage, config)}


def options_of(stage: str, config: Config) -> dict[str, Any]:
    """The options of a stage, with those that it takes from elsewhere."""
    about = STAGES[stage]
    options = dict(config[about.section]) if about.section else {}
    for path in about.also:
        *sections, name = path.split(".")
        value: Any = config
        for section in sections:
            value = value[section]
        options[name] = value[name]
    return options


def environment_for(stage: str, config: Config) -> str:
    """The environment of a stage's jobs: a file in `envs/` without its extension. An agent that
    needs no special environment uses another agent's, if that has what its engine imports.

    Raises:
        ValueError: if the file does not exist, or two agents of the stage need different ones.
    """
    agents = agents_of(stage, config)
    names = {role: environment_of(role, spec) for role, spec in agents.items()}
    leading = next((role for role in names if needs_its_own(agents[role])), next(iter(names), ""))
    chosen = names.get(leading, STAGES[stage].without_agents)
    for role, name in names.items():
        option = f"configuration: agents.{role}.environment"
        if not (environments.ENVS / f"{name}.yaml").is_file():
            raise ValueError(f"{option} is {name!r}, but there is no envs/{name}.yaml")
        if name != chosen and (
            needs_its_own(agents[role]) or not has_packages(chosen, agents[role])
        ):
            raise ValueError(
                f"{option} differs from that of agents.{leading}, but one job loads both: "
                f"{name!r} and {chosen!r}"
            )
    return chosen


def environments_of_roles(config: Config) -> dict[str, str]:
    """By role, the environment of the jobs that load it."""
    return {
        role: environment_for(stage, config)
        for stage in STAGES
        for role in agents_of(stage, config)
    }


def rules_of_roles(config: Config) -> dict[str, set[str]]:
    """By role, the rules whose jobs load it."""
    rules: dict[str, set[str]] = {}
    for stage, about in STAGES.items():
        for role in agents_of(stage, config):
            rules.setdefault(role, set()).add(about.script)
    rules.get("video_llm", set()).add("transcribe_parts")
    return rules
