"""The configuration's models: defaults, clear errors, and options that belong to an adapter."""

# ruff: noqa: E501
import json

import pytest

from helpers.configurations import ROOT, read_configuration
from strefer.workflow.configuration.agents import ASSIGNERS, ROLES, options_of
from strefer.workflow.configuration.complete import ConfigurationError, complete
from strefer.workflow.configuration.section import Section, section_of
from strefer.workflow.configuration.sections import Configuration
from strefer.workflow.configuration.tables import agents_table, options_table

SPEC = {"adapter": "transformers", "model": "m"}
AGENTS = dict.fromkeys(("video_llm", "llm", "judge", "detector", "tracker"), SPEC)
AGENTS |= {"assigner": {"adapter": "embedder", "model": "m"}}
AGENTS |= {"embedder": {"adapter": "open_clip", "model": "m"}}


def with_agent(role, **spec):
    return complete({"agents": AGENTS | {role: spec}})["agents"][role]


def test_defaults_are_filled_in_behind_what_is_given():
    config = complete({"agents": AGENTS, "clips": {"min_segment_s": 2}, "shards": 3})
    assert list(config)[:3] == ["agents", "clips", "shards"]
    assert next(iter(config["clips"])) == "min_segment_s"
    assert config["clips"]["embedding_fps"] == 3
    assert config["instructions"]["pairs_per_minute"]["G7"] == 32
    assert complete(config) == config


def test_numbers_stay_as_they_are_written():
    config = complete({"agents": AGENTS, "clips": {"min_segment_s": 2}})
    assert json.dumps(config["clips"]["min_segment_s"]) == "2"
    assert json.dumps(config["tracks"]["window_s"]) == "180"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"shard": 3}, "there is no option 'shard'; did you mean 'shards'?"),
        ({"clips": {"xyz": 1}}, "no option 'clips.xyz'; known here: content_threshold, embedding"),
        ({"shards": "many"}, "'shards' is 'many', but must be integer, 1 to 65536"),
        ({"shards": 0}, "'shards' is 0, but must be integer, 1 to 65536"),
        ({"seed": True}, "'seed' is True, but must be integer, at least 0"),
        ({"strict": 1}, "'strict' is 1, but must be boolean"),
        ({"videos": ""}, "'videos' is '', but must be string, not empty"),
        (
            {"clips": {"embedding_fps": 0}},
            "'clips.embedding_fps' is 0, but must be number, above 0",
        ),
        ({"masklets": {"procedure": "best"}}, "is 'best', but must be one of ours, paper"),
        ({"clips": 3}, "'clips' is 3, but must be object"),
        ({"entities": {"batch_films": 0}}, "is 0, but must be integer, at least 1, or null"),
        ({"recipes": ["a b"]}, "'recipes.0' is 'a b', but must be string matching ^[A-Za-z0-9-]+$"),
        ({"recipes": "base"}, "'recipes' is 'base', but must be list of string"),
        (
            {"training": {"report_to": ["mail"]}},
            "'training.report_to.0' is 'mail', but must be one",
        ),
        ({"training": {"sizes": {"a": []}}}, "'training.sizes' is {'a': []}, but must be object"),
        ({"instructions": {"pairs_per_minute": {"G9": 1}}}, "instructions.pairs_per_minute.G9'"),
        ({"benchmarks": {"videorefer": {}}}, "did you mean 'videorefer_q'?"),
        ({"resources": {"clips": {"gpu": 1}}}, "'resources.clips.gpu'; did you mean 'gpus'?"),
        ({"run": "../out"}, "'run' is '../out', but must be string matching"),
    ],
)
def test_a_mistake_is_one_clear_line(config, message):
    with pytest.raises(ConfigurationError) as error:
        complete({"agents": AGENTS} | config)
    assert message in str(error.value)
    assert str(error.value).startswith("configuration: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("role", "spec", "message"),
    [
        ("llm", {"adapter": "vlm", "model": "m"}, "'agents.llm.adapter' is 'vlm', but must be one of transformers, vllm, openai, recorded; did you mean 'vllm'?"),
        ("llm", {"model": "m"}, "the option 'agents.llm.adapter' is missing"),
        ("llm", {"adapter": "vllm"}, "the option 'agents.llm.model' is missing"),
        ("llm", "m", "'agents.llm' is 'm', but must be object"),
        ("llm", SPEC | {"tensor_parallel": 2}, "no option 'agents.llm.tensor_parallel' with the adapter transformers; known here: "),
        ("llm", {"adapter": "openai", "model": "m", "revision": "a"}, "'agents.llm.revision' with the adapter openai"),
        ("embedder", {"adapter": "open_clip", "model": "m", "revision": "a"}, "'agents.embedder.revision'"),
        ("llm", SPEC | {"dtyp": "float32"}, "did you mean 'dtype'?"),
        ("llm", SPEC | {"dtype": "float8"}, "'agents.llm.dtype' is 'float8', but must be one of float32, bfloat16, float16"),
        ("llm", SPEC | {"environment": "../a"}, "'agents.llm.environment' is '../a', but must be string matching"),
        ("tracker", {"adapter": "sam2", "model": "m", "dtype": "float16"}, "must be one of float32, bfloat16"),
        ("assigner", {"adapter": "chat", "model": "m", "engine": "sam2"}, "'agents.assigner.engine' is 'sam2', but must be one of transformers, vllm, openai"),
        ("assigner", {"adapter": "rexseek", "model": "m", "max_batch": 2}, "'agents.assigner.max_batch'"),
        ("drawer", SPEC, "there is no option 'agents.drawer'"),
    ],
)  # fmt: skip
def test_an_agent_has_the_options_of_its_adapter_alone(role, spec, message):
    with pytest.raises(ConfigurationError) as error:
        complete({"agents": AGENTS | {role: spec}})
    assert message in str(error.value)


