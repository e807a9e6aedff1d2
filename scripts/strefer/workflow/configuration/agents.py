"""The options of agents. Each adapter has its own, with its own defaults."""

# fmt: off
# ruff: noqa: E501
# An option is a line, however long.
from __future__ import annotations

import functools
from typing import Any, Literal, TypeAlias

from pydantic import create_model

from strefer.workflow.configuration.section import Number, Section, needed, option

Dtype: TypeAlias = Literal["float32", "bfloat16", "float16"]


class Agent(Section):
    """What every agent has."""

    adapter: str = needed("The engine that runs the model.")
    model: str = needed("A local folder, or the model's id on the hub (openai: the server's name for it).")
    environment: str | None = option(None, "With --sdm conda: a file of envs/, without its ending, to use instead of the adapter's own.", pattern="^[A-Za-z0-9_-]+$")


class _Revision(Agent):
    revision: str | None = option(None, "The commit on the hub; null takes the newest.")


class _Chat(Agent):
    max_pixels: int = option(602112, "Frames with more pixels are scaled down (602112: 768 tokens of Qwen2.5-VL).", ge=1)
    max_prompt_pixels: int = option(25165824, "All frames of a prompt together have at most this many pixels.", ge=1)
    fit: Literal["none", "squash", "pad", "crop"] = option("none", "How frames become square, as the model's authors do it.")
    record: str | None = option(None, "A file that every prompt and reply is added to, as JSON Lines, with pictures of the first frames beside it. The adapter recorded replays it.")
    template_options: dict[str, Any] = option({"enable_thinking": False}, "Variables of the chat template. Thinking needs longer replies.")
    frames_as: Literal["video", "images"] = option("video", "How frames are shown to the model. A server that is shown videos is vLLM's, started with --trust-request-mm-kwargs.")


class _Weights(_Revision):
    dtype: Dtype = option("float32", "The type that the weights are loaded in.")
    device: str = option("auto", "Where the model runs; auto uses a GPU if there is one.")
    max_batch: int = option(16, "Requests in one batch.", ge=1)


class _OfFiles(_Revision, _Chat):
    trust_remote_code: bool = option(False, "Run code that comes with the model.")
    chat_template: str | None = option(None, "A Jinja file to use instead of the model's own chat template.")


class ChatTransformers(_OfFiles, _Weights):
    """A chat model in transformers."""


class ChatVllm(_OfFiles):
    """A chat model in vLLM."""

    dtype: Dtype = option("bfloat16", "The type that the weights are loaded in.")
    tensor_parallel: int = option(1, "GPUs that share the model.", ge=1)
    gpu_memory: Number = option(0.9, "Share of a GPU's memory to use.", gt=0, le=1)
    context_tokens: int | None = option(None, "The most tokens of a prompt and its reply together; null uses the model's own limit.", ge=1)
    max_frames: int = option(64, "The most frames of a prompt, if they are shown as images.", ge=1)
    compile: bool = option(True, "Compile the model, for a slower start and a faster run.")
    engine_options: dict[str, Any] = option({}, "Further arguments of vllm.LLM, such as hf_overrides; of a server that the run starts, those of `vllm serve`, such as tensor-parallel-size.")
    block_tokens: int | None = option(None, "Shared beginnings of prompts are reused in blocks of this many tokens; null lets the engine choose.", ge=1)


class ChatOpenai(_Chat):
    """A chat model behind a server."""

    url: str | None = option(None, "The server's address, such as http://localhost:8000/v1; null is OpenAI's. `serve` starts `vllm serve` for the model, once for the run, and `serve 4` four of them.")
    key_variable: str = option("OPENAI_API_KEY", "The environment variable that holds the key.")
    frames_mb: Number = option(8, "The frames of a prompt are sent in at most this many MB, as JPEG if need be.", gt=0)
    concurrency: int = option(32, "Requests at a time.", ge=1)
    timeout_s: Number = option(600, "Seconds that one request may take.", gt=0)
    retries: int = option(6, "How often a lost request is sent again, after growing pauses.", ge=0)
    engine_options: dict[str, Any] = option({}, "Arguments of `vllm serve`.")


