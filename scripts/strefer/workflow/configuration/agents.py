"""The options of agents. Each adapter has its own options, with its own defaults."""

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
    """Options of every agent."""

    adapter: str = needed("The engine that runs the model.")
    model: str = needed("A local folder, or the model's id on the hub (openai: the name that the server gives it).")
    environment: str | None = option(None, "With --sdm conda: the environment to use instead of the adapter's own, named by a file in envs/ without its extension.", pattern="^[A-Za-z0-9_-]+$")


class _Revision(Agent):
    revision: str | None = option(None, "The commit on the hub. null uses the newest.")


class _Chat(Agent):
    max_pixels: int = option(602112, "Maximum number of pixels in a frame; larger frames are scaled down (602112: 768 tokens of Qwen2.5-VL).", ge=1)
    max_prompt_pixels: int = option(25165824, "Maximum number of pixels in all frames of a prompt together.", ge=1)
    fit: Literal["none", "squash", "pad", "crop"] = option("none", "How to make frames square, for models whose authors do so.")
    record: str | None = option(None, "A JSON Lines file to which every prompt and reply is appended, with pictures of the first frames beside it. The adapter recorded replays it.")
    template_options: dict[str, Any] = option({"enable_thinking": False}, "Variables for the chat template. Thinking needs longer replies.")
    frames_as: Literal["video", "images"] = option("video", "How to pass frames to the model. Only a vLLM server started with --trust-request-mm-kwargs accepts videos.")


class _Weights(_Revision):
    dtype: Dtype = option("float32", "The type that the weights are loaded in.")
    device: str = option("auto", "Where the model runs; auto uses a GPU if there is one.")
    max_batch: int = option(16, "Requests in one batch.", ge=1)


class _OfFiles(_Revision, _Chat):
    trust_remote_code: bool = option(False, "Run code that comes with the model.")
    chat_template: str | None = option(None, "A Jinja file that replaces the model's own chat template.")


class ChatTransformers(_OfFiles, _Weights):
    """A chat model in transformers."""


class ChatVllm(_OfFiles):
    """A chat model in vLLM."""

    dtype: Dtype = option("bfloat16", "The type that the weights are loaded in.")
    tensor_parallel: int = option(1, "Number of GPUs to split the model across.", ge=1)
    gpu_memory: Number = option(0.9, "Share of the GPU's memory to use.", gt=0, le=1)
    context_tokens: int | None = option(None, "Maximum number of tokens in a prompt and its reply together. null uses the model's own limit.", ge=1)
    max_frames: int = option(64, "Maximum number of frames in a prompt, if they are passed as images.", ge=1)
    compile: bool = option(True, "Compile the model: it starts more slowly and runs faster.")
    engine_options: dict[str, Any] = option({}, "Further arguments for vllm.LLM, such as hf_overrides, or for a server that the run starts, those of `vllm serve`, such as tensor-parallel-size.")
    block_tokens: int | None = option(None, "Block size in tokens for reusing the shared beginnings of prompts. null lets the engine choose.", ge=1)


class ChatOpenai(_Chat):
    """A chat model behind a server."""

    url: str | None = option(None, "The server's address, such as http://localhost:8000/v1. null is OpenAI's. `serve` starts one `vllm serve` for the model and the whole run, `serve 4` starts four.")
    key_variable: str = option("OPENAI_API_KEY", "The environment variable that holds the key.")
    frames_mb: Number = option(8, "Maximum size in MB of a prompt's frames. They are sent as JPEG if they would exceed it.", gt=0)
    concurrency: int = option(32, "Maximum number of requests in flight.", ge=1)
    timeout_s: Number = option(600, "Time limit of one request in seconds.", gt=0)
    retries: int = option(6, "How many times to resend a lost request, after increasing pauses.", ge=0)
    engine_options: dict[str, Any] = option({}, "Arguments for `vllm serve`.")


class ChatRecorded(Agent):
    """A chat model's replies, replayed from `model`: the file that `record` wrote."""


class DetectorTransformers(_Weights):
    """A detector in transformers."""

    max_batch: int = option(4, "Frames in one batch; halved if memory runs out.", ge=1)


class DetectorGroundingdino(_Revision):
    """A detector in its authors' package."""

    device: str = option("auto", "Where the model runs; auto uses a GPU if there is one.")


class TrackerTransformers(_Weights):
    """A tracker in transformers."""

    max_batch: int = option(4, "Objects in one batch; halved if memory runs out.", ge=1)


class TrackerSam2(_Revision):
    """A tracker in its authors' package."""

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
    """Options that an assigner has besides those of its engine."""

    engine: str | None = option(None, "Assigner only: the adapter of the model that it asks. null means open_clip for embedder, and transformers for detector and chat.")


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