def test_each_adapter_has_its_own_defaults():
    assert with_agent("llm", **SPEC)["dtype"] == "float32"
    assert with_agent("llm", adapter="vllm", model="m")["dtype"] == "bfloat16"
    assert "dtype" not in with_agent("llm", adapter="openai", model="m")
    asked = with_agent("assigner", adapter="chat", engine="vllm", model="m")
    assert (asked["dtype"], asked["engine"]) == ("bfloat16", "vllm")


def test_null_takes_back_what_another_file_sets_for_another_adapter():
    given = {"adapter": "openai", "model": "m", "dtype": None, "max_batch": None}
    assert with_agent("llm", **given).keys() & {"dtype", "max_batch"} == set()
    assert with_agent("llm", **SPEC, max_batch=None)["max_batch"] == 16


def test_a_missing_role_is_named():
    agents = {role: spec for role, spec in AGENTS.items() if role != "tracker"}
    with pytest.raises(ConfigurationError, match="the option 'agents.tracker' is missing"):
        complete({"agents": agents})
    with pytest.raises(ConfigurationError, match="the option 'agents' is missing"):
        complete({})


def test_values_of_nested_command_line_options_are_read():
    config = complete(
        {
            "agents": AGENTS | {"llm": SPEC | {"max_batch": "4"}},
            "clips": {"min_segment_s": "1.5"},
            "entities": {"batch_films": "null", "looks": "3"},
            "instructions": {"verify": "false"},
            "recipes": "[base]",
        }
    )
    assert config["clips"]["min_segment_s"] == 1.5
    assert (config["entities"]["batch_films"], config["entities"]["looks"]) == (None, 3)
    assert config["instructions"]["verify"] is False
    assert config["recipes"] == ["base"]
    assert config["agents"]["llm"]["max_batch"] == 4


def sections(section=Configuration):
    yield section
    for field in section.model_fields.values():
        if section_of(field):
            yield from sections(section_of(field))


def test_every_option_is_documented_and_every_default_is_allowed():
    for section in {*sections()}:
        for name, field in section.model_fields.items():
            assert field.description is not None, name
        if section is not Configuration:
            assert isinstance(section(), Section)
            section.model_validate(section().model_dump())


def test_the_tables_name_every_option():
    table, agents = options_table(), agents_table()
    assert (
        "| `clips.embedding_fps` | number, above 0 | `3` | Frames to embed per second of film. |"
        in table
    )
    assert "| `resources.<stage>.gpus` |" in table
    assert "`float32`: transformers (chat)" in agents
    assert "`bfloat16`: vllm (chat)" in agents
    for section in {*sections()} - {Configuration}:
        for name in section.model_fields:
            assert name in table
    for role, adapters in [*ROLES.items(), ("assigner", ASSIGNERS)]:
        for adapter in adapters:
            engine = next(iter(ASSIGNERS[adapter])) if role == "assigner" else adapter
            for name in options_of(role, adapter, engine).model_fields:
                assert f"| `{name}` |" in agents


def test_the_tables_are_short():
    lines = [*options_table().splitlines(), *agents_table().splitlines()]
    assert len([line for line in lines if line.startswith("| `")]) <= 140


@pytest.mark.parametrize("name", ["config", "paper", "modern", "small"])
def test_a_configuration_that_is_complete_stays_as_it_is(name):
    config = read_configuration(name)
    assert complete(config) == config


def test_no_job_imports_the_models():
    """Their digest would change with every option, and not every environment has pydantic."""
    for path in (ROOT / "scripts").rglob("*.py"):
        parts = path.relative_to(ROOT / "scripts").parts
        reads = parts[:3] == ("strefer", "workflow", "configuration")
        if not reads and parts[1:] not in (("__main__.py",), ("documentation", "documents.py")):
            assert "workflow.configuration" not in path.read_text(), path
