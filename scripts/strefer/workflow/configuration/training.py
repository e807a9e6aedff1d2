"""Options of recipes and training."""

# fmt: off
# ruff: noqa: E501
# An option is a line, however long.
from __future__ import annotations

from typing import Literal

from strefer.workflow.configuration.section import Number, Section, option


class Training(Section):
    """Training of the Video LLM."""

    model: Literal["strefer", "qwen_vl"] = option("strefer", "What to train: the paper's Video LLM, or LoRA on the Qwen-VL named by start_from, with regions outlined on its frames.")
    lora_rank: int = option(16, "The rank of LoRA.", ge=1)
    vision: str = option("open_clip:ViT-SO400M-14-SigLIP-384/webli", "The frozen vision encoder: a SigLIP from open_clip or transformers, or a Qwen2-VL.")
    llm: str = option("microsoft/Phi-3-mini-4k-instruct", "The decoder that training starts from.")
    start_from: str | None = option(None, "A trained Video LLM to continue from, instead of vision and llm.")
    sizes: dict[str, int | float | str | bool] = option({}, "Sizes of the Video LLM's own parts where they differ from the paper's (see videollm/architecture/configuration.py).")
    epochs: Number = option(1, "Passes over the recipe.", gt=0)
    batch_size: int = option(8, "Samples per step and process.", ge=1)
    accumulate: int = option(1, "Number of steps over which to accumulate gradients.", ge=1)
    learning_rate: Number = option(0.00002, "Peak learning rate of the cosine schedule.", gt=0)
    new_parts_factor: Number = option(1, "Factor by which the learning rate of all parts other than the LLM exceeds the LLM's.", gt=0)
    weight_decay: Number = option(0.1, "AdamW's weight decay.", ge=0)
    warmup_steps: int = option(500, "Steps of linear warm-up.", ge=0)
    adam_beta2: Number = option(0.999, "AdamW's second beta.", gt=0, le=1)
    max_grad_norm: Number = option(1, "The norm that gradients are clipped to.", gt=0)
    per_film: int = option(1, "How many questions about the same film to put into a batch together.", ge=1)
    pack: bool = option(False, "Pack the questions about one film into one row with one copy of the film's tokens (same loss, fewer tokens).")
    keep_features_mb: Number = option(0, "Memory in MB for caching the features of films, so that each film is encoded only once; 0 decodes at every step. The features are also kept in the run's `store/features` for its other students.", ge=0)
    bf16: bool = option(True, "Train in bfloat16 (float32 where the processor has no bfloat16).")
    gradient_checkpointing: bool = option(True, "Save memory by recomputing activations, at the cost of time.")
    frame_store: str | None = option(None, "A folder that keeps the sampled frames at the encoder's size. It is filled before the first step and shared by all trainings on the same films: about 2 MB per film of 32 frames at 384 px. Without it, films are decoded at every step.")
    workers: int = option(4, "Number of processes that decode films.", ge=0)
    merge: bool = option(False, "Also merge LoRA into the Qwen-VL's weights and write the result to the checkpoint's folder `merged`, for transformers, vLLM and lmms-eval.")
    save_steps: int = option(500, "Steps between checkpoints to resume from.", ge=1)
    log_steps: int = option(10, "Steps between lines of the training log.", ge=1)
    sampled_regions: Literal["one", "all"] = option("one", "On which annotated frames of our own pairs to show a region: a random one, or all.")
    raw_regions: Literal["one", "all"] = option("all", "The same as sampled_regions, for base data in VideoRefer's format.")
    learn_time_tokens: bool = option(True, "Include the time tokens of answers in the loss (the published training does not).")
    most_video_tokens: int = option(12288, "Maximum number of tokens per film in a Qwen-VL. Frames are scaled down to fit.", ge=1)
    most_left_out: Number = option(0.1, "Maximum share of samples that may be left out because they are unusable. Above it, the run stops and says why.", ge=0, le=1)
    most_text_tokens: int = option(1792, "Maximum length of a text in tokens. Subtitles that are longer are thinned out; other texts are cut off at the end.", ge=1)
    text_only: bool = option(False, "Leave out films and regions, as a control that shows what the words alone give away.")
    deepspeed: str | None = option(None, "A DeepSpeed configuration file (config/deepspeed).")
    system: str | None = option(None, "A system prompt to put before every conversation.")
    report_to: list[Literal["tensorboard", "wandb"]] = option([], "Where to report progress, besides the training log.")
    processes: int = option(1, "Training processes per machine, one for each GPU.", ge=1)
    launcher: list[str] = option([], "The command that starts the processes instead of torchrun, for training on several machines.")


class TeacherMinutes(Section):
    """CPU minutes of training, by teacher."""

    detector: Number = option(13, "", gt=0)
    tracker: Number = option(55, "", gt=0)
    embedder: Number = option(8, "", gt=0)
    video_llm: Number = option(61, "", gt=0)
    llm: Number = option(54, "", gt=0)
    judge: Number = option(60, "", gt=0)
    student: Number = option(90, "starts with the vision tower of the committed video_llm and the committed llm", gt=0)


class Teachers(Section):
    """The training of the demo's tiny models."""

    minutes: TeacherMinutes = option(TeacherMinutes(), "CPU minutes of training, by teacher.")
