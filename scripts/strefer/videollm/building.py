"""Building a student: a new one from a vision encoder and an LLM, or one read from a folder."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationConfig,
    PreTrainedTokenizerBase,
)

from strefer.agents.chat.tokenizer import read_tokenizer
from strefer.videollm.architecture.attention import sinusoids
from strefer.videollm.architecture.configuration import VideoLlmConfig
from strefer.videollm.architecture.model import VideoLlm
from strefer.videollm.architecture.tokens import add_tokens
from strefer.videollm.architecture.vision import load_vision_weights, vision_spec
from strefer.videollm.data.conversation import ConversationEncoder
from strefer.videollm.data.processor import ProcessorSettings

# The class that transformers writes for tokenizers that have none.
_NOT_SIZES = {"vision", "text", "video_token_id", "region_token_id", "first_time_token_id"}


def build_student(
    vision: str, llm: str, sizes: Mapping[str, Any], seed: int
) -> tuple[VideoLlm, PreTrainedTokenizerBase]:
    """A student with a pretrained encoder and LLM, all between them new.

    Args:
        vision: see `vision_spec`.
        llm: folder or hub name of a causal LLM.
        sizes: fields of `VideoLlmConfig`; the paper's where not given.

    Raises:
        ValueError: for an unknown size or a folder without such a model.
    """
    known = set(inspect.signature(VideoLlmConfig).parameters) - _NOT_SIZES - {"rest"}
    if unknown := sorted(set(sizes) - known):
        raise ValueError(f"student: unknown size {unknown[0]!r}; known: {', '.join(sorted(known))}")
    tokenizer = read_tokenizer(llm)
    if tokenizer.pad_token_id is None:  # Llama's have none; what is padded is never looked at
        tokenizer.pad_token = tokenizer.eos_token
    n_time_tokens = sizes.get("n_time_tokens", VideoLlmConfig().n_time_tokens)
    ids = add_tokens(tokenizer, n_time_tokens)
    text = AutoConfig.from_pretrained(llm)
    old_size = text.vocab_size
    text.vocab_size = max(old_size, (len(tokenizer) + 63) // 64 * 64)
    text.pad_token_id = tokenizer.pad_token_id
    text.eos_token_id = stop_ids(tokenizer, llm)
    config = VideoLlmConfig(
        vision=vision_spec(vision), text=_plain(text), dtype="float32", **sizes, **ids
    )
    torch.manual_seed(seed)
    model = VideoLlm(config)
    load_vision_weights(model.vision, vision)
    _fill_llm(model, llm, old_size)
    _match_scales(model)
    return model, tokenizer


def _plain(text: Any) -> dict[str, Any]:
    return {**text.to_diff_dict(), "model_type": text.model_type, "dtype": "float32"}


def stop_ids(tokenizer: PreTrainedTokenizerBase, llm: str) -> int | list[int]:
    """The tokens that end an answer: the LLM's own stop tokens, and the one that its chat template
    writes. They are kept in the student's configuration."""
    try:
        known = GenerationConfig.from_pretrained(llm).eos_token_id
    except OSError:  # an LLM without settings for generation
        known = None
    known = known if isinstance(known, list) else [known]
    ends = ConversationEncoder(tokenizer).end_ids
    found = sorted(({*known, tokenizer.eos_token_id} - {None}) | ends)
    return found[0] if len(found) == 1 else found


@torch.no_grad()
def _fill_llm(model: VideoLlm, llm: str, old_size: int) -> None:
    """The LLM's weights; new tokens begin as the mean of the known ones, times with a smooth code
    of their index on top, so that neighbours in time begin alike."""
    source = AutoModelForCausalLM.from_pretrained(llm, dtype=torch.float32)
    first = min(model.config.video_token_id, old_size)
    n_times = model.config.n_time_tokens
    start = model.config.first_time_token_id
    targets = model.llm.state_dict()
    tables = {
        id(m.weight) for m in (model.llm.get_input_embeddings(), model.llm.get_output_embeddings())
    }
    named = dict(model.llm.named_parameters(remove_duplicate=False))
    for name, weight in source.state_dict().items():
        target = targets[name]
        if id(named.get(name)) not in tables:
            target.copy_(weight)
            continue
        target[:first].copy_(weight[:first])
        known = weight[:first]
        target[first:] = known.mean(0)
        codes = sinusoids(torch.arange(n_times), weight.shape[1], longest=float(n_times))
        target[start : start + n_times] += codes * known.std() * 2**0.5


@torch.no_grad()
def _match_scales(model: VideoLlm) -> None:
    """Visual vectors begin as long as those of words: an LLM whose words are short vectors (small
    ones with tied embeddings) would not get to change longer ones in its first layers."""
    words = model.get_input_embeddings().weight[: model.config.video_token_id]
    share = float(words.norm(dim=-1).median()) / words.shape[1] ** 0.5
    path = model.region_encoder.path
    last = [model.to_llm[-1], model.region_encoder.project[-1]]
    for layer in [*last, *([path.layers[-1]] if path is not None else [])]:
        layer.weight *= share


def settings_of(model: VideoLlm, **options: Any) -> ProcessorSettings:
    """The processor's settings that belong to a model."""
    config = model.config
    return ProcessorSettings(
        n_frames=config.n_frames,
        n_time_tokens=config.n_time_tokens,
        time_rounding=config.time_rounding,
        video_tokens=config.video_tokens,
        region_tokens=config.region_tokens,
        grid_side=model.vision.side,
        frames_together=model.vision.together,
        **options,
    )


def read_student(folder: str | Path) -> tuple[VideoLlm, PreTrainedTokenizerBase]:
    """The model (float32 or as saved) and tokenizer of a checkpoint folder.

    A folder may leave out the frozen encoder's weights and name the model that they come from, as
    `weights_from` of its config's `vision`.
    """
    model = VideoLlm.from_pretrained(folder)
    if source := model.config.vision.pop("weights_from", None):
        load_vision_weights(model.vision, source)
    return model, read_tokenizer(str(folder))
