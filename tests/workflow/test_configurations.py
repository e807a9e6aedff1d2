"""Every configuration for films of one's own fits the schema and gives a plan."""

import pytest

from helpers.configurations import read_configuration
from strefer.agents.chat.options import read_options
from strefer.agents.chat.with_openai import _DEFAULTS as OPENAI
from strefer.agents.chat.with_transformers import _DEFAULTS as TRANSFORMERS
from strefer.agents.chat.with_vllm import _DEFAULTS as VLLM

from .conftest import ROOT

CONFIGURATIONS = ("paper", "modern", "small")
OPTIONS = {"transformers": TRANSFORMERS, "vllm": VLLM, "openai": OPENAI}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_chat_models_have_the_options_that_their_adapters_know(name):
    config = read_configuration(name)
    for role in ("video_llm", "llm", "judge"):
        spec = config["agents"][role]
        template = read_options(spec, OPTIONS[spec["adapter"]]).get("chat_template")
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
