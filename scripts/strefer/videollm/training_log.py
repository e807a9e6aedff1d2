"""The training's log: a JSON Lines file, one line every few steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class TrainingLog(TrainerCallback):
    """Writes {"step", "loss", "learning_rate", "grad_norm"} lines.

    The file is written from Trainer's own history, which its checkpoints hold: after a resumed run
    it has every step once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        if not state.is_world_process_zero:
            return
        kept = ("step", "loss", "learning_rate", "grad_norm")
        lines = [
            json.dumps({k: entry[k] for k in kept if k in entry}, sort_keys=True)
            for entry in state.log_history
            if "loss" in entry
        ]
        self.path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
