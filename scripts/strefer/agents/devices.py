"""Choose the device and the number type that models run with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "bfloat16", "float16")


def device_of(name: str | None = None) -> str:
    """The device that a specification names; a GPU if there is one where it names none or says
    "auto"."""
    import torch

    if name and name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def dtype_of(spec: Mapping[str, Any], role: str) -> torch.dtype:
    """The number type that a specification names, float32 by default.

    Raises:
        ValueError: if it is none of `DTYPES`.
    """
    import torch

    name = spec.get("dtype") or "float32"
    if name not in DTYPES:
        raise ValueError(
            f"configuration: agents.{role}.dtype is {name!r}; it must be one of {sorted(DTYPES)}"
        )
    return getattr(torch, name)
