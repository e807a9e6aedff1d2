"""The judge's teacher: the LLM teacher, trained further to rate descriptions and choose options."""

from __future__ import annotations

from pathlib import Path
from random import Random

from drawn_world.teachers.judge import choice_data as llm_judge_choice
from drawn_world.teachers.judge import description_data as llm_judge
from drawn_world.teachers.llm.loop import Role
from drawn_world.teachers.llm.samples import Sample
from drawn_world.teachers.llm.train_roles import HELD_OUT_SEED, N_HELD_OUT, each, train_roles

_LLM = "resources/teachers/llm"


def train(
    out_dir: Path, work_dir: Path, minutes: float, seed: int, threads: int, device: str
) -> None:
    """Train the teacher and write its folder; see `text_teacher.train_roles`."""
    train_roles(
        roles(), held_out_samples(N_HELD_OUT), __doc__, out_dir, work_dir, minutes=minutes,
        seed=seed, threads=threads, device=device,
        start=_LLM, phrases=_repeated(seed),
    )  # fmt: skip


def roles() -> list[Role]:
    """What is practised, and how much of it in a step."""
    return [
        Role("judge_description", each(llm_judge.judge_description_sample), 16),
        Role("letters", each(llm_judge_choice.letters_sample), 16),
        Role("judge_choice", each(llm_judge_choice.judge_choice_sample), 12),
    ]


def _repeated(seed: int) -> list[str]:
    """What every prompt of a role begins with, and the lines of a rating: one token each."""
    draws = (llm_judge.judge_description_sample, llm_judge_choice.judge_choice_sample)
    prompts = (draw(Random(seed)).prompt for draw in draws)
    begins = [prompt.partition("\nQuestion:")[0] for prompt in prompts]
    return [*begins, *(f"{n}. {name}:" for n, name in enumerate(llm_judge.DIMENSIONS, 1))]


def held_out_samples(n: int) -> dict[str, list[Sample]]:
    """Samples that no training run has seen, n for each role."""
    random = Random(HELD_OUT_SEED)
    judged = (role for role in roles() if role.name != "letters")
    return {role.name: list(role.draw(random, 1.0, n)) for role in judged}
