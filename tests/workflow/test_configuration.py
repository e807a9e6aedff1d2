from pathlib import Path

import pytest

from strefer.workflow.configuration import ConfigurationError, complete, load_schema, options_table

ROOT = Path(__file__).parents[2]
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "shards": {"type": "integer", "minimum": 1, "default": 2},
        "mode": {"enum": ["paper", "ours"], "default": "ours"},
        "clips": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"fps": {"type": "number", "exclusiveMinimum": 0, "default": 3}},
        },
    },
}


def test_defaults_are_filled_in():
    assert complete({}, SCHEMA) == {"shards": 2, "mode": "ours", "clips": {"fps": 3}}
    assert complete({"clips": {"fps": 1.5}}, SCHEMA)["clips"] == {"fps": 1.5}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"shard": 3}, "there is no option 'shard'; did you mean 'shards'?"),
        ({"clips": {"rate": 1}}, "there is no option 'clips.rate'; known here: fps"),
        ({"shards": "many"}, "'shards' is 'many', but must be integer, at least 1"),
        ({"shards": 0}, "'shards' is 0, but must be integer, at least 1"),
        ({"clips": {"fps": 0}}, "'clips.fps' is 0, but must be number, above 0"),
        ({"mode": "best"}, "'mode' is 'best', but must be one of paper, ours"),
        ({"clips": 3}, "'clips' is 3, but must be object"),
    ],
)
def test_a_mistake_is_one_clear_line(config, message):
    with pytest.raises(ConfigurationError) as error:
        complete(config, SCHEMA)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_numbers_in_nested_command_line_options_are_read():
    assert complete({"clips": {"fps": "1.5"}}, SCHEMA)["clips"] == {"fps": 1.5}


def test_the_table_lists_every_option():
    table = options_table(SCHEMA)
    assert "| `clips.fps` | number, above 0 | `3` |" in table
    assert len(table.splitlines()) == 5


def test_every_object_of_the_schema_is_closed():
    def check(node, path):
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert "additionalProperties" in node, f"{path} takes any option"
            for key, value in node.items():
                check(value, f"{path}.{key}")

    check(load_schema(ROOT / "config" / "schema.yaml"), "schema")
