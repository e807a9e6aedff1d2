"""The text-LLM teacher: the referring parser, the reader of transcripts and the question writer."""

from __future__ import annotations

from pathlib import Path
from random import Random

from drawn_world.teachers.llm import parser_data as llm_parser
from drawn_world.teachers.llm import question_data as llm_questions
from drawn_world.teachers.llm import statement_data as llm_statements
from drawn_world.teachers.llm.loop import Role
from drawn_world.teachers.llm.samples import Sample
from drawn_world.teachers.llm.train_roles import (
    HELD_OUT_SEED,
    N_HELD_OUT,
    each,
    stream,
    train_roles,
)


def train(
    out_dir: Path,
    work_dir: Path,
    minutes: float,
    seed: int,
    threads: int,
    device: str,
    start: str | None = None,
) -> None:
    """Train the teacher, from nothing or from a folder, and write its folder; see `train_roles`."""
    train_roles(
        roles(), held_out_samples(N_HELD_OUT), __doc__, out_dir, work_dir, minutes=minutes,
        seed=seed, threads=threads, device=device, start=start,
    )  # fmt: skip


def roles() -> list[Role]:
    """What is practised, and how much of it in a step."""
    return [
        Role("parser", _parser, 8),
        Role("question", stream(llm_questions.question_samples), 6),
        Role("statement", each(llm_statements.statement_sample), 8),
        Role("relation", each(llm_statements.relation_sample), 32),
    ]


def held_out_samples(n: int) -> dict[str, list[Sample]]:
    """Samples that no training run has seen, n for each role."""
    random = Random(HELD_OUT_SEED)
    world = [llm_parser.parser_sample(random, world_share=1.0) for _ in range(n)]
    unusual = [llm_parser.parser_sample(random, world_share=0.0) for _ in range(n)]
    return {
        "parser, demo's sentences": world,
        "parser, unusual texts": unusual,
        **{role.name: list(role.draw(random, 1.0, n)) for role in roles()[1:]},
    }


def _parser(random: Random, part: float, n: int) -> list[Sample]:
    """Short lists first, and the demo's own sentences: what is learned on them is found again in
    the longer and stranger ones. At the end, when the steps are small, the demo's again."""
    longest = 3 if part < 0.1 else 5
    world_share = 0.9 if 0.1 <= part < 0.8 else 1.0
    return [
        llm_parser.parser_sample(random, world_share=world_share, longest=longest) for _ in range(n)
    ]
