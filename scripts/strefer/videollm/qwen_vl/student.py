"""Fine-tuning a Qwen-VL of the ecosystem on the same recipes: LoRA (Hu et al. 2021, arXiv
2106.09685) through peft, regions outlined on the frames. A second choice beside the paper's model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from strefer.videollm.data.samples import Sample, unanswered
from strefer.videollm.options import TrainingOptions
from strefer.videollm.qwen_vl.processor import (
    EncodedQwen,
    QwenProcessor,
    QwenSettings,
    collate_qwen,
)

# Of the language model alone: the vision tower keeps its weights, as in the paper's model.
_TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


class QwenCollator:
    """Joins samples to a batch, in the loader's process."""

    def __init__(self, processor: QwenProcessor) -> None:
        self.pad_id, self.video_id = processor.tokenizer.pad_token_id, processor.video_id

    def __call__(self, samples: Sequence[EncodedQwen]) -> dict[str, torch.Tensor]:
        return collate_qwen(samples, self.pad_id, self.video_id)


def build_qwen(options: TrainingOptions, seed: int) -> tuple[Any, QwenProcessor]:
    """The model with new LoRA weights, and the processor of its samples.

    Raises:
        ValueError: if the configuration names no model to start from.
    """
    if options.start_from is None:
        raise ValueError("training: model qwen_vl needs `start_from`, a Qwen-VL's folder or hub id")
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    base = AutoModelForImageTextToText.from_pretrained(options.start_from, dtype=torch.float32)
    lora = LoraConfig(
        r=options.lora_rank, lora_alpha=2 * options.lora_rank, target_modules=_TARGETS
    )
    settings = QwenSettings(
        base=options.start_from,
        n_frames=int(options.sizes.get("n_frames", QwenSettings.n_frames)),
        sampled_regions=options.sampled_regions,
        raw_regions=options.raw_regions,
        system=options.system,
        most_text_tokens=options.most_text_tokens,
    )
    model = get_peft_model(base, lora)
    if options.gradient_checkpointing:
        model.enable_input_require_grads()
    return model, QwenProcessor(AutoProcessor.from_pretrained(options.start_from), settings)


class QwenStudent:
    """A fine-tuned Qwen-VL that answers questions, greedily, in batches."""

    def __init__(self, model: Any, processor: QwenProcessor, batch_size: int) -> None:
        self.model, self.processor, self.batch_size = model.eval(), processor, batch_size

    @torch.no_grad()
    def answer(self, samples: Sequence[Sample], max_new_tokens: int = 64) -> list[str]:
        """The answer to each sample's last question, in the order of the samples."""
        answers: list[str] = []
        tokenizer = self.processor.tokenizer
        for start in range(0, len(samples), self.batch_size):
            rows = samples[start : start + self.batch_size]
            encoded = [self.processor.encode(unanswered(row), draw=None) for row in rows]
            batch = collate_qwen(encoded, tokenizer.pad_token_id, self.processor.video_id, True)
            del batch["labels"]
            batch = {k: v.to(self.model.device) for k, v in batch.items()}
            ids = self.model.generate(**batch, max_new_tokens=max_new_tokens, do_sample=False)
            new = ids[:, batch["input_ids"].shape[1] :]
            answers += [t.strip() for t in tokenizer.batch_decode(new, skip_special_tokens=True)]
        return answers


def load_qwen(folder: Path, batch_size: int, device: str) -> QwenStudent:
    """A student from a checkpoint folder: the base model with the folder's LoRA weights."""
    from peft import PeftModel

    settings = QwenSettings.load(folder)
    base = AutoModelForImageTextToText.from_pretrained(settings.base, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, str(folder)).to(device)
    processor = QwenProcessor(AutoProcessor.from_pretrained(settings.base), settings)
    return QwenStudent(model, processor, batch_size)
