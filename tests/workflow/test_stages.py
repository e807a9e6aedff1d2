"""The table of stages, against the functions and configurations that it speaks of."""

import ast
import inspect

import pytest

from helpers.configurations import read_configuration
from strefer.workflow import stages
from strefer.workflow.stages import STAGES

from .conftest import ROOT


def changed(**sections):
    config = read_configuration("config")
    return config | {name: config[name] | options for name, options in sections.items()}


def function_of(stage):
    """The function that a stage's script calls, found as the script imports it."""
    script = STAGES[stage].script
    tree = ast.parse((ROOT / "scripts" / f"{script}.py").read_text())
    [module] = [
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.names[0].name == script
    ]
    return getattr(__import__(module, fromlist=[script]), script)


@pytest.mark.parametrize("stage", [name for name in STAGES if STAGES[name].of_shards])
def test_a_stages_function_takes_what_the_stage_reads(stage):
    parameters = inspect.signature(function_of(stage)).parameters
    assert set(STAGES[stage].reads) <= set(parameters)
    assert "shard" in parameters


def test_the_table_names_what_the_configuration_has():
    config = read_configuration("config")
    for stage in STAGES.values():
        assert set(stage.agents) <= config["agents"].keys() | {"concept_tracker"}
        assert set(stage.prompts) <= config["prompts"].keys()
    for prompt in config["prompts"]:
        assert any(prompt in stage.prompts for stage in STAGES.values()), prompt


def test_what_is_read_only_under_a_condition():
    config = changed(instructions={"verify": True, "second_look": True, "proof_reader": "none"})
    assert "second_looks" in stages.stages_read("statements", config)
    assert list(stages.prompts_of("instructions", config)) == ["question_writer"]
    assert list(stages.agents_of("instructions", config)) == ["llm"]
    by_judge = changed(instructions={"proof_reader": "judge"})
    assert list(stages.agents_of("instructions", by_judge)) == ["llm", "judge"]
    config = changed(instructions={"verify": False, "question_writer": "phrasings"})
    assert "second_looks" not in stages.stages_read("statements", config)
    assert stages.prompts_of("instructions", config) == {}
    assert stages.prompts_of("masklets", config) == {}
    chat = config["agents"]["assigner"] | {"adapter": "chat"}
    assert stages.roles_of("tracks", config) == ["detector", "tracker"]
    by_concepts = changed(masklets={"procedure": "concepts"})
    assert stages.roles_of("tracks", by_concepts) == ["concept_tracker"]
    assert list(stages.prompts_of("masklets", changed(agents={"assigner": chat}))) == ["assigner"]


def test_options_come_from_the_section_and_from_elsewhere():
    config = changed(masklets={"procedure": "paper"})
    assert stages.options_of("tracks", config) == config["tracks"] | {"procedure": "paper"}
    assert stages.options_of("entities", config)["seed"] == config["seed"]
    assert stages.options_of("scores", config) == {"seed": config["seed"]}
    assert stages.options_of("videos", config) == {}


def test_the_environment_is_that_of_the_agents():
    config = read_configuration("config")
    chosen = {stage: stages.environment_for(stage, config) for stage in STAGES}
    assert chosen["videos"] == chosen["clip_parts"] == "main"
    assert chosen["tracks"] == chosen["clips"] == "vision"
    assert chosen["entities"] == chosen["scores"] == "chat"


@pytest.mark.parametrize(
    ("role", "environment", "stage", "message"),
    [
        ("llm", "mine", "references", "llm.environment is 'mine', but there is no envs/mine.yaml"),
        ("tracker", "main", "tracks", "detector.environment differs from that of agents.tracker"),
    ],
)
def test_an_environment_that_cannot_be_is_one_line(role, environment, stage, message):
    agents = read_configuration("config")["agents"]
    config = changed(agents={role: agents[role] | {"environment": environment}})
    with pytest.raises(ValueError, match=message):
        stages.environment_for(stage, config)


def test_a_tracker_goes_along_where_the_detectors_engine_needs_its_own_environment():
    agents = read_configuration("config")["agents"]
    for adapter in ("transformers", "sam2"):
        tracker = agents["tracker"] | {"adapter": adapter}
        detector = agents["detector"] | {"adapter": "groundingdino"}
        config = changed(agents={"detector": detector, "tracker": tracker})
        assert stages.environment_for("tracks", config) == "groundingdino"
