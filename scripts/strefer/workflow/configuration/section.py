"""Base of the configuration's sections: one line per option, with type, default, bounds and
description."""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Literal, TypeAlias, Union

import yaml
from annotated_types import Ge, Gt, Le, MinLen
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

Number: TypeAlias = int | float


class Section(BaseModel):
    """A section of the configuration. An option that it does not have is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _read_text(cls, value: Any, info: ValidationInfo) -> Any:
        """Nested values of `--config` arrive as text."""
        if isinstance(value, str) and not takes_text(cls.model_fields[info.field_name].annotation):
            return yaml.safe_load(value)
        return value


def option(default: Any, sentence: str, **bounds: Any) -> Any:
    """An option: its default, and the sentence that documents it.

    Args:
        bounds: `ge`, `gt`, `le`, `pattern` or `min_length`, as pydantic's `Field` takes them.
    """
    return Field(default, description=sentence, **bounds)


def needed(sentence: str, **bounds: Any) -> Any:
    """An option without a default."""
    return Field(description=sentence, **bounds)


def section_of(field: FieldInfo) -> type[Section] | None:
    """The section that an option is, if it is one."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def takes_text(kind: Any) -> bool:
    """True if a text is a value of a type."""
    if typing.get_origin(kind) is Literal:
        return True
    if typing.get_origin(kind) is Annotated:
        return takes_text(typing.get_args(kind)[0])
    return kind is str or (_is_union(kind) and any(map(takes_text, typing.get_args(kind))))


def allowed(kind: Any, metadata: typing.Iterable[Any] = ()) -> str:
    """Describe the allowed values.

    Args:
        kind: the option's type.
        metadata: its bounds, as in a `FieldInfo`.
    """
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return allowed(parts[0], [m for part in parts[1:] for m in getattr(part, "metadata", ())])
    if origin is Literal:
        return "one of " + ", ".join(map(str, parts))
    if origin is list:
        return f"list of {allowed(parts[0])}"
    if _is_union(kind):
        others = [part for part in parts if part is not type(None)]
        numbers = set(others) == {int, float}
        kinds = [float] if numbers else others
        words = " or ".join(allowed(kind, metadata) for kind in kinds)
        if type(None) not in parts:
            return words
        return f"{words}, or null" if "," in words else f"{words} or null"
    names = {int: "integer", float: "number", bool: "boolean", str: "string"}
    return names.get(kind, "object") + _bounds(metadata)


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (Union, types.UnionType)


def _bounds(metadata: typing.Iterable[Any]) -> str:
    metadata = list(metadata)
    bounds = {type(one): one for one in metadata}
    least, most = bounds.get(Ge), bounds.get(Le)
    text = ", not empty" if MinLen in bounds else ""
    if least is not None and most is not None:
        text = f", {least.ge} to {most.le}"
    elif least is not None:
        text = f", at least {least.ge}"
    elif Gt in bounds:
        text = f", above {bounds[Gt].gt}" + ("" if most is None else f", at most {most.le}")
    elif most is not None:
        text = f", at most {most.le}"
    patterns = [one.pattern for one in metadata if getattr(one, "pattern", None)]
    return text + "".join(f" matching {pattern}" for pattern in patterns)
