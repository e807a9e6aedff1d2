"""The demo's embedder: a tiny model of open_clip's SigLIP kind, and its folder.

The folder is one that open_clip loads by `local-dir:`: `open_clip_config.json`,
`open_clip_model.safetensors`, and the tokenizer's files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

IMAGE_PX = 128
PATCH_PX = 16
CONTEXT = 32
_PAD, _END = "<pad>", "</s>"
_PREPROCESS = {
    "size": IMAGE_PX,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
    "interpolation": "bicubic",
    "resize_mode": "squash",
}


def train_tokenizer(texts: Iterable[str], vocabulary: int = 512) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer: words of the demo are whole, any other text still encodes."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[_PAD, _END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token=_PAD, eos_token=_END, model_max_length=CONTEXT
    )


def model_config(vocabulary: int) -> dict:
    """open_clip's `model_cfg` (sigmoid loss: `init_logit_bias`, as its SigLIP models have)."""
    return {
        "embed_dim": 128,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": IMAGE_PX,
            "patch_size": PATCH_PX,
            "width": 160,
            "head_width": 32,
            "layers": 4,
            "pool_type": "avg",
            "final_ln_after_pool": False,
        },
        "text_cfg": {
            "context_length": CONTEXT,
            "vocab_size": vocabulary,
            "hf_tokenizer_name": "tokenizer",  # any name: its files lie beside the configuration
            "width": 96,
            "heads": 3,
            "layers": 2,
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
        },
    }


def new_embedder(config: dict, seed: int) -> torch.nn.Module:
    """The model with fresh weights."""
    from open_clip import CustomTextCLIP

    torch.manual_seed(seed)
    settings = {key: value for key, value in config.items() if key != "custom_text"}
    return CustomTextCLIP(**settings)


def save_embedder(
    folder: Path, model: torch.nn.Module, config: dict, tokenizer: PreTrainedTokenizerFast
) -> None:
    """Write the folder, weights in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: value.detach().cpu().to(torch.float16 if value.is_floating_point() else value.dtype)
        for name, value in model.state_dict().items()
    }
    save_file({n: v.contiguous() for n, v in weights.items()}, folder / _WEIGHTS)
    settings = {"model_cfg": config, "preprocess_cfg": _PREPROCESS}
    text = json.dumps(settings, indent=1)
    (folder / "open_clip_config.json").write_text(text + "\n", encoding="utf-8")
    tokenizer.save_pretrained(folder)


_WEIGHTS = "open_clip_model.safetensors"
