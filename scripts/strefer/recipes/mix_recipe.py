"""Stage `recipes`: mixtures of our instruction groups and base data sets, in the published format.

A recipe file names its parts, and options of `training` where its students have their own:

    seed: 0
    training: {epochs: 2}
    parts:
      - groups: [G7, G8]          # our own pairs, by group; "all" for the eight
        share: 0.5                # share of them, 0-1; or `count`, at most this many
        refer_by: box             # or mask (the default), point, scribble
      - base: base.json           # a JSON or JSON Lines file in LLaVA or VideoRefer format
        name: base

A line of the result is a training sample (see published_format.py). Frames of our own regions are
indices among the sampled frames (`frame_keys: sampled`), those of VideoRefer-style data numbers of
the film's own frames (`frame_keys: raw`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from random import Random

from strefer.files import atomic_write, dumps
from strefer.recipes.base_data import read_base
from strefer.recipes.published_format import Sample, own_samples
from strefer.recipes.recipe import GROUP_NAMES, REFER_BY, Part, load_recipe

log = logging.getLogger("strefer")


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
        base_root: the folder for relative base paths; for the demo, the run's.
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
