"""The text-LLM teacher: referring parser, question writer, second reader and judge in one tiny
Llama, trained from nothing on text that is drawn as it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random

import torch
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from strefer.demo.teachers import llm_judge, llm_judge_choice, llm_parser, llm_questions
from strefer.demo.teachers.llm_card import write_card
from strefer.demo.teachers.llm_evaluation import evaluate
from strefer.demo.teachers.llm_model import build_model
from strefer.demo.teachers.llm_phrases import PHRASES, WORLD_TEXTS
from strefer.demo.teachers.llm_samples import Sample, configured_words
from strefer.demo.teachers.llm_tokenizer import build_tokenizer
from strefer.demo.teachers.llm_training import Role, Trainer
from strefer.demo.teachers.llm_words import invented_word

HELD_OUT_SEED = 4_000_000  # training draws from seeds that are texts, never from this one
N_HELD_OUT = 100


def train(
    out_dir: Path, work_dir: Path, minutes: float, seed: int, threads: int, device: str
) -> None:
    """Train the teacher and write its folder: model, tokenizer and card.

    Resumes from `work_dir` if a run was stopped there; a finished run with a larger budget goes on.

    Args:
        out_dir: gets `model.safetensors` (float16), config, tokenizer and README.md.
        work_dir: checkpoints.
        minutes: of CPU time per thread; of wall time on other devices.
        seed: of the weights and of the texts.
        threads: of torch.
        device: "cpu" or a torch device.
    """
    torch.set_num_threads(threads)
    work_dir.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer_of_run(work_dir, seed)
    model = build_model(tokenizer, seed)
    trainer = Trainer(
        model, tokenizer, roles(), work_dir, seed=seed, threads=threads, device=device
    )
    progress = trainer.run(minutes)
    model = model.to(torch.float16).to(torch.float32)  # what is measured is what is stored
    figures = evaluate(model, tokenizer, held_out_samples(N_HELD_OUT))
    out_dir.mkdir(parents=True, exist_ok=True)
    model.to("cpu", torch.float16).save_pretrained(out_dir)
    tokenizer.save_pretrained(out_dir)
    write_card(out_dir, model, progress, figures, seed=seed, n_held_out=N_HELD_OUT)


def roles() -> list[Role]:
    """What is practised, from when on, and how much of it at a time."""
    return [
        Role("parser", _parser, 6),
        Role("question", _stream(llm_questions.question_samples), 6),
        Role("reader", _stream(llm_questions.reader_samples), 6, _from(0.1)),
        Role("judge_description", _each(llm_judge.judge_description_sample), 6, _from(0.1)),
        Role("judge_choice", _each(llm_judge_choice.judge_choice_sample), 6),
    ]


def held_out_samples(n: int) -> dict[str, list[Sample]]:
    """Samples that no training run has seen, n for each role."""
    random = Random(HELD_OUT_SEED)
    world = [llm_parser.parser_sample(random, world_share=1.0) for _ in range(n)]
    samples = {"parser, demo's sentences": world}
    unusual = [llm_parser.parser_sample(random, world_share=0.0) for _ in range(n)]
    samples["parser, unusual texts"] = unusual
    for role in roles():
        if role.name != "parser":
            samples[role.name] = list(role.draw(random, 1.0, n))
    return samples


def _parser(random: Random, part: float, n: int) -> list[Sample]:
    """Short lists first, and the demo's own sentences: what is learned on them is found again in
    the longer and stranger ones."""
    early = part < 0.1
    world_share, longest = (1.0, 3) if early else (0.9, 5)
    return [
        llm_parser.parser_sample(random, world_share=world_share, longest=longest) for _ in range(n)
    ]


def _each(draw: Callable[[Random], Sample]) -> Callable[[Random, float, int], Sequence[Sample]]:
    return lambda random, part, n: [draw(random) for _ in range(n)]


def _stream(
    draw: Callable[[Random], Iterator[Sample]],
) -> Callable[[Random, float, int], Sequence[Sample]]:
    return lambda random, part, n: list(islice(draw(random), n))


def _from(begin: float) -> Callable[[float], float]:
    return lambda part: 0.0 if part < begin else 1.0


def _tokenizer_of_run(work_dir: Path, seed: int) -> PreTrainedTokenizerBase:
    """The run's tokenizer: made at its start, kept with its checkpoints."""
    folder = work_dir / "tokenizer"
    if folder.exists():
        return PreTrainedTokenizerFast.from_pretrained(folder)
    random = Random(f"{seed}/tokenizer")
    texts = [
        text
        for role in roles()
        for sample in role.draw(random, 1.0, 1500)
        for text in (sample.prompt, sample.reply)
    ]
    words = [*(f"{word} {word}" for word in configured_words()), *WORLD_TEXTS] * 6
    spelling = [invented_word(random) for _ in range(4000)]
    tokenizer = build_tokenizer(texts + words, PHRASES, spelling, min_count=6)
    tokenizer.save_pretrained(folder)
    return tokenizer
