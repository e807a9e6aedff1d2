"""Stage `checkpoints`: training the Video LLM on a recipe, by transformers' Trainer.

The order of samples, the drawing of region frames and the initial weights follow from the seed, and
Trainer's checkpoints contain the rest: a killed run that is restarted with the same recipe, options
and seed continues from its last checkpoint and ends with the same weights.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import random
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
from strefer.videollm.data.dataset import (
    Collator,
    ReportingCollator,
    TrainingSamples,
    encoder_of,
    order_of_epochs,
    read_ahead,
)
from strefer.videollm.data.frame_source import DecodedFrames, FrameSource, KeptFeatures
from strefer.videollm.data.frame_store import FrameStore
from strefer.videollm.data.processor import Processor
from strefer.videollm.data.samples import Sample, iterate_samples
from strefer.videollm.data.unusable import LeftOut, summary
from strefer.videollm.options import TrainingOptions
from strefer.videollm.qwen_vl.processor import QwenProcessor
from strefer.videollm.qwen_vl.student import MERGED, QwenCollator, build_qwen, merge_qwen, qwen_loss
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
        ValueError: for a bad option, an empty recipe, or one with too many samples that cannot be
            used (`most_left_out`), with an example of each reason.
    """
    settled = TrainingOptions.of(options)
    if (settled.processes > 1 or settled.launcher) and not is_started():
        start_processes(recipe, output, settled, seed, threads, work, features)
        return
    torch.set_num_threads(threads)
    started = time.monotonic()
    left_out = LeftOut(settled.most_left_out, str(recipe))
    samples = list(iterate_samples(recipe, left_out))
    left_out.check(whole=True)
    arguments = settled.arguments(seed, work)
    with arguments.main_process_first(desc="looking for a run to resume"):
        output.mkdir(parents=True, exist_ok=True)
        _same_run_or_anew(work, recipe, settled, seed, arguments.world_size)
    parts = _parts(settled, seed, features)
    samples = _ready(samples, parts, settled, arguments, left_out)
    if not samples:
        raise ValueError(f"{recipe}: no sample to train on")
    trainer = make_trainer(parts, samples, settled, arguments, output)
    trainer.left_out = LeftOut(settled.most_left_out, str(recipe))
    last = get_last_checkpoint(str(work))
    ready = time.monotonic()
    trainer.train(resume_from_checkpoint=last)
    trainer.save_model(str(output))
    about = {
        "samples": len(samples),
        "seconds_before": round(ready - started, 1),
        "seconds": round(time.monotonic() - ready, 1),
        "resumed": last is not None,
        "seed": seed,
    }
    about |= _figures(trainer, left_out, time.monotonic() - ready)
    if trainer.is_world_process_zero():
        _write_beside(output, parts, about)
        if settled.merge:
            merge_qwen(output, output / MERGED)
        shutil.rmtree(work)


def _figures(trainer: StudentTrainer, left_out: LeftOut, seconds: float) -> dict[str, Any]:
    """The counts of a training, over all processes.

    Args:
        left_out: the samples left out before the first step.
    """
    reasons = left_out.reasons + trainer.all_left_out()
    if reasons:
        log.warning("%s: samples left out: %s", left_out.source, summary(reasons))
    return {
        "left_out": dict(sorted(reasons.items())),
        "steps": trainer.state.global_step,
        "data_wait_share": round(trainer.waited_s / seconds, 4),
    }


def _ready(
    samples: list[Sample],
    parts: Parts,
    options: TrainingOptions,
    arguments: TrainingArguments,
    left_out: LeftOut,
) -> list[Sample]:
    """The samples, those that can be used if all are read ahead; a frame store is filled, each
    process its share."""
    if parts.reads_ahead:
        samples = read_ahead(samples, parts.encode, left_out)
        left_out.check(whole=True)
    elif options.frame_store and not options.text_only:
        store = FrameStore(Path(options.frame_store), parts.model.vision.image_size)
        own = samples[arguments.process_index :: arguments.world_size]
        store.fill(own, parts.model.config.n_frames, options.workers)
    return samples


