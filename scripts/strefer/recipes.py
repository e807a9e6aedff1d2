"""Stage `recipes`: mixtures of our instruction groups and base data sets, in the published format.

A recipe file names its parts, and options of `training` where its students have their own:

    seed: 0
    training: {epochs: 2}
    parts:
      - groups: [G7, G8]          # our own pairs, by group; "all" for the eight
        share: 0.5                # of them, 0-1; or `count`, at most so many
        refer_by: box             # or mask (the default), point, scribble
      - base: base.json           # a JSON or JSON Lines file in LLaVA or VideoRefer format
        name: base

A line of the result is a training sample (see published_format.py). Frames of our own regions are
indices among the sampled frames (`frame_keys: sampled`), those of VideoRefer-style data numbers of
the film's own frames (`frame_keys: raw`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import yaml

from strefer.published_format import Sample, own_samples
from strefer.stage import atomic_write, dumps

REFER_BY = {"mask": "segmentation", "box": "box", "point": "point", "scribble": "scribble"}
_FILM_KEYS = (b'"path"', b'"video"', b'"image"')  # what a base data set names a film or image by
_VALUE = re.compile(rb'\s*:\s*("(?:[^"\\]|\\.)*")')
_BLOCK_BYTES, _LONGEST_BYTES = 2**24, 2**14
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
        """What the samples follow from."""
        return self.seed, self.parts

    @property
    def groups(self) -> set[str]:
        """The groups of our own pairs that it holds."""
        return {group for part in self.parts for group in part.groups}


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        ValueError: names the file, the part and what is wrong with it.
    """
    try:
        fields = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError:
        raise ValueError(f"recipe {path}: no such file; recipes stand in config/recipes") from None
    except yaml.YAMLError as error:
        raise ValueError(f"recipe {path}: not YAML: {error}") from None
    if not isinstance(fields, dict) or set(fields) - {"seed", "parts", "about", "training"}:
        raise ValueError(
            f"recipe {path}: give `parts`, and `seed`, `training` and `about` if you like"
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
            f"{where}: there is no {sorted(unknown)[0]!r}; known: share, count, name, refer_by"
        )
    groups = fields.get("groups", [])
    groups = list(GROUP_NAMES) if groups == "all" else groups
    wrong = [g for g in groups if g not in GROUP_NAMES] if isinstance(groups, list) else [groups]
    if wrong:
        raise ValueError(f"{where}: {wrong[0]!r} is no group; known: all, {', '.join(GROUP_NAMES)}")
    share, count = fields.get("share", 1.0), fields.get("count")
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"{where}: `share` must be above 0 and at most 1, not {share!r}")
    if count is not None and (not isinstance(count, int) or count < 1):
        raise ValueError(f"{where}: `count` must be a whole number from 1 on, not {count!r}")
    base, refer_by = fields.get("base"), fields.get("refer_by", "mask")
    if refer_by not in REFER_BY or ("refer_by" in fields and base is not None):
        raise ValueError(f"{where}: `refer_by` is for `groups`, and one of {', '.join(REFER_BY)}")
    name = fields.get("name") or (base and Path(base).stem) or "+".join(groups)
    return Part(str(name), tuple(groups), base, float(share), count, refer_by)


def base_files(recipe: Recipe, root: Path) -> list[Path]:
    """The base files a recipe needs; relative paths stand against `root`."""
    return [root / part.base for part in recipe.parts if part.base is not None]


def missing_base(recipe: str, file: Path) -> str:
    """What to tell of a recipe whose base file is not there."""
    return (
        f"recipe {recipe}: base data {file}: no such file. Put it there, name its folder by "
        "`base_data`, or choose other `recipes` (config/recipes/README.md)"
    )


def mix_recipe(
    recipe: Path,
    instructions: Sequence[Path],
    masklets: Sequence[Path],
    videos: Sequence[Path],
    base_root: Path,
    output: Path,
) -> None:
    """Write a recipe's samples, shuffled, as JSON Lines.

    Args:
        recipe: the recipe file.
        instructions, masklets, videos: shard files, in the same order.
        base_root: the folder that relative base paths stand against; for the demo the run's.
        output: the mixture.

    Raises:
        ValueError: if a part is empty, or a base file is missing or malformed.
    """
    mixture = load_recipe(recipe)
    random = Random(mixture.seed)
    own = {name: [] for name in GROUP_NAMES}
    if mixture.groups:
        for sample in own_samples(instructions, masklets, videos, mixture.groups):
            own[sample["group"]].append(sample)
    samples: list[Sample] = []
    for part in mixture.parts:
        found = (
            read_base(base_root / part.base)
            if part.base is not None
            else [sample for group in part.groups for sample in own[group]]
        )
        if not found:
            raise ValueError(f"recipe {recipe}: part {part.name!r} has no samples")
        drawn = [sample | {"part": part.name} for sample in _drawn(found, part, random)]
        if part.groups:
            drawn = [referring_by(sample, part.refer_by) for sample in drawn]
        samples += drawn
    random.shuffle(samples)
    with atomic_write(output) as file:
        for sample in samples:
            file.write(dumps(sample) + "\n")


