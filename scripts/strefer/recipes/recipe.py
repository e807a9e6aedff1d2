"""A recipe: the mixture of instruction groups and base data, read from its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

REFER_BY = {"mask": "segmentation", "box": "box", "point": "point", "scribble": "scribble"}


GROUP_NAMES = tuple(f"G{number}" for number in range(1, 9))


@dataclass(frozen=True)
class Part:
    """One part of a mixture: our groups, or a base file. `refer_by` is what marks the regions of
    our own pairs, a key of `REFER_BY`."""

    name: str
    groups: tuple[str, ...]
    base: str | None
    share: float
    count: int | None
    refer_by: str = "mask"


@dataclass(frozen=True)
class Recipe:
    """A mixture, and the options of `training` that its students have in place of the
    configuration's."""

    seed: int
    parts: tuple[Part, ...]
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mixture(self) -> tuple[int, tuple[Part, ...]]:
        """The parts and options that determine the samples."""
        return self.seed, self.parts

    @property
    def groups(self) -> set[str]:
        """The groups of our own pairs that it contains."""
        return {group for part in self.parts for group in part.groups}


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        ValueError: names the file, the part and what is wrong with it.
    """
    try:
        fields = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError:
        raise ValueError(f"recipe {path}: no such file; recipes are in config/recipes") from None
    except yaml.YAMLError as error:
        raise ValueError(f"recipe {path}: not YAML: {error}") from None
    if not isinstance(fields, dict) or set(fields) - {"seed", "parts", "about", "training"}:
        raise ValueError(
            f"recipe {path}: needs `parts`, and may have `seed`, `training` and `about`"
        )
    parts, seed = fields.get("parts"), fields.get("seed", 0)
    if not isinstance(parts, list) or not parts:
        raise ValueError(f"recipe {path}: `parts` must be a list with at least one part")
    if not isinstance(seed, int):
        raise ValueError(f"recipe {path}: `seed` must be a whole number, not {seed!r}")
    training = fields.get("training", {})
    if not isinstance(training, dict):
        raise ValueError(f"recipe {path}: `training` must name options, not {training!r}")
    return Recipe(seed, tuple(_part(part, n, path) for n, part in enumerate(parts, 1)), training)


def _part(fields: Any, number: int, path: Path) -> Part:
    where = f"recipe {path}, part {number}"
    if not isinstance(fields, dict) or ("groups" in fields) == ("base" in fields):
        raise ValueError(f"{where}: give either `groups` or `base`")
    unknown = set(fields) - {"name", "groups", "base", "share", "count", "refer_by"}
    if unknown:
        raise ValueError(
            f"{where}: unknown key {sorted(unknown)[0]!r}; known: share, count, name, refer_by"
        )
    groups = fields.get("groups", [])
    groups = list(GROUP_NAMES) if groups == "all" else groups
    wrong = [g for g in groups if g not in GROUP_NAMES] if isinstance(groups, list) else [groups]
    if wrong:
        raise ValueError(
            f"{where}: {wrong[0]!r} is not a group; known: all, {', '.join(GROUP_NAMES)}"
        )
    share, count = fields.get("share", 1.0), fields.get("count")
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"{where}: `share` must be above 0 and at most 1, not {share!r}")
    if count is not None and (not isinstance(count, int) or count < 1):
        raise ValueError(f"{where}: `count` must be a whole number of at least 1, not {count!r}")
    base, refer_by = fields.get("base"), fields.get("refer_by", "mask")
    if refer_by not in REFER_BY or ("refer_by" in fields and base is not None):
        raise ValueError(f"{where}: `refer_by` is for `groups`, and one of {', '.join(REFER_BY)}")
    name = fields.get("name") or (base and Path(base).stem) or "+".join(groups)
    return Part(str(name), tuple(groups), base, float(share), count, refer_by)
