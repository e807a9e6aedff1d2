"""transformers' Trainer, for students: order of the data, learning rates, what is measured."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from strefer.stage.progress import Progress
from strefer.videollm.data.dataset import REPORT
from strefer.videollm.data.unusable import LeftOut

LEFT_OUT = "left_out/"  # of the log's keys, before a reason


class StudentTrainer(Trainer):
    """Sees samples in the dataset's own order, gives the parts around the LLM a learning rate of
    their own (`new_parts_factor` times the LLM's), measures how long steps wait for data
    (`waited_s`), and counts the samples that are left out (`left_out`, of this process)."""

    new_parts_factor = 1.0
    waited_s = 0.0
    left_out: LeftOut
    _before: Counter[str] | None = None  # left out by the run that this one resumes

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler:
        return torch.utils.data.SequentialSampler(train_dataset or self.train_dataset)

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        if self._before is None:
            logged = [entry for line in self.state.log_history for entry in line.items()]
            counts = {key: count for key, count in logged if key.startswith(LEFT_OUT)}
            self._before = Counter({key.removeprefix(LEFT_OUT): n for key, n in counts.items()})
        batches, n_labels = super().get_batch_samples(*args, **kwargs)
        self.waited_s += time.perf_counter() - started
        for batch in batches:
            seen, left_out = batch.pop(REPORT)
            self.left_out.seen += seen
            for reason, example in left_out:
                self.left_out.add(reason, example)
        self.left_out.check()
        return batches, n_labels

    def all_left_out(self) -> Counter[str]:
        """Samples left out so far by reason, by all processes together."""
        counts = [self.left_out.reasons]
        if self.args.world_size > 1:
            counts = gather_object(counts)
        return sum(counts, self._before or Counter())

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        counts = {f"{LEFT_OUT}{reason}": n for reason, n in self.all_left_out().items()}
        super().log(logs | counts, *args, **kwargs)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        if self.optimizer is None:
            model = model or self.model
            decayed = set(self.get_decay_parameter_names(model))
            groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
            for name, weight in model.named_parameters():
                if weight.requires_grad:
                    key = (name.startswith("llm."), name in decayed)
                    groups.setdefault(key, []).append(weight)
            rate = self.args.learning_rate
            self.optimizer = torch.optim.AdamW(
                [
                    {
                        "params": weights,
                        "lr": rate if in_llm else rate * self.new_parts_factor,
                        "weight_decay": self.args.weight_decay if decays else 0.0,
                    }
                    for (in_llm, decays), weights in groups.items()
                ],
                betas=(self.args.adam_beta1, self.args.adam_beta2),
            )
        return self.optimizer


class TrainingLog(TrainerCallback):
    """Writes {"step", "loss", "learning_rate", "grad_norm"} lines, and in "left_out/<reason>" how
    many samples were left out so far.

    The file is written from Trainer's own history, which is part of its checkpoints: after a
    resumed run it has every step once.
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
            json.dumps(
                {k: entry[k] for k in entry if k in kept or k.startswith(LEFT_OUT)}, sort_keys=True
            )
            for entry in state.log_history
            if "loss" in entry
        ]
        self.path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


class StepsDone(TrainerCallback):
    """Says in the job's log how many steps are done."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.progress = Progress(state.max_steps)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.progress.update(state.global_step)
