"""Training the demo's starting student: the Video LLM before its recipe.

The paper's student starts from pretrained parts. The demo's parts are tiny and strangers to each
other, and a recipe of a few thousand samples cannot bring them together: so they are trained on
appearance and on the reading of texts first (see student_samples.py).
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from strefer.benchmarks import videomme
from strefer.benchmarks.tempcompass import HINTS
from strefer.demo.films import write_world
from strefer.demo.teachers.llm_tokenizer import build_tokenizer
from strefer.demo.teachers.student_samples import film_samples, text_samples
from strefer.demo.truth import load_truth
from strefer.published_format import CHOICE_HINT, YES_NO_HINT
from strefer.stage import atomic_write
from strefer.videollm.training import train_checkpoint

_FILMS = 240
_FIRST_FILM = 200_000  # of the split `train`; the other teachers begin at 0
_TEXT_SHARE = 0.35  # of the questions on texts
_SAMPLES_A_MINUTE = 4000  # of one processor core, about
_LLM = {
    "hidden_size": 128,
    "intermediate_size": 320,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "rope_theta": 10_000.0,
    "initializer_range": 0.05,
    "tie_word_embeddings": True,
    "bos_token_id": None,
}
_PHRASINGS = Path("config/phrasings")
OPTIONS = {
    "vision": "resources/teachers/video_llm",
    "sizes": {
        "latents": 4,
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
    "learning_rate": 2e-3,
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
    llm = work_dir / "llm"
    if not llm.exists():
        _write_llm(llm, recipe, seed)
    n_samples = len(recipe.read_text(encoding="utf-8").splitlines())
    options = {**OPTIONS, "llm": str(llm), "epochs": minutes * _SAMPLES_A_MINUTE / n_samples}
    train_checkpoint(recipe, out_dir, options, seed, threads, work_dir / "training")


def _write_llm(folder: Path, recipe: Path, seed: int) -> None:
    """A decoder of random weights that knows the words of the recipe and of our phrasings; what a
    prompt always repeats is one token."""
    with recipe.open(encoding="utf-8") as lines:
        texts = [t["value"] for line in lines for t in json.loads(line)["conversations"]]
    texts += 2 * [file.read_text(encoding="utf-8") for file in sorted(_PHRASINGS.glob("*.txt"))]
    repeated = [CHOICE_HINT, YES_NO_HINT, videomme.BEFORE, *filter(None, HINTS.values())]
    tokenizer = build_tokenizer([*texts, *2 * ["user\nassistant\n"]], repeated)
    config = Qwen2Config(
        vocab_size=(len(tokenizer) + 63) // 64 * 64,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **_LLM,
    )
    torch.manual_seed(seed)
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def write_recipe(recipe: Path, films_dir: Path, n_films: int, seed: int) -> None:
    """Draw films and write their samples, shuffled."""
    write_world("train", n_films, films_dir, first=_FIRST_FILM)
    samples = []
    for film in sorted((films_dir / "truth").glob("*.json")):
        truth = load_truth(film)
        drawn = random.Random(f"{seed} {film.stem}")
        path = str(films_dir / "videos" / f"{film.stem}.mp4")
        samples += [{"path": path} | one for one in film_samples(truth, 32, drawn)]
        samples += [one for one in text_samples(truth, drawn) if drawn.random() < _TEXT_SHARE]
    random.Random(seed).shuffle(samples)
    with atomic_write(recipe) as file:
        file.writelines(json.dumps(one) + "\n" for one in samples)
