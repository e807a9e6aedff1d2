"""The configuration: validated against its schema, which also holds the defaults and the
descriptions from which the options table in config/README.md is made.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

Schema = dict[str, Any]


class ConfigurationError(ValueError):
    """A wrong configuration; the text is one line that names the option and what is allowed."""


def load_schema(path: str | Path) -> Schema:
    """The schema, with references to its `$defs` resolved."""
    schema = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return _resolve(schema, schema.pop("$defs", {}))


def _resolve(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            node = copy.deepcopy(definitions[node["$ref"].rsplit("/", 1)[1]]) | {
                key: value for key, value in node.items() if key != "$ref"
            }
        return {key: _resolve(value, definitions) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolve(value, definitions) for value in node]
    return node


def complete(config: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """A copy of the configuration, checked, with every default filled in.

    Raises:
        ConfigurationError: on the first thing that is wrong.
    """
    config = _fill(copy.deepcopy(config), schema)
    validator = jsonschema.Draft202012Validator(schema)
    # The deepest complaint first: of "no such option" and "wrong type" it is the one to mend.
    errors = sorted(validator.iter_errors(config), key=lambda e: [str(p) for p in e.absolute_path])
    if errors:
        raise ConfigurationError(_explain(errors[0]))
    return config


def overridden(
    config: dict[str, Any], part: str, own: dict[str, Any], schema: Schema, where: str
) -> dict[str, Any]:
    """A part of a complete configuration with some of its options replaced, checked.

    Args:
        part: its name, at the top of the configuration.
        own: the options that replace.
        where: the file that they stand in, for the error.

    Raises:
        ConfigurationError: on the first thing that is wrong.
    """
    try:
        return complete(config | {part: config[part] | own}, schema)[part]
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _fill(value: Any, schema: Schema) -> Any:
    if isinstance(value, str) and schema.get("type") in ("integer", "number", "boolean"):
        return yaml.safe_load(value)  # nested values of `--config` arrive as text
    if schema.get("type") != "object" or not isinstance(value, dict):
        return value
    for name, part in schema.get("properties", {}).items():
        if name not in value and "default" in part:
            value[name] = copy.deepcopy(part["default"])
        elif name not in value and "properties" in part and not part.get("required"):
            value[name] = {}
        if name in value:
            value[name] = _fill(value[name], part)
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        for name in value.keys() - schema.get("properties", {}).keys():
            value[name] = _fill(value[name], extra)
    return value


def _explain(error: jsonschema.ValidationError) -> str:
    option = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        unknown = sorted(set(error.instance) - set(known))[0]
        near = difflib.get_close_matches(str(unknown), known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        name = f"{option}.{unknown}" if option else unknown
        return f"configuration: there is no option {name!r}; {hint}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        name = f"{option}.{missing}" if option else missing
        return f"configuration: the option {name!r} is missing"
    value = _short(error.instance)
    return f"configuration: {option!r} is {value}, but must be {allowed(error.schema)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def allowed(schema: Schema) -> str:
    """What a value may be, in words."""
    if "enum" in schema:
        return "one of " + ", ".join("null" if v is None else str(v) for v in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(allowed(part) for part in schema["anyOf"])
    kinds = schema.get("type", "any value")
    text = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if text == "array" and "items" in schema:
        text = f"list of {allowed(schema['items'])}"
    low, high = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    if low is not None and high is not None:
        text += f", {low} to {high}"
    elif low is not None:
        text += f", at least {low}"
    elif above is not None:
        text += f", above {above}"
    elif high is not None:
        text += f", at most {high}"
    if "pattern" in schema:
        text += f" matching {schema['pattern']}"
    return text


def options_table(schema: Schema) -> str:
    """The options as Markdown table: name, what it may be, default, what it does."""
    rows = ["| option | may be | default | what it does |", "|---|---|---|---|"]
    for name, part in _options(schema):
        default = part.get("default")
        shown = f"`{yaml.safe_dump(default, default_flow_style=True).splitlines()[0]}`"
        shown = shown if "default" in part else "(needed)"
        cells = (f"`{name}`", allowed(part), shown, part.get("description", ""))
        rows.append("| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |")
    return "\n".join(rows)


def _options(schema: Schema, prefix: str = "") -> Iterator[tuple[str, Schema]]:
    parts = dict(schema.get("properties", {}))
    if isinstance(schema.get("additionalProperties"), dict):
        parts["<name>"] = schema["additionalProperties"]
    for name, part in parts.items():
        nested = "properties" in part or isinstance(part.get("additionalProperties"), dict)
        if nested and "default" not in part:
            yield from _options(part, f"{prefix}{name}.")
        else:
            yield prefix + name, part
