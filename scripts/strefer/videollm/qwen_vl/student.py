"""Fine-tuning a Qwen-VL of the ecosystem on the same recipes: LoRA (Hu et al. 2021, arXiv
2106.09685) through peft, regions outlined on the frames. A second choice beside the paper's model.

The base is loaded in bfloat16 on GPUs, LoRA's own weights stay in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor, GenerationConfig

from strefer.agents.devices import device_of
from strefer.videollm.architecture.model import IGNORED
from strefer.videollm.architecture.precision import weights_type
from strefer.videollm.data.conversation import spoken
from strefer.videollm.data.samples import Sample, unanswered
from strefer.videollm.options import TrainingOptions
from strefer.videollm.qwen_vl.processor import (
    EncodedQwen,
    QwenProcessor,
    QwenSettings,
    collate_qwen,
)

MERGED = "merged"  # the folder of the merged model, inside the checkpoint's


class QwenCollator:
    """Joins samples to a batch, in the loader's process. Logits are computed where answers are
    alone: with a large vocabulary they are most of the memory."""

    def __init__(self, processor: QwenProcessor) -> None:
        self.pad_id = processor.tokenizer.pad_token_id

    def __call__(self, samples: Sequence[EncodedQwen]) -> dict[str, torch.Tensor]:
        """As `collate_qwen`, with labels [B, 1 + K] of K positions and the places `logits_to_keep`
        [K] before them. The first column is empty: Trainer counts labels from the second on."""
        batch = collate_qwen(samples, self.pad_id)
        said = (batch["labels"] != IGNORED).any(dim=0).nonzero()[:, 0]
        labels = torch.nn.functional.pad(batch["labels"][:, said], (1, 0), value=IGNORED)
        return batch | {"labels": labels, "logits_to_keep": said - 1}


def qwen_loss(
    outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Mean over the labels of all processes and accumulation steps (`num_items_in_batch`), where
    these models' own loss is the mean of each process's mean.

    Args:
        labels: as `QwenCollator` has them.
    """
    targets = labels[:, 1:].flatten()
    logits = outputs.logits.flatten(0, 1).float()
    total = torch.nn.functional.cross_entropy(
        logits, targets, ignore_index=IGNORED, reduction="sum"
    )
    count = (targets != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
    return total / count


def build_qwen(options: TrainingOptions, seed: int) -> tuple[Any, QwenProcessor]:
    """The model with new LoRA weights, and the processor of its samples.

    Raises:
        ValueError: if the configuration names no model to start from.
    """
    if options.start_from is None:
        raise ValueError("training: model qwen_vl needs `start_from`, a Qwen-VL's folder or hub id")
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    device = device_of()
    base = AutoModelForImageTextToText.from_pretrained(
        options.start_from, dtype=weights_type(device, options.bf16)
    )
    layers, experts = lora_targets(base)
    lora = LoraConfig(
        r=options.lora_rank,
        lora_alpha=2 * options.lora_rank,
        target_modules=layers,
        target_parameters=experts or None,
    )
    settings = QwenSettings(
        base=options.start_from,
        n_frames=int(options.sizes.get("n_frames", QwenSettings.n_frames)),
        most_video_tokens=options.most_video_tokens,
        sampled_regions=options.sampled_regions,
        raw_regions=options.raw_regions,
        system=options.system,
        most_text_tokens=options.most_text_tokens,
    )
    model = get_peft_model(base, lora)
    if options.gradient_checkpointing:
        model.enable_input_require_grads()
    return model, QwenProcessor(AutoProcessor.from_pretrained(options.start_from), settings)


def lora_targets(base: torch.nn.Module) -> tuple[str, list[str]]:
    """The layers to which LoRA is applied: every linear layer of the language model, whatever its
    attention, and the experts of a mixture. The vision tower keeps its weights, as in the paper's
    model.

    Returns:
        A pattern of the layers' names, and the ends of the experts' parameters' names.
    """
    layers = {
        name.rpartition(".")[2]
        for name, module in base.named_modules()
        # A layer with one output is a gate.
        if _in_llm(name) and isinstance(module, torch.nn.Linear) and module.out_features > 1
    }
    experts = {
        ".".join(name.split(".")[-2:])
        for name, weight in base.named_parameters()
        if _in_llm(name) and ".experts." in name and weight.ndim == 3
    }
    return rf".*language_model.*\.({'|'.join(sorted(layers))})", sorted(experts)


def _in_llm(name: str) -> bool:
    return "language_model" in name.split(".")


class QwenStudent:
    """A fine-tuned Qwen-VL that answers questions, greedily, in batches."""

    def __init__(self, model: Any, processor: QwenProcessor, batch_size: int) -> None:
        self.model, self.processor, self.batch_size = model.eval(), processor, batch_size
        # Of the model's own settings for generation, the stop tokens alone remain.
        end = model.generation_config.eos_token_id or processor.tokenizer.eos_token_id
        self.stops = set(end) if isinstance(end, list) else {end}
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        inner.generation_config = GenerationConfig(
            eos_token_id=end, pad_token_id=processor.tokenizer.pad_token_id, do_sample=False
        )

    @torch.no_grad()
    def answer(self, samples: Sequence[Sample], max_new_tokens: int = 64) -> list[str]:
        """The answer to each sample's last question, in the order of the samples."""
        answers: list[str] = []
        tokenizer, silent = self.processor.tokenizer, self.processor.conversations.special_ids
        for start in range(0, len(samples), self.batch_size):
            rows = samples[start : start + self.batch_size]
            encoded = [self.processor.encode(unanswered(row), draw=None) for row in rows]
            batch = collate_qwen(encoded, tokenizer.pad_token_id, left=True)
            del batch["labels"]
            batch = {k: v.to(self.model.device) for k, v in batch.items()}
            ids = self.model.generate(**batch, max_new_tokens=max_new_tokens)
            new = ids[:, batch["input_ids"].shape[1] :].tolist()
            answers += [spoken(tokenizer, said, self.stops, silent) for said in new]
        return answers


def load_qwen(folder: Path, batch_size: int, device: str) -> QwenStudent:
    """A student from a checkpoint folder: the base model with the folder's LoRA weights."""
    from peft import PeftModel

    settings = QwenSettings.load(folder)
    base = AutoModelForImageTextToText.from_pretrained(settings.base, dtype=weights_type(device))
    model = PeftModel.from_pretrained(base, str(folder)).to(device)
    processor = QwenProcessor(AutoProcessor.from_pretrained(settings.base), settings)
    return QwenStudent(model, processor, batch_size)


def merge_qwen(folder: Path, output: Path) -> None:
    """Write a fine-tuned Qwen-VL as a folder of transformers' own: LoRA is added to the base's
    weights (in float32, on the CPU), which keep the type that they are published in.

    Args:
        folder: a checkpoint of `train_checkpoint`.
        output: what transformers, vLLM and others load.
    """
    from peft import PeftModel

    settings = QwenSettings.load(folder)
    base = AutoModelForImageTextToText.from_pretrained(settings.base, dtype="auto")
    published = base.dtype
    merged = PeftModel.from_pretrained(base.float(), str(folder)).merge_and_unload(safe_merge=True)
    merged.to(published).save_pretrained(output)
    AutoProcessor.from_pretrained(settings.base).save_pretrained(output)
