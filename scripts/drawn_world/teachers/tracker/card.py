"""Writing the demo's tracker as a Hugging Face folder, with a card that says what was measured."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import Sam2VideoConfig, Sam2VideoModel

from drawn_world.teachers.tracker.checkpoint import Progress
from drawn_world.teachers.tracker.data import BOX_JITTER_PX
from drawn_world.teachers.tracker.model import tracker_processor

_CARD = """\
---
license: apache-2.0
datasets: [drawn_world]
library_name: transformers
pipeline_tag: mask-generation
---
# The demo's tracker

A tiny SAM 2 ({parameters:.1f} M parameters, fp16) that follows entities of the demo world from
boxes through films of 128 px, which it sees at {image_px} px. It stands in for SAM 2 where no
weights can be had, and is of no use elsewhere. Class: `Sam2VideoModel` of transformers.

- Data: films of the demo world's split `train`, drawn while training; 32 frames a film, clips of 1
  to 12 of them, both directions, box prompts with {jitter} px of noise; images of 128 px at first,
  of {image_px} px in the second half.
- Seed {seed}; {steps} steps; {minutes:.1f} minutes of one CPU thread; float32 weights, bfloat16
  products.
- Licence: Apache-2.0. No outside data or weights.

Measured on {n_films} films of the split `held_out` through the pipeline's adapter, from true boxes
on the frame with the most entities, both directions; the prompted frame does not count.

| films | J where visible | J after a return | empty where absent | frames visible / absent |
|---|---|---|---|---|
{rows}
"""


def save_tracker(
    out_dir: Path,
    model: Sam2VideoModel,
    measures: dict[str, dict[str, float | int]],
    progress: Progress,
    *,
    seed: int,
    n_films: int,
) -> None:
    """Write config, processor, fp16 safetensors and README.md to `out_dir`."""
    out_dir.mkdir(parents=True, exist_ok=True)
    half = Sam2VideoModel(Sam2VideoConfig.from_dict(model.config.to_dict()))
    half.load_state_dict(model.state_dict())
    half.to(torch.float16).save_pretrained(out_dir)
    tracker_processor().save_pretrained(out_dir)
    card = _CARD.format(
        parameters=model.num_parameters() / 1e6,
        image_px=model.image_size,
        jitter=BOX_JITTER_PX,
        seed=seed,
        steps=progress.steps,
        minutes=progress.seconds / 60,
        n_films=n_films,
        rows="\n".join(_row(name, values) for name, values in measures.items()),
    )
    for file in out_dir.iterdir():
        file.chmod(0o644)  # the weights' writer gives them to their owner alone
    (out_dir / "README.md").write_text(card, encoding="utf-8")


def _row(name: str, values: dict[str, float | int]) -> str:
    shares = [
        f"{values[key]:.3f}" if key in values else "-"
        for key in ("j_visible", "j_after_return", "empty_when_absent")
    ]
    frames = f"{values['visible_frames']} / {values['absent_frames']}"
    return f"| {name} | {' | '.join(shares)} | {frames} |"
