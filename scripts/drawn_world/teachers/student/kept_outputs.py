"""Keeping what a model's parts gave in its last pass, for losses on it."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


def keep_outputs(parts: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """What each part gave last, by its name; filled as the parts compute."""
    seen: dict[str, Tensor] = {}
    for name, part in parts.items():
        part.register_forward_hook(lambda _, __, output, name=name: seen.update({name: output}))
    return seen


def take(seen: dict[str, Tensor]) -> dict[str, Tensor]:
    """What was kept; nothing stays behind, so that no pass is read twice."""
    taken = dict(seen)
    seen.clear()
    return taken
