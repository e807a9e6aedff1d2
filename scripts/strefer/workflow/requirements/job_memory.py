"""The memory that a job needs, counted from its models, tokens and frames.

Activations of vision models are counted in their architecture (`frame_mb` in config/models.yaml),
those of chat models by `token_kb`, of the prompts that are read together. The rest is sizes of
arrays. What an engine wastes between tensors is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from strefer.agents.environments import engine_of
from strefer.workflow.requirements.facts import BYTES, NamedModel
from strefer.workflow.requirements.gpu_hours import longest_prompt
from strefer.workflow.stages import STAGES, agents_of

GPU_SHARE = 0.9  # of its memory that an engine fills
FILMS_PX = {"1080p": 1920 * 1080, "4K": 3840 * 2160}
# vLLM reads prompts together, up to this many tokens (its default `max_num_batched_tokens`).
VLLM_TOKENS = 8192
# Of these the weights stay float32; autocast keeps copies in the smaller type beside them.
_BY_AUTOCAST = ("detector", "tracker", "concept_tracker")
# SAM 2 keeps features of every frame of a window: 32 x 256 x 256, 64 x 128 x 128, 256 x 64 x 64.
_FEATURES_GB = 4 * (32 * 256**2 + 64 * 128**2 + 256 * 64**2) / 1e9
# On a GPU a frame at the film's size is bytes, and numbers while it is made smaller.
_FRAME_BYTES = 3 + 3 * 4
# Of decoded frames, what waits for the engine and what it works on (stage/ahead.py, batches.py).
_WAITING_GB = 2.0


@dataclass(frozen=True)
class JobMemory:
    """In GB (10^9 bytes), on each GPU; `decoded` in the machine's own memory.

    Attributes:
        cache: keys and values of the longest prompts that are read together, and their replies.
        frames: features and frames at the film's size.
        decoded: decoded frames. Masks are encoded one by one and take less.
    """

    weights: float = 0.0
    cache: float = 0.0
    activations: float = 0.0
    frames: float = 0.0
    decoded: float = 0.0

    @property
    def gpu(self) -> float:
        """All that is on a GPU."""
        return self.weights + self.cache + self.activations + self.frames

    @property
    def least_gpu(self) -> float:
        """The size of a GPU that has room for it."""
        return self.gpu / GPU_SHARE


def job_memory(
    stage: str, models: list[NamedModel], config: Mapping[str, Any], film_px: int
) -> JobMemory | None:
    """The memory of a stage's job; None where the weights of a model are unknown. Caches and
    activations count as 0 where a model has no facts.

    Args:
        models: those that the job loads. An engine splits a model across GPUs only if
            `tensor_parallel` says so.
        film_px: pixels of a film's frame.
    """
    if any(model.gb is None for model in models):
        return None
    weights = cache = activations = 0.0
    asked = agents_of(stage, config) if stage in STAGES else {}
    for model in models:
        roles = [role for role in model.roles if role in asked] or model.roles
        one = [_of_role(stage, role, model, config) for role in roles]
        weights += max(part.weights for part in one)
        cache += max(part.cache for part in one)
        activations = max(activations, *(part.activations for part in one))
    frames, decoded = _frames(stage, config, film_px)
    return JobMemory(weights, cache, activations, frames, decoded)


def _of_role(stage: str, role: str, model: NamedModel, config: Mapping[str, Any]) -> JobMemory:
    spec = config["agents"].get(role, model.spec)
    model = replace(model, spec=spec)  # not that of its first role
    facts, dtype = model.facts, spec.get("dtype") or "float32"
    parts = spec.get("tensor_parallel") or 1
    if facts is None:
        return JobMemory((model.gb or 0.0) / parts)
    weights = facts.gb_in(dtype) or 0.0
    if role in _BY_AUTOCAST and dtype != "float32":
        weights += facts.gb_in("float32") or 0.0
    rows = spec.get("max_batch") or 1
    activations = rows * (facts.frame_mb or 0) / 1e3
    cache, scale = 0.0, BYTES[dtype] / BYTES["bfloat16"]
    tokens = longest_prompt(stage, config, model)
    if tokens and facts.cache_kb is not None:
        is_vllm = engine_of(spec) == "vllm"
        cache = (1 if is_vllm else rows) * tokens * facts.cache_kb * scale / 1e6
        read = VLLM_TOKENS if is_vllm else rows * tokens
        activations = read * (facts.token_kb or 0) * scale / 1e6
    return JobMemory(weights / parts, cache / parts, activations)


def _frames(stage: str, config: Mapping[str, Any], film_px: int) -> tuple[float, float]:
    """GB of frames on the GPU and decoded."""
    options = config.get(stage, {})
    if stage == "tracks" and config["masklets"]["procedure"] != "concepts":
        rows = config["agents"]["tracker"].get("max_batch") or 1
        window = options["frames"]
        on_gpu = window * _FEATURES_GB + rows * _FRAME_BYTES * film_px / 1e9
        # A window is put together from its frames, while the next is decoded.
        return on_gpu, 2 * window * 3 * film_px / 1e9 + _WAITING_GB / 2
    return 0.0, _WAITING_GB if stage in ("clips", "entities", "masklets", "transcripts") else 0.0


def told_memory(memory: Mapping[str, Mapping[str, JobMemory | None]]) -> Iterator[str]:
    """The table's lines.

    Args:
        memory: by stage and by the name of a size of films.
    """
    head = ("weights", "cache", "activations", *(f"frames {name}" for name in FILMS_PX))
    yield f"  {'':12} " + " ".join(f"{name:>12}" for name in (*head, "GPU", "RAM: frames"))
    for stage, by_size in memory.items():
        parts = list(by_size.values())
        if parts[-1] is None:
            yield f"  {stage:12} unknown: a model's size is not in config/models.yaml"
            continue
        most = parts[-1]
        values = (most.weights, most.cache, most.activations, *(p.frames for p in parts if p))
        row = " ".join(f"{value:12.1f}" for value in (*values, most.least_gpu, most.decoded))
        yield f"  {stage:12} {row}"
