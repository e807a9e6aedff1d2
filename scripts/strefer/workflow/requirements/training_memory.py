"""Memory of a GPU in training, by what takes it: computed from sizes, and not measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strefer.videollm.zero import zero_stage
from strefer.workflow.requirements.facts import BYTES, NamedModel
from strefer.workflow.requirements.hub_cache import snapshot_of

NEW_PARTS = 0.13  # billions of parameters that the paper's student has beside its LLM's
# Of a decoder layer of width W, bytes a token and W: its input, which is kept in float32, and what
# the one layer takes that is computed again and differentiated (as torch's MemTracker counts it for
# Phi-3's layers).
KEPT_BYTES, LAYER_BYTES = 4, 80
LORA_WIDTHS = 22  # inputs and outputs of a layer's linear maps together, in W
FILM_TOKENS = 128  # of a film in the paper's student


@dataclass(frozen=True)
class TrainingMemory:
    """GB (10^9 bytes) of one GPU; None is unknown.

    Attributes:
        activations: with `gradient_checkpointing`, of a batch of the longest rows.
    """

    weights: float
    gradients: float
    optimizer: float
    activations: float | None

    @property
    def total(self) -> float:
        """All that is known."""
        return self.weights + self.gradients + self.optimizer + (self.activations or 0)

    def __str__(self) -> str:
        known = "unknown" if self.activations is None else f"up to {self.activations:.0f}"
        return (
            f"weights {self.weights:.1f}, gradients {self.gradients:.1f}, optimizer "
            f"{self.optimizer:.1f}, activations {known} GB"
        )


def training_memory(
    training: Mapping[str, Any], models: Sequence[NamedModel]
) -> TrainingMemory | None:
    """The GPU memory that a training process needs; None if a model's size is unknown.

    Weights that are trained are in float32, with AdamW's two moments; frozen ones in `dtype`. What
    DeepSpeed shares among N GPUs is as in the paper on ZeRO (Rajbhandari et al. 2020, arXiv
    1910.02054, section 3).

    Args:
        training: the section of the configuration.
        models: those of the training, with their roles.

    Raises:
        ValueError: if its DeepSpeed configuration cannot be read.
    """
    if any(model.gb is None for model in models):
        return None
    size = {
        role: model.gb / BYTES[model.spec.get("dtype", "float32")]
        for model in models
        for role in model.roles
    }
    frozen, n_gpus = size.get("training.vision", 0.0), int(training["processes"])
    llm = next(m for m in models if set(m.roles) & {"training.llm", "training.start_from"})
    shape = _shape(llm)
    trained = size.get("training.llm", size.get("training.start_from", 0.0)) + NEW_PARTS
    if training["model"] == "qwen_vl":
        frozen, trained = size["training.start_from"], 0.0
        if shape is not None:
            layers, width = shape
            trained = training["lora_rank"] * LORA_WIDTHS * layers * width / 1e9
    still = frozen * BYTES["bfloat16" if training["bf16"] else "float32"]
    activations = _activations(training, shape)
    shared = zero_stage(training["deepspeed"])
    if shared == 0:  # DDP keeps gradients a second time, in the buckets that it sends
        gradients = trained * (4 if n_gpus == 1 else 8)
        return TrainingMemory(still + trained * 4, gradients, trained * 8, activations)
    gradients = trained * 2 / (n_gpus if shared == 2 else 1)
    return TrainingMemory(still + trained * 2, gradients, trained * 12 / n_gpus, activations)


def _activations(training: Mapping[str, Any], shape: tuple[int, int] | None) -> float | None:
    if shape is None or not training["gradient_checkpointing"]:
        return None
    layers, width = shape
    film = training["most_video_tokens"] if training["model"] == "qwen_vl" else FILM_TOKENS
    tokens = training["batch_size"] * (film + training["most_text_tokens"])
    return tokens * width * (layers * KEPT_BYTES + LAYER_BYTES) / 1e9


def _shape(model: NamedModel) -> tuple[int, int] | None:
    """Number of layers and width of a model's decoder, from its config.json if it is a local
    folder."""
    folder = model.folder or (model.hub and snapshot_of(model.hub, model.spec.get("revision")))
    file = folder and Path(folder) / "config.json"
    if not (file and file.is_file()):
        return model.facts.shape if model.facts else None
    config = json.loads(file.read_text(encoding="utf-8"))
    text = config.get("text_config") or config.get("text") or config
    return int(text["num_hidden_layers"]), int(text["hidden_size"])
