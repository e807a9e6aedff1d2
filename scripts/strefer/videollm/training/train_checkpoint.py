"""Stage `checkpoints`: training the Video LLM on a recipe, by transformers' Trainer.

The order of samples, the drawing of region frames and the initial weights follow from the seed,
and Trainer's checkpoints hold the rest: a killed run that is started again with the same recipe,
options and seed goes on from its last checkpoint and ends with the same weights.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase, TrainerCallback, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from strefer.stage.fingerprint import identity_of
from strefer.videollm.architecture.model import VideoLlm
from strefer.videollm.architecture.vision import local_folder
from strefer.videollm.building import build_student, read_student, settings_of
from strefer.videollm.data.dataset import Collator, TrainingSamples, order_of_epochs, read_ahead
from strefer.videollm.data.frame_source import DecodedFrames, FrameSource, KeptFeatures
from strefer.videollm.data.processor import Processor
from strefer.videollm.data.samples import Sample, iterate_samples
from strefer.videollm.options import TrainingOptions
from strefer.videollm.qwen_vl.processor import QwenProcessor
from strefer.videollm.qwen_vl.student import QwenCollator, build_qwen
from strefer.videollm.training.launching import is_started, start_processes
from strefer.videollm.training.trainer import StepsDone, StudentTrainer, TrainingLog

log = logging.getLogger("strefer")
_FINGERPRINT = "fingerprint.txt"
_LOG = "training_log.jsonl"


def train_checkpoint(
    recipe: Path,
    output: Path,
    options: Mapping[str, Any],
    seed: int,
    threads: int,
    work: Path,
    features: Path | None = None,
) -> None:
    """Train a student on a recipe and write its checkpoint folder.

    Args:
        recipe: JSON Lines file of samples (see samples.py).
        output: the folder; also gets training_log.jsonl (the loss curve) and training.json.
        options: see `TrainingOptions`.
        threads: CPU threads of a process.
        work: folder for what a killed run resumes from; removed at the end.
        features: folder of features that students share (see `KeptFeatures`).

    Raises:
        ValueError: for a bad option, a bad sample (with file and line) or an empty recipe.
    """
    settled = TrainingOptions.of(options)
    if (settled.processes > 1 or settled.launcher) and not is_started():
        start_processes(recipe, output, settled, seed, threads, work, features)
        return
    torch.set_num_threads(threads)
    started = time.monotonic()
    samples = list(iterate_samples(recipe))
    arguments = settled.arguments(seed, work)
    with arguments.main_process_first(desc="looking for a run to resume"):
        output.mkdir(parents=True, exist_ok=True)
        _same_run_or_anew(work, recipe, settled, seed)
    parts = _parts(settled, seed, features)
    left_out: list[str] = []
    if parts.source is not None and parts.source.encoded:
        samples, left_out = read_ahead(samples, parts.processor, parts.source)
    if not samples:
        raise ValueError(f"{recipe}: no sample to train on")
    trainer = make_trainer(parts, samples, settled, arguments, output)
    last = get_last_checkpoint(str(work))
    ready = time.monotonic()
    trainer.train(resume_from_checkpoint=last)
    trainer.save_model(str(output))
    if trainer.is_world_process_zero():
        (output / "training_args.bin").unlink(missing_ok=True)  # a pickle that nobody reads
        parts.processor.tokenizer.save_pretrained(output)
        parts.processor.settings.save(output)
        seconds = time.monotonic() - ready
        about = {
            "samples": len(samples),
            "left_out": left_out,
            "steps": trainer.state.global_step,
            "seconds_before": round(ready - started, 1),
            "seconds": round(seconds, 1),
            "data_wait_share": round(trainer.waited_s / seconds, 4),
            "resumed": last is not None,
            "seed": seed,
        }
        text = json.dumps(about, indent=2, sort_keys=True)
        (output / "training.json").write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(work)


def _same_run_or_anew(work: Path, recipe: Path, options: TrainingOptions, seed: int) -> None:
    """Empty `work` if what it holds comes from other inputs: that must not be resumed."""
    models = [m for m in (options.vision, options.llm, options.start_from) if m]
    making = {
        "options": dataclasses.asdict(options),
        "seed": seed,
        "models": [identity_of({"model": str(local_folder(m) or m)}) for m in models],
    }
    digest = hashlib.sha256(json.dumps(making, sort_keys=True).encode())
    digest.update(recipe.read_bytes())
    file = work / _FINGERPRINT
    if file.is_file() and file.read_text(encoding="utf-8") == digest.hexdigest():
        return
    if work.exists():
        shutil.rmtree(work)
    work.mkdir(parents=True)
    file.write_text(digest.hexdigest(), encoding="utf-8")


@dataclass(frozen=True)
class Parts:
    """What is trained, and how samples become its batches. `source` gives features that can be
    encoded ahead, or None."""

    model: torch.nn.Module
    processor: Processor | QwenProcessor
    collator: Callable[[Sequence[Any]], dict[str, torch.Tensor]]
    source: FrameSource | None


def _parts(options: TrainingOptions, seed: int, features: Path | None) -> Parts:
    if options.model == "qwen_vl":
        model, processor = build_qwen(options, seed)
        return Parts(model, processor, QwenCollator(processor), None)
    student, tokenizer = _student(options, seed)
    processor, source = _reading(student, tokenizer, options, features)
    return Parts(student, processor, Collator(source, tokenizer.pad_token_id, options.pack), source)


def _student(options: TrainingOptions, seed: int) -> tuple[VideoLlm, PreTrainedTokenizerBase]:
    if options.start_from:
        return read_student(options.start_from)
    return build_student(options.vision, options.llm, options.sizes, seed)


def _reading(
    model: VideoLlm,
    tokenizer: PreTrainedTokenizerBase,
    options: TrainingOptions,
    features: Path | None,
) -> tuple[Processor, FrameSource]:
    settings = settings_of(
        model,
        sampled_regions=options.sampled_regions,
        raw_regions=options.raw_regions,
        system=options.system,
        most_text_tokens=options.most_text_tokens,
        learn_time_tokens=options.learn_time_tokens,
        text_only=options.text_only,
    )
    source: FrameSource = DecodedFrames(model.vision.image_size)
    if options.keep_features_mb:
        source = KeptFeatures(model.vision, options.keep_features_mb, features)
    return Processor(tokenizer, settings), source


def _tensorboard(options: TrainingOptions, log_dir: Path) -> list[TrainerCallback]:
    """TensorBoard's events go beside the checkpoint: Trainer's own folder is removed at the end."""
    if "tensorboard" not in options.report_to:
        return []
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations import TensorBoardCallback

    return [TensorBoardCallback(SummaryWriter(str(log_dir / "tensorboard")))]


def make_trainer(
    parts: Parts,
    samples: list[Sample],
    options: TrainingOptions,
    arguments: TrainingArguments,
    log_dir: Path,
) -> StudentTrainer:
    """The Trainer of a run."""
    step_samples = options.batch_size * options.accumulate * arguments.world_size
    order = order_of_epochs(samples, options.epochs, step_samples, options.per_film, arguments.seed)
    log.info("%d samples, %d of them drawn in all", len(samples), len(order))
    trainer = StudentTrainer(
        model=parts.model,
        args=arguments,
        train_dataset=TrainingSamples(samples, order, parts.processor, arguments.seed),
        data_collator=parts.collator,
        callbacks=[TrainingLog(log_dir / _LOG), StepsDone(), *_tensorboard(options, log_dir)],
    )
    trainer.new_parts_factor = options.new_parts_factor
    return trainer
