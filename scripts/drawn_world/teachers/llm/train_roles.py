"""Train a tiny text LLM for roles, on text that is generated while it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from drawn_world.teachers.llm.card import write_card
from drawn_world.teachers.llm.loop import Role, Trainer
from drawn_world.teachers.llm.measures import evaluate
from drawn_world.teachers.llm.model import build_model
from drawn_world.teachers.llm.phrases import PHRASES, WORLD_TEXTS
from drawn_world.teachers.llm.samples import Sample, configured_words
from drawn_world.teachers.llm.tokenizer import build_tokenizer
from drawn_world.teachers.llm.words import invented_word
from strefer.agents.chat.tokenizer import read_tokenizer

HELD_OUT_SEED = 4_000_000  # training draws from seeds that are texts, never from this one
N_HELD_OUT = 200
_EMBEDDINGS = ("embed_tokens.weight", "lm_head.weight")


def train_roles(
    roles: Sequence[Role],
    held_out: Mapping[str, list[Sample]],
    description: str,
    out_dir: Path,
    work_dir: Path,
    *,
    minutes: float,
    seed: int,
    threads: int,
    device: str,
    start: str | None = None,
    phrases: Sequence[str] = (),
) -> None:
    """Train one checkpoint on the roles and write its folder: model, tokenizer and card.

    Resumes from `work_dir` if a run was stopped there; a finished run with a larger budget goes on.

    Args:
        held_out: what it is measured on, by the name that the card gives to the samples.
        description: what it is, for the card.
        out_dir: gets `model.safetensors` (float16), config, tokenizer and README.md.
        work_dir: checkpoints.
        minutes: of CPU time per thread; of wall time on other devices.
        seed: of the weights and of the texts.
        threads: of torch.
        device: "cpu" or a torch device.
        start: folder of the LLM that the training begins with; None: it begins from nothing.
        phrases: what the tokenizer of `start` has to read as one token more. Without any, a
            tokenizer is made for the roles' texts.
    """
    torch.set_num_threads(threads)
    work_dir.mkdir(parents=True, exist_ok=True)
    if phrases:
        model, tokenizer = with_phrases(start, phrases, seed)
    else:
        tokenizer = _tokenizer_of_run(roles, work_dir, seed)
        model = build_model(tokenizer, seed)
        if start is not None:
            _load_weights(start, model, tokenizer)
    trainer = Trainer(model, tokenizer, roles, work_dir, seed=seed, threads=threads, device=device)
    progress = trainer.run(minutes)
    model = model.to(torch.float16).to(torch.float32)  # what is measured is what is stored
    figures = evaluate(model, tokenizer, held_out)
    out_dir.mkdir(parents=True, exist_ok=True)
    model.to("cpu", torch.float16).save_pretrained(out_dir)
    tokenizer.save_pretrained(out_dir)
    write_card(
        out_dir, model, progress, figures, description, [role.name for role in roles],
        start=f"`{start}`" if start else "nothing", seed=seed, n_held_out=N_HELD_OUT,
    )  # fmt: skip


def with_phrases(
    folder: str, phrases: Sequence[str], seed: int, words: Sequence[str] = ()
) -> tuple[LlamaForCausalLM, PreTrainedTokenizerBase]:
    """The LLM in a folder, in float32, and its tokenizer, which reads each phrase as one token
    more, and each of these words with the space before it."""
    tokenizer = read_tokenizer(folder)
    llm = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer.add_tokens([phrase.strip() for phrase in phrases if phrase.strip()])
    pieces = [tokenizer(f" {word}", add_special_tokens=False).input_ids for word in words]
    tokenizer.add_tokens([f" {word}" for word in words])
    torch.manual_seed(seed)
    llm.resize_token_embeddings(len(tokenizer))
    vectors = llm.get_input_embeddings().weight.data
    for word, ids in zip(words, pieces, strict=True):  # one that was a token already keeps its own
        vectors[tokenizer.convert_tokens_to_ids(f" {word}")] = vectors[ids].mean(0)
    return llm, tokenizer


@torch.no_grad()
def _load_weights(folder: str, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase) -> None:
    """The weights in a folder; of the embeddings those of the tokens that both tokenizers have."""
    llm = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    weights = {k: v for k, v in llm.state_dict().items() if not k.endswith(_EMBEDDINGS)}
    model.load_state_dict(weights, strict=False)
    old, known = read_tokenizer(folder).get_vocab(), llm.model.embed_tokens.weight
    table = model.model.embed_tokens.weight
    table *= known[: len(old)].std(0) / table.std(0)
    for token, number in tokenizer.get_vocab().items():
        if token in old:
            table[number] = known[old[token]]


def each(draw: Callable[[Random], Sample]) -> Callable[[Random, float, int], Sequence[Sample]]:
    """A role's `draw` from a function that draws one sample."""
    return lambda random, part, n: [draw(random) for _ in range(n)]


def stream(
    draw: Callable[[Random], Iterator[Sample]],
) -> Callable[[Random, float, int], Sequence[Sample]]:
    """A role's `draw` from a function that draws samples without end."""
    return lambda random, part, n: list(islice(draw(random), n))


def _tokenizer_of_run(roles: Sequence[Role], work_dir: Path, seed: int) -> PreTrainedTokenizerBase:
    """The run's tokenizer: made at its start, kept with its checkpoints."""
    folder = work_dir / "tokenizer"
    if folder.exists():
        return PreTrainedTokenizerFast.from_pretrained(folder)
    random = Random(f"{seed}/tokenizer")
    texts = [
        text
        for role in roles
        for sample in role.draw(random, 1.0, 3000)
        for text in (sample.prompt, sample.reply)
    ]
    words = [*(f"{word} {word}" for word in configured_words()), *WORLD_TEXTS] * 6
    spelling = [invented_word(random) for _ in range(4000)]
    tokenizer = build_tokenizer(texts + words, PHRASES, spelling, min_count=6)
    tokenizer.save_pretrained(folder)
    return tokenizer
