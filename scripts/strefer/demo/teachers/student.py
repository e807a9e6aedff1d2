"""Training the demo's starting student: the Video LLM before its recipe.

The paper's student starts from pretrained parts. The demo's parts are tiny and strangers to each
other, and a recipe of a few thousand samples cannot bring them together: so they are trained on
appearance and on the reading of texts first (see student_samples.py).
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from strefer.demo.films import write_world
from strefer.demo.teachers.student_samples import film_samples, text_samples
from strefer.demo.truth import load_truth
from strefer.stage import atomic_write
from strefer.videollm.training import train_checkpoint

_FILMS = 400
_FIRST_FILM = 200_000  # of the split `train`; the other teachers begin at 0
_SAMPLES_A_MINUTE = 2200  # of one processor core, about
OPTIONS = {
    "vision": "resources/teachers/video_llm",
    "llm": "resources/teachers/llm",
    "sizes": {
        "latents": 6,
        "width": 128,
        "resampler_depth": 2,
        "resampler_heads": 4,
        "resampler_head_width": 32,
        "feed_forward": 2,
        "temporal_encoder": "frame_tokens",
        "region_path": True,
    },
    "batch_size": 32,
    "per_film": 8,
    "pack": True,
    "learning_rate": 1e-3,
    "new_parts_factor": 2,
    "warmup_steps": 50,
    "adam_beta2": 0.98,
    "weight_decay": 0.05,
    "keep_features_mb": 2000,
    "sampled_regions": "all",
    "gradient_checkpointing": False,
    "save_steps": 100,
}


def train(
    out_dir: Path, work_dir: Path, minutes: float, seed: int, threads: int, device: str
) -> None:
    """Train and write the student's folder.

    Args:
        out_dir: the folder.
        work_dir: films, recipe and what a killed training resumes from.
        minutes: how long to train, about, with one core.
        seed: of samples, weights and order.
        threads: CPU threads.
        device: not used: transformers' Trainer takes a GPU if there is one.
    """
    recipe = work_dir / "recipe.jsonl"
    if not recipe.exists():
        write_recipe(recipe, work_dir / "films", _FILMS, seed)
    with recipe.open(encoding="utf-8") as lines:
        n_samples = sum(1 for _ in lines)
    epochs = minutes * _SAMPLES_A_MINUTE / n_samples
    train_checkpoint(
        recipe, out_dir, {**OPTIONS, "epochs": epochs}, seed, threads, work_dir / "training"
    )


def write_recipe(recipe: Path, films_dir: Path, n_films: int, seed: int) -> None:
    """Draw films and write their samples, shuffled."""
    samples = []
    for film in write_world("train", n_films, films_dir, first=_FIRST_FILM):
        truth = load_truth(films_dir / "truth" / f"{film}.json")
        drawn = random.Random(f"{seed} {film}")
        path = str(films_dir / "videos" / f"{film}.mp4")
        samples += [{"path": path} | one for one in film_samples(truth, 32, drawn)]
        samples += text_samples(truth, drawn)
    random.Random(seed).shuffle(samples)
    with atomic_write(recipe) as file:
        file.writelines(json.dumps(one) + "\n" for one in samples)
