"""The judge's teacher: it rates descriptions, chooses options, and reads pairs a second time."""

from __future__ import annotations

from pathlib import Path
from random import Random

from strefer.demo.teachers import llm_judge, llm_judge_choice, llm_questions
from strefer.demo.teachers.llm_samples import Sample
from strefer.demo.teachers.llm_training import Role
from strefer.demo.teachers.text_teacher import HELD_OUT_SEED, N_HELD_OUT, each, stream, train_roles


def train(
    out_dir: Path, work_dir: Path, minutes: float, seed: int, threads: int, device: str
) -> None:
    """Train the teacher and write its folder; see `text_teacher.train_roles`."""
    train_roles(
        roles(), held_out_samples(N_HELD_OUT), __doc__, out_dir, work_dir, minutes=minutes,
        seed=seed, threads=threads, device=device,
    )  # fmt: skip


def roles() -> list[Role]:
    """What is practised, and how much of it in a step."""
    return [
        Role("judge_description", each(llm_judge.judge_description_sample), 8),
        Role("judge_choice", each(llm_judge_choice.judge_choice_sample), 12),
        Role("reader", stream(llm_questions.reader_samples), 6),
    ]


def held_out_samples(n: int) -> dict[str, list[Sample]]:
    """Samples that no training run has seen, n for each role."""
    random = Random(HELD_OUT_SEED)
    return {role.name: list(role.draw(random, 1.0, n)) for role in roles()}
