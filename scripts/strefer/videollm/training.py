"""Training the Video LLM on a recipe, by transformers' Trainer.

The order of samples, the drawing of region frames and the initial weights follow from the seed,
and Trainer's checkpoints hold the rest: a killed run that is started again with the same recipe,
options and seed goes on from its last checkpoint and ends with the same weights.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from strefer.making import identity_of
from strefer.videollm.building import build_student, read_student, settings_of
from strefer.videollm.dataset import Collator, TrainingSamples, order_of_epochs
from strefer.videollm.frame_source import DecodedFrames, FrameSource, KeptFeatures
from strefer.videollm.model import VideoLlm
from strefer.videollm.processor import Processor
from strefer.videollm.samples import Sample, iterate_samples
from strefer.videollm.training_log import TrainingLog

logger = logging.getLogger(__name__)
_FINGERPRINT = "fingerprint.txt"


@dataclass(frozen=True)
class TrainingOptions:
    """Options of a training; the defaults are the paper's.

    Args:
        vision, llm: where a new student's parts come from (see `build_student`).
        start_from: a student's folder to go on from, instead of `vision` and `llm`.
        sizes: fields of `VideoLlmConfig` other than the paper's.
        epochs, batch_size (of one process), accumulate, learning_rate, weight_decay,
            warmup_steps, max_grad_norm: as usual; cosine schedule.
        new_parts_factor: the learning rate of all but the LLM is so many times the LLM's.
        per_film: so many questions about one film stand together in a batch.
        keep_features_mb: memory for features of films encoded once; 0 decodes at every step.
        bf16, gradient_checkpointing: save time and memory.
        workers: processes that decode (only without kept features).
        save_steps: steps between checkpoints to resume from; log_steps: between lines of the log.
        sampled_regions, raw_regions, system, most_text_tokens, learn_time_tokens: see
            `ProcessorSettings`.
        deepspeed: path of a DeepSpeed configuration; report_to: "tensorboard", "wandb".
    """

    vision: str = "open_clip:ViT-SO400M-14-SigLIP-384/webli"
    llm: str = "microsoft/Phi-3-mini-4k-instruct"
    start_from: str | None = None
    sizes: Mapping[str, Any] = field(default_factory=dict)
    epochs: float = 1.0
    batch_size: int = 8
    accumulate: int = 1
    learning_rate: float = 2e-5
    new_parts_factor: float = 1.0
    weight_decay: float = 0.1
    warmup_steps: int = 500
    max_grad_norm: float = 1.0
    adam_beta2: float = 0.999
    per_film: int = 1
    keep_features_mb: float = 0
    bf16: bool = True
    gradient_checkpointing: bool = True
    workers: int = 4
    save_steps: int = 500
    log_steps: int = 10
    sampled_regions: str = "one"
    raw_regions: str = "all"
    system: str | None = None
    most_text_tokens: int = 1792
    learn_time_tokens: bool = True
    deepspeed: str | None = None
    report_to: tuple[str, ...] = ()

    @staticmethod
    def of(options: Mapping[str, Any]) -> TrainingOptions:
        """Raises ValueError for an option that does not exist."""
        known = {f.name for f in fields(TrainingOptions)}
        if unknown := sorted(set(options) - known):
            raise ValueError(
                f"training: no option {unknown[0]!r}; known: {', '.join(sorted(known))}"
            )
        return TrainingOptions(**options)


def train_checkpoint(
    recipe: Path, output: Path, options: Mapping[str, Any], seed: int, threads: int, work: Path
) -> None:
    """Train a student on a recipe and write its checkpoint folder.

    Args:
        recipe: JSON Lines file of samples (see samples.py).
        output: the folder; also gets training_log.jsonl (the loss curve) and training.json.
        options: see `TrainingOptions`.
        work: folder for what a killed run resumes from; emptied at the end.

    Raises:
        ValueError: for a bad option, a bad sample (with file and line) or an empty recipe.
    """
    torch.set_num_threads(threads)
    settled = TrainingOptions.of(options)
    samples = list(iterate_samples(recipe))
    if not samples:
        raise ValueError(f"{recipe}: no sample to train on")
    work.mkdir(parents=True, exist_ok=True)
    output.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    _same_run_or_anew(work, recipe, settled, seed)
    model, tokenizer = _student(settled, seed)
    trainer, processor = make_trainer(model, tokenizer, samples, settled, seed, work, output)
    last = get_last_checkpoint(str(work))
    trainer.train(resume_from_checkpoint=last)
    trainer.save_model(str(output))
    if trainer.is_world_process_zero():
        tokenizer.save_pretrained(output)
        processor.settings.save(output)
        about = {
            "samples": len(samples),
            "steps": trainer.state.global_step,
            "minutes": round((time.monotonic() - started) / 60, 2),
            "resumed": last is not None,
            "seed": seed,
            "loss": trainer.state.log_history[-1].get("train_loss"),
        }
        text = json.dumps(about, indent=2, sort_keys=True)
        (output / "training.json").write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(work)


def _same_run_or_anew(work: Path, recipe: Path, options: TrainingOptions, seed: int) -> None:
    """Empty `work` if what it holds comes from other inputs: that must not be resumed."""
    making = {
        "options": repr(options),
        "seed": seed,
        "models": [
            identity_of({"model": m})
            for m in (options.vision, options.llm, options.start_from)
            if m
        ],
    }
    digest = hashlib.sha256(json.dumps(making, sort_keys=True).encode())
    digest.update(recipe.read_bytes())
    file = work / _FINGERPRINT
    if file.is_file() and file.read_text() == digest.hexdigest():
        return
    shutil.rmtree(work)
    work.mkdir(parents=True)
    file.write_text(digest.hexdigest())


def _student(options: TrainingOptions, seed: int) -> tuple[VideoLlm, PreTrainedTokenizerBase]:
    if options.start_from:
        return read_student(options.start_from)
    return build_student(options.vision, options.llm, options.sizes, seed)


class StudentTrainer(Trainer):
    """Trainer that sees samples in the order of the dataset, with a learning rate of their own
    for the parts around the LLM."""

    new_parts_factor = 1.0

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler:
        return torch.utils.data.SequentialSampler(train_dataset or self.train_dataset)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        if self.optimizer is None:
            model = model or self.model
            decays = set(self.get_decay_parameter_names(model))
            groups: dict[tuple[bool, bool], list] = {}
            for name, weight in model.named_parameters():
                if weight.requires_grad:
                    key = (name.startswith("llm."), name in decays)
                    groups.setdefault(key, []).append(weight)
            rate = self.args.learning_rate
            self.optimizer = torch.optim.AdamW(
                [
                    {
                        "params": weights,
                        "lr": rate if in_llm else rate * self.new_parts_factor,
                        "weight_decay": self.args.weight_decay if decayed else 0.0,
                    }
                    for (in_llm, decayed), weights in groups.items()
                ],
                betas=(self.args.adam_beta1, self.args.adam_beta2),
            )
        return self.optimizer


def make_trainer(
    model: VideoLlm,
    tokenizer: PreTrainedTokenizerBase,
    samples: list[Sample],
    options: TrainingOptions,
    seed: int,
    work: Path,
    log_dir: Path,
) -> tuple[StudentTrainer, Processor]:
    """The Trainer of a run, and the processor of its samples."""
    settings = settings_of(
        model,
        sampled_regions=options.sampled_regions,
        raw_regions=options.raw_regions,
        system=options.system,
        most_text_tokens=options.most_text_tokens,
        learn_time_tokens=options.learn_time_tokens,
    )
    processor = Processor(tokenizer, settings)
    step_samples = options.batch_size * options.accumulate
    order = order_of_epochs(samples, options.epochs, step_samples, options.per_film, seed)
    source: FrameSource = DecodedFrames(model.vision.image_size)
    if options.keep_features_mb:
        source = KeptFeatures(model.vision, options.keep_features_mb)
    trainer = StudentTrainer(
        model=model,
        args=_arguments(options, seed, work),
        train_dataset=TrainingSamples(samples, order, processor, seed),
        data_collator=Collator(source, tokenizer.pad_token_id),
        callbacks=[TrainingLog(log_dir / "training_log.jsonl")],
    )
    trainer.new_parts_factor = options.new_parts_factor
    return trainer, processor


def _arguments(options: TrainingOptions, seed: int, work: Path) -> TrainingArguments:
    checkpointing = options.gradient_checkpointing
    return TrainingArguments(
        output_dir=str(work),
        num_train_epochs=1,  # the dataset's order holds all epochs
        per_device_train_batch_size=options.batch_size,
        gradient_accumulation_steps=options.accumulate,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        lr_scheduler_type="cosine",
        warmup_steps=options.warmup_steps,
        max_grad_norm=options.max_grad_norm,
        adam_beta2=options.adam_beta2,
        bf16=options.bf16,
        gradient_checkpointing=checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if checkpointing else None,
        logging_steps=options.log_steps,
        save_steps=options.save_steps,
        save_total_limit=1,
        seed=seed,
        data_seed=seed,
        remove_unused_columns=False,
        dataloader_num_workers=0 if options.keep_features_mb else options.workers,
        dataloader_pin_memory=torch.cuda.is_available(),
        deepspeed=options.deepspeed,
        report_to=list(options.report_to),
        disable_tqdm=True,
        label_names=["labels"],
    )