def _drawn(samples: Sequence[Sample], part: Part, random: Random) -> list[Sample]:
    n = max(1, round(part.share * len(samples)))
    n = n if part.count is None else min(n, part.count)
    chosen = sorted(random.sample(range(len(samples)), n))
    return [samples[i] for i in chosen]


def referring_by(sample: Sample, refer_by: str) -> Sample:
    """The sample with its regions marked in this way alone.

    Raises:
        ValueError: if the masklets have no region prompts.
    """
    if "annotation" not in sample:
        return sample
    name = REFER_BY[refer_by]
    regions = []
    for region in sample["annotation"]:
        if any(name not in shape for shape in region.values()):
            raise ValueError(
                f"pair {sample['id']}: its regions have no {refer_by}; set "
                "`masklets.region_prompts: true`"
            )
        regions.append({frame: {name: shape[name]} for frame, shape in region.items()})
    return sample | {"annotation": regions}


def read_base(path: Path) -> list[Sample]:
    """Read a base data set: a JSON list or JSON Lines in LLaVA or VideoRefer format.

    A sample has `conversations`, and `path` or `video` (or `image`); VideoRefer-style `annotation`
    has raw frame numbers unless `frame_keys` says otherwise. Relative paths stand against the
    file's folder.

    Raises:
        ValueError: names the file and the sample that is wrong.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise ValueError(f"base data {path}: no such file; see config/recipes/README.md") from None
    try:
        entries = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(line) for line in text.splitlines() if line.strip()]
        )
    except ValueError as error:
        raise ValueError(f"base data {path}: neither JSON nor JSON Lines: {error}") from None
    return [_base_sample(entry, number, path) for number, entry in enumerate(entries, 1)]


def films_of_base(path: Path) -> list[str]:
    """The films and images that a base data set names, each once, without parsing its samples:
    there may be millions. None for a file that is missing or wrong, which `read_base` tells.

    Keys are found as they stand in JSON: inside a text, their quotation marks would be escaped.
    """
    named, text = set(), b""
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK_BYTES):
                text = text[-_LONGEST_BYTES:] + block  # what lies across two blocks is found too
                parts = (part for key in _FILM_KEYS for part in text.split(key)[1:])
                named |= {found[1] for part in parts if (found := _VALUE.match(part))}
        return sorted(os.path.join(path.parent, json.loads(name)) for name in named)
    except (OSError, ValueError):
        return []


def _base_sample(entry: Any, number: int, path: Path) -> Sample:
    where = f"base data {path}, sample {number}"
    turns = entry.get("conversations") if isinstance(entry, Mapping) else None
    if not isinstance(turns, list) or len(turns) < 2:
        raise ValueError(f"{where}: `conversations` must be a list of at least two turns")
    for turn in turns:
        if not isinstance(turn, Mapping) or turn.get("from") not in ("human", "gpt", "system"):
            raise ValueError(f"{where}: each turn needs `from` (human or gpt) and `value`")
    sample = dict(entry)
    film = sample.pop("path", None) or sample.get("video") or sample.get("image")
    if film is not None:
        sample["path"] = str(film if Path(film).is_absolute() else path.parent / film)
    human = dict(turns[0])
    # LLaVA's data say <video> or <image>; the student knows the latter.
    human["value"] = str(human["value"]).replace("<video>", "<image>")
    sample["conversations"] = [human, *turns[1:]]
    if "annotation" in sample:
        sample.setdefault("frame_keys", "raw")
        regions = human["value"].count("<region>")
        if len(sample["annotation"]) != regions:
            raise ValueError(
                f"{where}: {regions} <region> in the question, {len(sample['annotation'])} objects "
                "in `annotation`; they must be as many"
            )
    return sample
