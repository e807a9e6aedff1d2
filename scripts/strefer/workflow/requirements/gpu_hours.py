"""An estimate of the GPU-hours of a configuration, from the operations of its models.

A transformer does two operations per parameter and token. The number of tokens follows from the
configuration and the assumptions below, which are all printed beside the estimate. Training is
extrapolated from the paper's report. Nothing here was measured: the estimate can only distinguish
hours from weeks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from strefer.agents.concept_tracker.interface import FPS
from strefer.agents.environments import engine_of
from strefer.videos.film_lengths import FILM_MINUTES, Films
from strefer.workflow.requirements.calls import proof_calls, reading_calls, writing_calls
from strefer.workflow.requirements.facts import Gpu, NamedModel
from strefer.workflow.requirements.films import ENTITIES, SEGMENTS_A_MINUTE, looks

PROMPT_TOKENS = 300
REPLY_TOKENS = 100  # or the configured limit, if that is lower
FRAME_TOKENS = 1000  # where the model's own number is not known
# The share of a GPU's highest rate that is reached while prompts and frames are read, and while
# replies are written.
SHARES = {"vllm": (0.4, 0.1)}
OTHER_SHARES = (0.2, 0.02)
LOADING_GB_A_SECOND = 1.0
# The paper: 3 machines of 8 H200 for a day; its recipe has 1,948,679 + 560,043 samples.
TRAINING_GPU_HOURS = 3 * 8 * 24
TRAINING_SAMPLES = 1_948_679 + 560_043

ASSUMED = (
    f"a film of unknown length is as long as the others, or {FILM_MINUTES:g} min; it has "
    f"{ENTITIES} entities and {SEGMENTS_A_MINUTE} segments per minute; a prompt is "
    f"{PROMPT_TOKENS} "
    f"tokens, a reply {REPLY_TOKENS}, a frame {FRAME_TOKENS} unless known; of pairs as above",
    "2 operations per parameter and token; reading reaches 40% of the GPU's peak rate "
    "and writing 10% in vLLM, 20% and 2% elsewhere",
    f"each job loads its models at {LOADING_GB_A_SECOND:g} GB/s",
)


@dataclass(frozen=True)
class Tokens:
    """The tokens that a model reads and writes in a stage."""

    read: float
    written: float = 0.0


def gpu_hours(
    stage: str,
    config: Mapping[str, Any],
    models: Mapping[str, NamedModel],
    films: Films,
    jobs: int,
    gpu: Gpu,
) -> float | None:
    """GPU-hours of a data stage over all films; 0 without GPUs, None where a model is unknown.

    Args:
        models: by role.
        jobs: how many jobs the stage has.
        gpu: what they run on.
    """
    gpus = config["resources"][stage]["gpus"]
    if not gpus:
        return 0.0
    seconds = 0.0
    for role, tokens in _TOKENS[stage](config, models, films).items():
        model = models[role]
        if engine_of(model.spec) in ("openai", "recorded"):  # on somebody else's GPUs, or none
            continue
        if model.gb is None:
            return None
        read, written = SHARES.get(engine_of(model.spec), OTHER_SHARES)
        operations = 2 * _active(model) * (tokens.read / read + tokens.written / written)
        seconds += operations / (gpu.tflops * 1e12)
        seconds += jobs * gpus * model.gb / LOADING_GB_A_SECOND
    return seconds / 3600


def training_hours_a_thousand() -> float:
    """GPU-hours for 1,000 samples, by the paper's training of its 4B model on H200s."""
    return 1000 * TRAINING_GPU_HOURS / TRAINING_SAMPLES


def _active(model: NamedModel) -> float:
    """Parameters that work on a token; a folder's, as if stored in float32."""
    if model.facts is None:
        return (model.gb or 0) / 4 * 1e9
    return (model.facts.active or model.facts.parameters or 0) * 1e9


def _frame(model: NamedModel) -> int:
    return (model.facts.frame_tokens if model.facts else None) or FRAME_TOKENS


def _reply(limit: int) -> int:
    return min(limit, REPLY_TOKENS)


