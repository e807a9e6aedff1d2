"""Options of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from transformers import TrainingArguments

from strefer.agents.devices import device_of
from strefer.videollm.architecture.precision import has_bfloat16
from strefer.videollm.zero import zero_stage


@dataclass(frozen=True)
class TrainingOptions:
    """Options of a training; the defaults are the paper's.

    Args:
        model: "strefer" is the paper's; "qwen_vl" fine-tunes `start_from` by LoRA of rank
            `lora_rank`, with regions outlined on its frames and at most `most_video_tokens` a film.
            `merge` then also writes the merged model, as transformers and vLLM load it.
        vision, llm: the sources of a new student's parts (see `build_student`).
        start_from: a student's folder to continue from, instead of `vision` and `llm`.
        sizes: fields of `VideoLlmConfig` other than the paper's.
        epochs, batch_size (of one process), accumulate, learning_rate, weight_decay,
            warmup_steps, max_grad_norm, adam_beta2: as usual; cosine schedule.
        new_parts_factor: the learning rate of all but the LLM is this many times the LLM's.
        per_film: this many questions about one film are together in a batch.
        pack: whether those share one row and one copy of the film's tokens.
        frame_store: folder of sampled frames at the encoder's size, made before the first step and
            shared by all trainings on the same films (see `FrameStore`); None decodes films at
            every step. It is not used with kept features.
        keep_features_mb: memory for features of films encoded once; 0 decodes at every step.
        bf16, gradient_checkpointing: save time and memory; no bf16 where the processor lacks it.
        workers: processes that decode (only without kept features).
        save_steps: steps between checkpoints to resume from; log_steps: between lines of the log.
        most_left_out: the maximum share of samples that may be left out; above it, a run stops.
        sampled_regions, raw_regions, system, most_text_tokens, learn_time_tokens, text_only: see
            `ProcessorSettings`.
        deepspeed: path of a DeepSpeed configuration; report_to: "tensorboard", "wandb".
        processes: training processes of this machine; launcher: a command that starts them in
            torchrun's place (on several machines).
    """

    model: str = "strefer"
    lora_rank: int = 16
    most_video_tokens: int = 12288
    merge: bool = False
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
    pack: bool = False
    keep_features_mb: float = 0
    frame_store: str | None = None
    bf16: bool = True
    gradient_checkpointing: bool = True
    workers: int = 4
    save_steps: int = 500
    log_steps: int = 10
    most_left_out: float = 0.1
    sampled_regions: str = "one"
    raw_regions: str = "all"
    system: str | None = None
    most_text_tokens: int = 1792
    learn_time_tokens: bool = True
    text_only: bool = False
    deepspeed: str | None = None
    report_to: tuple[str, ...] = ()
    processes: int = 1
    launcher: tuple[str, ...] = ()

    @staticmethod
    def of(options: Mapping[str, Any]) -> TrainingOptions:
        """Raises ValueError for an option that does not exist."""
        known = {f.name for f in fields(TrainingOptions)}
        if unknown := sorted(set(options) - known):
            raise ValueError(
                f"training: unknown option {unknown[0]!r}; known: {', '.join(sorted(known))}"
            )
        if options.get("text_only") and options.get("model", "strefer") != "strefer":
            raise ValueError("training: `text_only` is for `model: strefer`")
        if options.get("frame_store") and options.get("model", "strefer") != "strefer":
            raise ValueError("training: `frame_store` is for `model: strefer`")
        if options.get("merge") and options.get("model", "strefer") != "qwen_vl":
            raise ValueError("training: `merge` is for `model: qwen_vl`")
        found = TrainingOptions(**options)
        if zero_stage(found.deepspeed) == 3:
            raise ValueError(
                f"training: {found.deepspeed} shards the weights (ZeRO-3), with which a student "
                f"cannot be built; use config/deepspeed/zero2.json"
            )
        return found

    def arguments(self, seed: int, work: Path) -> TrainingArguments:
        """The same for transformers' Trainer."""
        checkpointing = self.gradient_checkpointing
        device = device_of()
        return TrainingArguments(
            output_dir=str(work),
            num_train_epochs=1,  # the dataset's order contains all epochs
            per_device_train_batch_size=self.batch_size,
            gradient_accumulation_steps=self.accumulate,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            lr_scheduler_type="cosine",
            warmup_steps=self.warmup_steps,
            max_grad_norm=self.max_grad_norm,
            adam_beta2=self.adam_beta2,
            use_cpu=device == "cpu",
            bf16=self.bf16 and has_bfloat16(device),
            gradient_checkpointing=checkpointing,
            gradient_checkpointing_kwargs={"use_reentrant": False} if checkpointing else None,
            logging_steps=self.log_steps,
            save_steps=self.save_steps,
            save_total_limit=1,
            seed=seed,
            data_seed=seed,
            remove_unused_columns=False,
            dataloader_num_workers=0 if self.keep_features_mb else self.workers,
            dataloader_pin_memory=device == "cuda",
            deepspeed=self.deepspeed,
            report_to=[r for r in self.report_to if r != "tensorboard"],  # see make_trainer
            disable_tqdm=True,
            label_names=["labels"],
        )