class ChatRecorded(Agent):
    """What a chat model said, replayed from the file that `record` wrote: its `model`."""


class DetectorTransformers(_Weights):
    """A detector in transformers."""

    max_batch: int = option(4, "Frames in one batch; halved where memory runs out.", ge=1)


class DetectorGroundingdino(_Revision):
    """A detector in the package of its authors."""

    device: str = option("auto", "Where the model runs; auto uses a GPU if there is one.")


class TrackerTransformers(_Weights):
    """A tracker in transformers."""

    max_batch: int = option(4, "Objects in one batch; halved where memory runs out.", ge=1)


class TrackerSam2(_Revision):
    """A tracker in the package of its authors."""

    dtype: Literal["float32", "bfloat16"] = option("float32", "The type that the weights are loaded in.")
    device: str = option("auto", "Where the model runs; auto uses a GPU if there is one.")


class ConceptTrackerTransformers(_Revision):
    """SAM 3 in transformers."""

    dtype: Dtype = option("float32", "The type that the weights are loaded in.")
    device: str = option("auto", "Where the model runs; auto uses a GPU if there is one.")


class EmbedderOpenClip(Agent):
    """A model of open_clip."""

    dtype: Dtype = option("float32", "The type that the weights are loaded in.")
    device: str = option("auto", "Where the model runs; auto uses a GPU if there is one.")
    max_batch: int = option(16, "Images or texts in one batch.", ge=1)


class AssignerRexseek(Agent):
    """RexSeek, in its authors' package."""


CHAT = {
    "transformers": ChatTransformers, "vllm": ChatVllm, "openai": ChatOpenai,
    "recorded": ChatRecorded,
}
DETECTORS = {"transformers": DetectorTransformers, "groundingdino": DetectorGroundingdino}
TRACKERS = {"transformers": TrackerTransformers, "sam2": TrackerSam2}
CONCEPT_TRACKERS = {"transformers": ConceptTrackerTransformers}
EMBEDDERS = {"open_clip": EmbedderOpenClip}
# The assigner asks a model of another kind, in one of its engines; the first is the default.
ASSIGNERS: dict[str, dict[str, type[Agent]]] = {
    "embedder": EMBEDDERS,
    "detector": DETECTORS,
    "chat": CHAT,
    "rexseek": {"rexseek": AssignerRexseek},
}
ROLES: dict[str, dict[str, type[Agent]]] = {
    "video_llm": CHAT,
    "llm": CHAT,
    "judge": CHAT,
    "detector": DETECTORS,
    "tracker": TRACKERS,
    "concept_tracker": CONCEPT_TRACKERS,
    "embedder": EMBEDDERS,
}
AGENTS = (*ROLES, "assigner")


class Engine(Section):
    """What an assigner has besides the options of its engine."""

    engine: str | None = option(None, "Assigner only: the adapter of the model that it asks; null is open_clip for embedder, transformers for detector and chat.")


def adapters_of(role: str) -> list[str]:
    """The adapters of a role."""
    return list(ASSIGNERS if role == "assigner" else ROLES[role])


def engines_of(role: str, adapter: str) -> dict[str, type[Agent]]:
    """The engines that may run the model of an adapter, with their options; the first one is the
    default. Only assigners have a choice."""
    return ASSIGNERS[adapter] if role == "assigner" else {adapter: ROLES[role][adapter]}


@functools.cache
def options_of(role: str, adapter: str, engine: str) -> type[Agent]:
    """The options of an agent."""
    options = engines_of(role, adapter)[engine]
    if role != "assigner":
        return options
    return create_model(f"Assigner{options.__name__}", __base__=(Engine, options))
