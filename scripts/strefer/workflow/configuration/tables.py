"""Write the tables of options in config/README.md. Options that several sections share appear
once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from strefer.workflow.configuration.agents import (
    CHAT,
    CONCEPT_TRACKERS,
    DETECTORS,
    EMBEDDERS,
    TRACKERS,
    Agent,
    AssignerRexseek,
    Engine,
)
from strefer.workflow.configuration.section import Section, allowed, section_of
from strefer.workflow.configuration.sections import (
    Asking,
    AskingOfFilms,
    BenchmarkFiles,
    Configuration,
    JobResources,
    PairsPerMinute,
    Prompts,
)
from strefer.workflow.configuration.training import TeacherMinutes

_HEAD = ["| option | may be | default | what it does |", "|---|---|---|---|"]
# Sections whose options are all alike, and sections that several options are; what those are.
_IN_ONE_ROW = {PairsPerMinute: "group", Prompts: "role", TeacherMinutes: "teacher"}
_SHARED = {BenchmarkFiles: "benchmark", JobResources: "stage"}
_ASKING = (Asking, AskingOfFilms)  # options that several sections share, in separate rows
_ADAPTERS = {
    **{f"{name} (chat)": model for name, model in CHAT.items()},
    **{f"{name} (detector)": model for name, model in DETECTORS.items()},
    **{f"{name} (tracker)": model for name, model in TRACKERS.items()},
    **{f"{name} (concept_tracker)": model for name, model in CONCEPT_TRACKERS.items()},
    **EMBEDDERS,
    "rexseek": AssignerRexseek,
}


def options_table() -> str:
    """All options except the agents', as a Markdown table: name, allowed values, default,
    description."""
    rows = [*_HEAD]
    sections = {name: section_of(field) for name, field in Configuration.model_fields.items()}
    for kind in _ASKING:
        asking = {
            n: section for n, section in sections.items() if section and issubclass(section, kind)
        }
        for shared in kind.__annotations__:
            default = _defaults({n: section.model_fields[shared] for n, section in asking.items()})
            rows.append(
                _row(f"{', '.join(asking)}: {shared}", kind.model_fields[shared], default=default)
            )
    for name, field in Configuration.model_fields.items():
        if name != "agents":
            rows += _rows_of(name, field)
    return "\n".join(rows)


def agents_table() -> str:
    """The agents' options as Markdown table, each with the adapters that have it."""
    rows = ["| option | may be | default, by adapter | what it does |", "|---|---|---|---|"]
    names = [*Agent.model_fields, *Engine.model_fields]
    names += [name for model in _ADAPTERS.values() for name in model.model_fields]
    for name in dict.fromkeys(names):
        having = {a: m.model_fields[name] for a, m in _ADAPTERS.items() if name in m.model_fields}
        field = next(iter(having.values()), Engine.model_fields.get(name))
        if len(having) in (0, len(_ADAPTERS)):
            rows.append(_row(name, field))
            continue
        rows.append(_row(name, field, default=_defaults(having, of_some=True)))
    return "\n".join(rows)


def _defaults(fields: dict[str, FieldInfo], of_some: bool = False) -> str:
    """The defaults of an option that several have, with who has which; `of_some` names them even
    if they have the same."""
    by_default: dict[str, list[str]] = {}
    for who, field in fields.items():
        by_default.setdefault(_default(field), []).append(who)
    if len(by_default) == 1 and not of_some:
        return next(iter(by_default))
    return "; ".join(f"{value}: {', '.join(who)}" for value, who in by_default.items())


def _rows_of(name: str, field: FieldInfo) -> Iterator[str]:
    section = section_of(field)
    if section is None:
        yield _row(name, field)
    elif section in _IN_ONE_ROW:
        yield _in_one_row(name, section)
    elif shared := {section_of(part) for part in section.model_fields.values()} & set(_SHARED):
        yield from _of_shared(name, *shared, tuple(section.model_fields))
    else:
        for part, about in section.model_fields.items():
            if not any(
                part in kind.__annotations__ and issubclass(section, kind) for kind in _ASKING
            ):
                yield from _rows_of(f"{name}.{part}", about)


def _of_shared(name: str, section: type[Section], names: tuple[str, ...]) -> Iterator[str]:
    """The rows of a section that several options are; the first row says which."""
    what = _SHARED[section]
    which = f" `<{what}>` is {', '.join(names)}."
    for part, about in section.model_fields.items():
        yield _row(f"{name}.<{what}>.{part}", about, f"{about.description}{which}")
        which = ""


def _in_one_row(name: str, section: type[Section]) -> str:
    """The row of a section whose options are all alike."""
    what, parts = _IN_ONE_ROW[section], section.model_fields
    defaults = {str(f.default).replace(part, f"<{what}>") for part, f in parts.items()}
    same = defaults.pop() if len(defaults) == 1 else None
    texts = []
    for part, field in parts.items():
        default = "" if same else f" {field.default}"
        texts.append(
            f"`{part}`{default}" + (f" ({field.description})" if field.description else "")
        )
    sentence = f"{str(section.__doc__).rstrip('.')}: {', '.join(texts)}."
    first = next(iter(parts.values()))
    return _row(f"{name}.<{what}>", first, sentence, f"`{same}`" if same else "(see there)")


def _row(name: str, field: Any, sentence: str | None = None, default: str | None = None) -> str:
    what = allowed(field.annotation, field.metadata)
    cells = (f"`{name}`", what, default or _default(field), sentence or field.description or "")
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "(needed)"
    return f"`{yaml.safe_dump(field.default, default_flow_style=True).splitlines()[0]}`"
