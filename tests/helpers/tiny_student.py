"""A Video LLM of a few thousand random parameters, films and a recipe to test with."""

import json
import random
from pathlib import Path

import torch
from open_clip.model import _build_vision_tower
from safetensors.torch import save_file
from transformers import Qwen2Config, Qwen2ForCausalLM

from drawn_world.draw_films import write_film
from drawn_world.plan.plan import plan_film
from drawn_world.teachers.llm.tokenizer import build_tokenizer
from drawn_world.truth import truth_of
from strefer.frames import sample_times

SIZES = {
    "n_frames": 4,
    "n_time_tokens": 8,
    "latents": 3,
    "width": 16,
    "resampler_depth": 1,
    "resampler_heads": 2,
    "resampler_head_width": 8,
    "memory_slots": 2,
    "temporal_depth": 1,
    "temporal_heads": 2,
    "feed_forward": 2,
}
OPTIONS = {
    "sizes": SIZES,
    "batch_size": 4,
    "learning_rate": 1e-2,
    "warmup_steps": 2,
    "bf16": False,
    "gradient_checkpointing": False,
    "keep_features_mb": 50,
    "save_steps": 3,
    "log_steps": 1,
}
_QUESTIONS = (
    "What does the <region> do?",
    "Is the <region> there between <start_time> and <end_time>?",
    "What is in the video?",
)


def write_vision(folder: Path, seed: int = 0) -> str:
    """An open_clip folder with a random tower: 32 px, 4 × 4 patches, width 24."""
    vision = {"image_size": 32, "layers": 1, "width": 24, "head_width": 8, "patch_size": 8}
    described = {
        "model_cfg": {"embed_dim": 16, "vision_cfg": vision, "text_cfg": {}},
        "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
    }
    torch.manual_seed(seed)
    tower = _build_vision_tower(16, vision)
    folder.mkdir(parents=True)
    weights = {f"visual.{k}": v.contiguous() for k, v in tower.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps(described))
    return str(folder)


def write_llm(folder: Path, seed: int = 0) -> str:
    """A folder with a random Qwen2 of two layers and a tokenizer of whole words."""
    tokenizer = build_tokenizer([*_QUESTIONS, "It walks to the left. Yes. No."] * 2, [])
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.2,
    )
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def write_demo_film(folder: Path, seed: int = 3) -> tuple[str, list[dict[str, dict]]]:
    """A demo film, and the annotation of its entities on the sampled frames."""
    plan = plan_film(seed, n_entities=3)
    path = folder / f"film_{seed}.mp4"
    write_film(plan, path)
    truth = truth_of(plan)
    times = sample_times(truth.duration_s, SIZES["n_frames"], truth.fps)
    frames = [min(round(t * truth.fps), truth.n_frames - 1) for t in times]
    regions = [
        {
            str(i): {"segmentation": entity.masks[frame]}
            for i, frame in enumerate(frames)
            if frame in entity.masks
        }
        for entity in truth.entities
    ]
    return str(path), [region for region in regions if region]


def sample_fields(path: str, question: str, answer: str, regions: list, **more) -> dict:
    """A sample in the published format."""
    return {
        "conversations": [
            {"from": "human", "value": f"<image>\n{question}"},
            {"from": "gpt", "value": answer},
        ],
        "path": path,
        "start_time": "00:00:02.000",
        "end_time": "00:00:05.000",
        "annotation": regions,
        **more,
    }


def write_recipe(file: Path, films: list[tuple[str, list]], n_samples: int, seed: int = 0) -> Path:
    """A recipe of short questions with random answers."""
    draw = random.Random(seed)
    lines = []
    for _ in range(n_samples):
        path, regions = draw.choice(films)
        question = draw.choice(_QUESTIONS)
        marked = [draw.choice(regions)] if "<region>" in question else []
        answer = draw.choice(("Yes.", "No.", "It walks to the left."))
        lines.append(json.dumps(sample_fields(path, question, answer, marked)))
    file.write_text("\n".join(lines) + "\n")
    return file
