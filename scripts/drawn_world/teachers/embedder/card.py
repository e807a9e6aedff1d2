"""Measure the demo's embedder on films that it never saw, and write its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from drawn_world.drawing.render import render, scene_index
from drawn_world.plan.plan import SPLITS, plan_film
from strefer.agents.assigner.with_embedder import crop
from strefer.agents.embedder import Embedder
from strefer.masks import box_of_mask

_FILMS = 60
_CARD = """---
license: apache-2.0
datasets: [drawn_world]
---
# The demo's embedder

A tiny model of open_clip's SigLIP kind ({parameters:.2f} M parameters), trained from scratch on
drawn films of this project's demo world. It knows nothing else.

- Data: seeds 0 and up of the split `train`, drawn by `drawn_world`; no other data.
- Training: {steps} steps, {minutes:.1f} CPU minutes, seed {seed}. Make it again with
  `snakemake teachers`.
- On {films} held-out films: the right expression among those of the film for {crops:.1%} of the
  crops; cosine of neighbouring frames (3 a second) {within:.3f} within a scene (5th percentile
  {within_low:.3f}), {across:.3f} across a scene change (95th percentile {across_high:.3f}).
- Licence: Apache 2.0. Safetensors, half precision.
"""


def measure_embedder(embedder: Embedder) -> dict[str, float]:
    """Share of crops given to the right expression of their film; cosines of neighbours."""
    right, within, across = [], [], []
    for seed in SPLITS["held_out"][:_FILMS]:
        plan = plan_film(seed)
        times = np.arange(0, plan.n_frames, plan.fps / 3).astype(int)
        frames, masks = render(plan, times)
        embedded = embedder.embed_images(frames)
        scenes = np.array([scene_index(plan, int(t)) for t in times])
        cosines = (embedded[1:] * embedded[:-1]).sum(1)
        same = scenes[1:] == scenes[:-1]
        within += cosines[same].tolist()
        across += cosines[~same].tolist()
        names = embedder.embed_texts([e.expression for e in plan.entities])
        for number in range(len(plan.entities)):
            for i in range(0, len(times), 8):
                if masks[number, i].sum() >= 60:
                    picture = crop(frames[i], box_of_mask(masks[number, i]), size_px=224)
                    scores = names @ embedder.embed_images(picture[None])[0]
                    right.append(int(scores.argmax()) == number)
    return {
        "crops": float(np.mean(right)),
        "within": float(np.mean(within)),
        "within_low": float(np.percentile(within, 5)),
        "across": float(np.mean(across)),
        "across_high": float(np.percentile(across, 95)),
    }


def write_card(
    folder: Path, measures: dict[str, float], steps: int, minutes: float, seed: int
) -> None:
    """Write README.md beside the weights."""
    weights = (folder / "open_clip_model.safetensors").stat().st_size
    text = _CARD.format(
        **measures, parameters=weights / 2e6, steps=steps, minutes=minutes, seed=seed, films=_FILMS
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