def _write_beside(output: Path, parts: Parts, about: Mapping[str, Any]) -> None:
    """Tokenizer, settings and the training's figures, beside the weights."""
    (output / "training_args.bin").unlink(missing_ok=True)  # an unused pickle
    parts.processor.tokenizer.save_pretrained(output)
    parts.processor.settings.save(output)
    text = json.dumps(about, indent=2, sort_keys=True)
    (output / "training.json").write_text(text + "\n", encoding="utf-8")


# Options that do not change the result of a resumed run.
_NEUTRAL = {"most_left_out", "merge", "workers", "report_to", "launcher"}
_OF_A_STEP = {"processes", "batch_size", "accumulate"}


def _same_run_or_anew(
    work: Path, recipe: Path, options: TrainingOptions, seed: int, processes: int
) -> None:
    """Empty `work` if its contents come from other inputs and must not be resumed. Another number
    of processes may resume it if a step has the same samples, but not DeepSpeed's shards."""
    models = [m for m in (options.vision, options.llm, options.start_from) if m]
    shares = processes if options.deepspeed else None
    known = dataclasses.asdict(options)
    making = {
        "options": {k: known[k] for k in known if k not in _NEUTRAL | _OF_A_STEP},
        "step": [options.batch_size * options.accumulate * processes, shares],
        "seed": seed,
        "models": [identity_of({"model": str(local_folder(m) or m)}) for m in models],
    }
    digest = hashlib.sha256(json.dumps(making, sort_keys=True).encode())
    digest.update(recipe.read_bytes())
    file = work / _FINGERPRINT
    if file.is_file() and file.read_text(encoding="utf-8") == digest.hexdigest():
        return
    if work.exists():
        log.warning("%s belongs to a training with other options or data; starting again", work)
        shutil.rmtree(work)
    work.mkdir(parents=True)
    file.write_text(digest.hexdigest(), encoding="utf-8")


@dataclass(frozen=True)
class Parts:
    """What to train, and how to batch its samples: `encode` reads one, `collate` combines several.
    If `reads_ahead` is set, all are encoded once before the training. `loss` replaces the model's
    own."""

    model: torch.nn.Module
    processor: Processor | QwenProcessor
    encode: Callable[[Sample, random.Random], Any]
    collate: Callable[[Sequence[Any]], dict[str, torch.Tensor]]
    reads_ahead: bool = False
    loss: Callable[..., torch.Tensor] | None = None


def _parts(options: TrainingOptions, seed: int, features: Path | None) -> Parts:
    if options.model == "qwen_vl":
        model, processor = build_qwen(options, seed)
        return Parts(model, processor, processor.encode, QwenCollator(processor), loss=qwen_loss)
    student, tokenizer = _student(options, seed)
    processor, source = _reading(student, tokenizer, options, features)
    collate = Collator(source, tokenizer.pad_token_id, options.pack)
    return Parts(student, processor, encoder_of(processor, source), collate, source.encoded)


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
    return Processor(tokenizer, settings), _frames(model, options, features)


def _frames(model: VideoLlm, options: TrainingOptions, features: Path | None) -> FrameSource:
    if options.keep_features_mb:
        return KeptFeatures(model.vision, options.keep_features_mb, features)
    image_size, folder = model.vision.image_size, options.frame_store
    return DecodedFrames(image_size, FrameStore(Path(folder), image_size).get if folder else None)


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
    log.info("%d samples, %d drawn in total", len(samples), len(order))
    trainer = StudentTrainer(
        model=parts.model,
        args=arguments,
        train_dataset=TrainingSamples(samples, order, parts.encode, arguments.seed),
        data_collator=ReportingCollator(parts.collate),
        compute_loss_func=parts.loss,
        callbacks=[TrainingLog(log_dir / _LOG), StepsDone(), *_tensorboard(options, log_dir)],
    )
    trainer.new_parts_factor = options.new_parts_factor
    return trainer
