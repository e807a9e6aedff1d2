"""Every configuration for films of one's own is accepted and gives a plan."""

from dataclasses import asdict

import pytest

from helpers.configurations import read_configuration
from strefer.agents.chat.frame_fit import FrameFit
from strefer.agents.chat.with_openai import _DEFAULTS as OPENAI
from strefer.agents.chat.with_transformers import _DEFAULTS as TRANSFORMERS
from strefer.agents.chat.with_vllm import _DEFAULTS as VLLM
from strefer.agents.environments import PACKAGES
from strefer.workflow.configuration.agents import ASSIGNERS, CHAT, ROLES, Agent

from .conftest import ROOT

CONFIGURATIONS = ("paper", "modern", "small")
ENGINES = {"transformers": TRANSFORMERS, "vllm": VLLM, "openai": OPENAI}
SHARED = {**asdict(FrameFit()), "record": None}  # of every engine that asks a model
DEFAULTS = {"recorded": {}} | {name: SHARED | own for name, own in ENGINES.items()}
# transformers chooses the one, a run that serves its models sets the other; no configuration can
UNDOCUMENTED = {"attention", "addresses"}


@pytest.mark.parametrize("adapter", CHAT)
def test_a_chat_adapter_has_the_options_and_defaults_that_the_configuration_documents(adapter):
    documented = CHAT[adapter].model_fields.keys() - Agent.model_fields.keys()
    known = {name: DEFAULTS[adapter][name] for name in DEFAULTS[adapter].keys() - UNDOCUMENTED}
    assert {name: CHAT[adapter].model_fields[name].default for name in documented} == known


def test_every_engine_is_known_where_packages_are_looked_up():
    kinds = (*ROLES.values(), *ASSIGNERS.values())
    assert {engine for engines in kinds for engine in engines} == set(PACKAGES)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_templates_of_a_configuration_are_there(name):
    for spec in read_configuration(name)["agents"].values():
        template = spec.get("chat_template")
        assert template is None or (ROOT / template).is_file()


@pytest.mark.workflow
@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("target", ["instructions", "all"])
def test_it_gives_a_plan(workplace, name, target):
    films = workplace.folder / "own_films"
    films.mkdir(exist_ok=True)
    (films / "a.mp4").touch()
    base = workplace.folder / "own_base"
    base.mkdir(exist_ok=True)
    (base / "base.json").write_text("[]")
    config = {"videos": str(films), "base_data": str(base)}
    jobs = workplace.plan(config, configfile=f"config/{name}.yaml", targets=[target])
    rules = {job.rule.name for job in jobs}
    assert {"transcribe_clips", "write_instructions", "write_report"} <= rules
    assert ("train_checkpoint" in rules) == (target == "all")