def longest_prompt(stage: str, config: Mapping[str, Any], model: NamedModel) -> int:
    """Tokens of the longest prompt of a stage and its reply; 0 if it asks no chat model."""
    options = config.get(stage, {})
    if stage == "transcripts":
        reply = max(options["existence_tokens"], options["behaviour_tokens"])
    else:
        reply = options.get("max_new_tokens", 0)
    if stage == "masklets" and model.spec["adapter"] == "chat":
        return _frame(model) + PROMPT_TOKENS
    if not reply or engine_of(model.spec) in ("openai", "recorded"):
        return 0
    frames = options.get("n_frames", 0) * _frame(model) if "n_frames" in options else 0
    return frames + PROMPT_TOKENS + REPLY_TOKENS * (not frames) + reply


def _clips(config: Mapping, models: Mapping, films: Films) -> dict[str, Tokens]:
    frames = 60 * films.minutes * config["clips"]["embedding_fps"]
    return {"embedder": Tokens(frames * _frame(models["embedder"]))}


def _entities(config: Mapping, models: Mapping, films: Films) -> dict[str, Tokens]:
    options = config["entities"]
    read = options["n_frames"] * _frame(models["video_llm"]) + PROMPT_TOKENS
    written = _reply(options["max_new_tokens"])
    questions = films.count * options["looks"]
    return {"video_llm": Tokens(questions * read, questions * written)}


def _references(config: Mapping, models: Mapping, films: Films) -> dict[str, Tokens]:
    written = _reply(config["references"]["max_new_tokens"])
    read = PROMPT_TOKENS + REPLY_TOKENS
    questions = films.count * config["entities"]["looks"]
    return {"llm": Tokens(questions * read, questions * written)}


def sampled_frames(config: Mapping, films: Films) -> float:
    """Frames of all films and windows."""
    options = config["tracks"]
    minutes = films.minutes / max(films.count, 1)
    return films.count * options["frames"] * math.ceil(60 * minutes / options["window_s"])


def _tracks(config: Mapping, models: Mapping, films: Films) -> dict[str, Tokens]:
    if config["masklets"]["procedure"] == "concepts":
        seen = 60 * films.minutes * FPS
        return {"concept_tracker": Tokens(seen * _frame(models["concept_tracker"]))}
    frames = sampled_frames(config, films)
    return {role: Tokens(frames * _frame(models[role])) for role in ("detector", "tracker")}


def _masklets(config: Mapping, models: Mapping, films: Films) -> dict[str, Tokens]:
    model = models["assigner"]
    if model.spec["adapter"] == "embedder":  # looks at every entity on every frame
        crops = sampled_frames(config, films) * ENTITIES
        return {"assigner": Tokens(crops * _frame(model))}
    questions = films.count * ENTITIES
    return {"assigner": Tokens(questions * (_frame(model) + PROMPT_TOKENS), questions * 20)}


def _transcripts(config: Mapping, models: Mapping, films: Films) -> dict[str, Tokens]:
    options, model = config["transcripts"], models["video_llm"]
    segments = looks(config, films)
    questions = 2 * ENTITIES
    frames = options["n_frames"] * _frame(model)
    # vLLM reads a segment's frames once for all of its questions.
    times = 1 if engine_of(model.spec) == "vllm" else questions
    read = segments * (times * frames + questions * PROMPT_TOKENS)
    return {"video_llm": Tokens(read, segments * ENTITIES * _reply(options["behaviour_tokens"]))}


def _statements(config: Mapping, models: Mapping, films: Films) -> dict[str, Tokens]:
    calls = reading_calls(config, films)
    return {"llm": Tokens(calls.read, calls.written)}


def _instructions(config: Mapping, models: Mapping, films: Films) -> dict[str, Tokens]:
    writing, proof = writing_calls(config, films), proof_calls(config, films)
    if config["instructions"]["proof_reader"] == "judge":
        return {
            "llm": Tokens(writing.read, writing.written),
            "judge": Tokens(proof.read, proof.written),
        }
    return {"llm": Tokens(writing.read + proof.read, writing.written + proof.written)}


_TOKENS: dict[str, Callable[[Mapping, Mapping, Films], dict[str, Tokens]]] = {
    "clips": _clips,
    "entities": _entities,
    "references": _references,
    "tracks": _tracks,
    "masklets": _masklets,
    "transcripts": _transcripts,
    "statements": _statements,
    "instructions": _instructions,
}
ESTIMATED = tuple(_TOKENS)  # the data stages that load models
