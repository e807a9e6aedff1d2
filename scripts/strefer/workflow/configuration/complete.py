"""The configuration, checked and with every default filled in. It is read where the Snakefile runs;
jobs get plain values."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from pydantic import ValidationError

from strefer.workflow.configuration.agents import AGENTS, adapters_of, engines_of, options_of
from strefer.workflow.configuration.section import Section, allowed, section_of
from strefer.workflow.configuration.sections import Configuration
from strefer.workflow.stages import loaded_roles


class ConfigurationError(ValueError):
    """A wrong configuration; the text is one line that names the option and what is allowed."""


def complete(config: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the configuration, checked, with every default filled in.

    What is given keeps its order and comes before the defaults.

    Raises:
        ConfigurationError: on the first thing that is wrong.
    """
    whole = _checked(Configuration, config, "")
    agents = whole["agents"]
    for role in sorted(agents.keys() - set(AGENTS)):
        _refuse_unknown(f"agents.{role}", role, AGENTS)
    loaded = loaded_roles(whole)
    for role in AGENTS:
        if role in agents:
            agents[role] = _checked_agent(role, agents[role])
        elif role in loaded:
            raise ConfigurationError(f"configuration: the option 'agents.{role}' is missing")
    return whole


def overridden(
    config: Mapping[str, Any], part: str, own: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """A part of a complete configuration with some of its options replaced, checked.

    Args:
        part: its name, at the top of the configuration.
        own: the options that replace.
        where: the file that they are from, for the error.

    Raises:
        ConfigurationError: on the first thing that is wrong.
    """
    try:
        return dict(complete({**config, part: {**config[part], **own}})[part])
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _checked_agent(role: str, spec: Any) -> dict[str, Any]:
    """An agent's specification with its adapter's defaults.

    null is the same as not given: so a file can take back what another sets for another adapter.
    """
    path = f"agents.{role}"
    if not isinstance(spec, Mapping):
        _refuse(path, spec, "object")
    given = {name: value for name, value in spec.items() if value is not None}
    if "adapter" not in given:
        raise ConfigurationError(f"configuration: the option '{path}.adapter' is missing")
    adapter = _one_of(f"{path}.adapter", given["adapter"], adapters_of(role))
    engines = list(engines_of(role, adapter))
    engine = given.get("engine", engines[0]) if role == "assigner" else adapter
    options = options_of(role, adapter, _one_of(f"{path}.engine", engine, engines))
    return _checked(options, given, path, f" with the adapter {adapter}")


def _one_of(path: str, value: Any, known: list[str]) -> str:
    if value not in known:
        near = difflib.get_close_matches(str(value), known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        _refuse(path, value, f"one of {', '.join(known)}{hint}")
    return str(value)


def _checked(model: type[Section], value: Any, path: str, case: str = "") -> dict[str, Any]:
    try:
        checked = model.model_validate(value)
    except ValidationError as error:
        _explain(error, model, value, path, case)
    return _ordered(copy.deepcopy(checked.model_dump()), value)


def _ordered(whole: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The whole, in the order of what is given of it."""
    for name, value in given.items():
        if isinstance(value, Mapping) and isinstance(whole.get(name), dict):
            whole[name] = _ordered(whole[name], value)
    first = {name: whole[name] for name in given if name in whole}
    return first | whole


def _explain(
    error: ValidationError, model: type[Section], given: Any, path: str, case: str
) -> NoReturn:
    """Raise the first error in words; a misspelt option comes first, as the likeliest cause of
    others."""
    errors = error.errors()
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    fields, names, what = model.model_fields, [path] if path else [], "object"
    for part in first["loc"]:
        if isinstance(part, int) or part in fields:
            names.append(str(part))
        if part in fields:
            section = section_of(fields[part])
            what = allowed(fields[part].annotation, fields[part].metadata)
            fields = section.model_fields if section else {}
            given = given.get(part) if isinstance(given, Mapping) else given
        elif first["type"] == "extra_forbidden":
            _refuse_unknown(".".join([*names, str(part)]), str(part), fields, case)
        elif isinstance(part, int):
            given, what = given[part], what.removeprefix("list of ")
    if first["type"] == "missing":
        raise ConfigurationError(f"configuration: the option '{'.'.join(names)}' is missing")
    _refuse(".".join(names) or "configuration", given, what)


def _refuse_unknown(path: str, name: str, known: Iterable[str], case: str = "") -> NoReturn:
    near = difflib.get_close_matches(name, list(known), 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
    raise ConfigurationError(f"configuration: there is no option {path!r}{case}; {hint}")


def _refuse(path: str, value: Any, what: str) -> NoReturn:
    text = repr(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    raise ConfigurationError(f"configuration: {path!r} is {text}, but must be {what}")
