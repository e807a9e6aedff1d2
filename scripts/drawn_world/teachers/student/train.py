"""Training the demo's starting student: the Video LLM before its recipe.

The paper's student starts from pretrained parts. The demo's parts are tiny and strangers to each
other, and a recipe of a few thousand samples cannot bring them together: so they are trained
together first. What somebody does at a time, and what the one in a mask does, is left to the
recipes (see student_samples.py).
"""

from __future__ import annotations

from pathlib import Path

import torch

from drawn_world.draw_films import read_world, write_world
from drawn_world.teachers.llm.train_roles import with_phrases
from drawn_world.teachers.student.card import measure_student, write_card
from drawn_world.teachers.student.loop import train_student
from drawn_world.vocabulary import all_deeds
from strefer.benchmarks import videomme
from strefer.benchmarks.tempcompass import HINTS
from strefer.recipes.published_format import CHOICE_HINT, YES_NO_HINT
from strefer.videollm.building import build_student, settings_of

_FILMS = 600
_FIRST_FILM = 200_000  # of the split `train`; the other teachers begin at 0
VISION, LLM = "resources/teachers/video_llm", "resources/teachers/llm"
SIZES = {
    "latents": 8,
    "width": 128,
    "resampler_depth": 2,
    "resampler_heads": 4,
    "resampler_head_width": 32,
    "feed_forward": 2,
    "temporal_encoder": "frame_tokens",
    "region_path": True,
}


def train(
    out_dir: Path, work_dir: Path, minutes: float, seed: int, threads: int, device: str
) -> None:
    """Train and write the student's folder.

    Args:
        out_dir: the folder.
        work_dir: films, and what a killed training resumes from.
        minutes: of CPU time per thread.
        seed: of samples, weights and order.
        threads: of torch.
        device: only "cpu" serves: the student is tiny.
    """
    torch.set_num_threads(threads)
    world, llm = work_dir / "films", work_dir / "llm"
    if len(list((world / "truth").glob("*.json"))) < _FILMS:
        write_world("train", _FILMS, world, first=_FIRST_FILM)
    if not llm.exists():
        write_llm(llm, seed)
    model, tokenizer = build_student(VISION, str(llm), SIZES, seed)
    state = train_student(model, tokenizer, read_world(world), work_dir, minutes, seed)
    out_dir.mkdir(parents=True, exist_ok=True)
    # The tower is the video LLM's, whose folder holds it.
    model.config.vision["weights_from"] = VISION
    weights = {n: w.detach().half() for n, w in model.state_dict().items() if n[:7] != "vision."}
    model.save_pretrained(out_dir, state_dict=weights)
    tokenizer.save_pretrained(out_dir)
    settings_of(model, sampled_regions="all").save(out_dir)
    write_card(
        out_dir,
        measure_student(out_dir, work_dir / "held_out", seed),
        parameters=model.num_parameters(),
        steps=state.step,
        minutes=state.minutes,
        seed=seed,
    )


def write_llm(folder: Path, seed: int) -> None:
    """The LLM teacher, which can read and copy; what a prompt always repeats becomes one
    token, and so does what an entity does, for the hints."""
    repeated = (CHOICE_HINT, YES_NO_HINT, videomme.BEFORE, *HINTS.values())
    llm, tokenizer = with_phrases(LLM, repeated, seed, words=all_deeds())
    llm.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
