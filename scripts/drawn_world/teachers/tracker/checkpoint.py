"""The state of the tracker's training on disk: one safetensors file, no pickle."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

_NAME = "training.safetensors"


@dataclass
class Progress:
    """Work done so far.

    Attributes:
        steps: optimiser steps.
        seconds: of computing, of the budget.
        next_film: the film from which the stream of clips goes on.
    """

    steps: int = 0
    seconds: float = 0.0
    next_film: int | None = None


def save_training(
    folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, progress: Progress
) -> None:
    """Write weights, optimiser state and progress; the file is replaced at once or not at all."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    # Some weights may share memory; the format wants each tensor by itself.
    copies = {name: value.detach().cpu().clone() for name, value in sorted(tensors.items())}
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{_NAME}.partial"
    save_file(copies, partial, metadata={"progress": json.dumps(asdict(progress))})
    os.replace(partial, folder / _NAME)


def resume_training(
    folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> Progress:
    """Fill model and optimiser from an earlier run's file, if there is one."""
    path = folder / _NAME
    if not path.exists():
        return Progress()
    with safe_open(path, framework="pt") as file:
        progress = Progress(**json.loads(file.metadata()["progress"]))
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    model.load_state_dict(
        {n.removeprefix("model."): v for n, v in tensors.items() if n.startswith("model.")}
    )
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            state.setdefault(int(index), {})[key] = value
    whole = optimizer.state_dict()
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
    return progress
