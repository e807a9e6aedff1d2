"""Chat models in vLLM, offline: all requests of a call go to the engine together.

vLLM schedules them itself and caches the keys and values of shared prefixes, so it reads a
segment's frames once for all of its prompts. Prompts are rendered and tokenized as for
transformers, so that the model gets the same input, except for Qwen3-VL's frames: transformers
keeps a pair of marks around all of them that vLLM leaves out (vllm-project/vllm#46817).
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import transformers

from strefer.agents.chat.engine_guard import guard_this_process
from strefer.agents.chat.frame_fit import FrameFit
from strefer.agents.chat.interface import ChatRequest, Reply
from strefer.agents.chat.options import TEMPLATE_OPTIONS, read_options
from strefer.agents.chat.prompts import PromptMaker, set_template
from strefer.agents.chat.tokenizer import read_tokenizer
from strefer.stage.meter import METER, metered
from strefer.stage.run import MachineFault

_DEFAULTS = {
    "revision": None,
    "dtype": "bfloat16",
    "trust_remote_code": False,
    "frames_as": "video",
    "chat_template": None,
    "template_options": TEMPLATE_OPTIONS,
    "engine_options": {},
    "tensor_parallel": 1,
    "gpu_memory": 0.9,
    "context_tokens": None,  # None: what the model says
    "max_frames": 64,
    "compile": True,
    "block_tokens": None,  # None: the engine chooses
}


class VllmChat:
    """A chat model in vLLM, loaded from safetensors alone."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        """Load the model.

        Args:
            spec: `model` (folder or hub id); `revision`; `dtype`; `frames_as`, "video" or
                "images"; `max_pixels`, `max_prompt_pixels`, `fit`, the size of frames (`FrameFit`);
                `chat_template`, a Jinja file in place of the model's own template;
                `template_options`, variables of the template;
                `tensor_parallel`, GPUs that share the model; `gpu_memory`, the share of a GPU's
                memory that is used; `context_tokens`, the longest prompt and reply together;
                `max_frames`, the most frames of a prompt as images; `compile`, which starts more
                slowly and then runs faster; `block_tokens`, in blocks of how many tokens prompts
                are kept for reuse; `engine_options`, further arguments of `vllm.LLM` by name, such
                as `hf_overrides`; `trust_remote_code`.

        Raises:
            ValueError: if an option is unknown, or the model cannot be loaded.
        """
        options = read_options(spec, _DEFAULTS)
        self.name, self.fit = str(spec["model"]), FrameFit.of(spec)
        self.modality = {"video": "video", "images": "image"}[options["frames_as"]]
        place = {name: options[name] for name in ("revision", "trust_remote_code")}
        try:
            config = transformers.AutoConfig.from_pretrained(self.name, **place)
            self.sees = type(config) in transformers.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
            read = transformers.AutoProcessor.from_pretrained if self.sees else read_tokenizer
            processor = set_template(read(self.name, **place), options["chat_template"])
        except OSError as error:
            raise ValueError(f"chat model {self.name}: cannot be loaded: {error}") from None
        self.prompts = PromptMaker(processor, options["template_options"])
        self.stop = _stop_tokens(self.name, self.prompts.tokenizer, options["revision"])
        self.engine = _start_engine(self.name, self.sees, self.modality, options)

    @metered
    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """Return one reply for each request, in order, from one call of the engine.

        Raises:
            ValueError: if a request has frames and the model sees none, or a prompt is too long.
            MachineFault: if the engine has died.
        """
        outputs = self._generate(requests)
        METER.count(
            prompt_tokens=sum(len(output.prompt_token_ids) for output in outputs),
            output_tokens=sum(len(output.outputs[0].token_ids) for output in outputs),
        )
        return [self._reply(*each) for each in zip(requests, outputs, strict=True)]

    def room(self, request: ChatRequest) -> int | None:
        """As `Chat.room`: the engine is asked for one token, so that its memory is tried too.

        Raises:
            ValueError: if the engine refuses the prompt.
        """
        (output,) = self._generate([dataclasses.replace(request, max_new_tokens=1)])
        context = self.engine.llm_engine.model_config.max_model_len
        return context - len(output.prompt_token_ids) - request.max_new_tokens

    def _generate(self, requests: Sequence[ChatRequest]) -> list[Any]:
        requests = self.fit.requests(requests)
        names: dict[tuple[int, float | None], str] = {}
        prompts = [self._prompt(request, names) for request in requests]
        parameters = [self._parameters(request) for request in requests]
        try:
            return self.engine.generate(prompts, parameters, use_tqdm=sys.stderr.isatty())
        except Exception as error:
            if type(error).__name__ == "EngineDeadError":
                raise MachineFault(f"chat model {self.name}: vLLM's engine died") from error
            raise

    def prefix_cache(self) -> tuple[int, int]:
        """Prompt tokens so far that vLLM found computed already, and all that it looked for, by
        its own metrics."""
        counts = {metric.name: metric for metric in self.engine.get_metrics()}
        hits, queries = counts["vllm:prefix_cache_hits"], counts["vllm:prefix_cache_queries"]
        return int(hits.value), int(queries.value)

    def _prompt(
        self, request: ChatRequest, names: dict[tuple[int, float | None], str]
    ) -> dict[str, Any]:
        frames = request.frames
        ids = self.prompts.tokenize(self._rendered(request))
        if frames is None:
            return {"prompt_token_ids": ids}
        count = self._parts(request)
        # Frames are named by their content, once: vLLM knows them again by the name, and neither
        # hashes nor prepares them again for every prompt.
        key = (id(frames), request.fps)
        if key not in names:
            names[key] = frames_name(frames, request.fps)
        shown = list(frames) if self.modality == "image" else [(frames, metadata_of(request))]
        return {
            "prompt_token_ids": ids,
            "multi_modal_data": {self.modality: shown},
            "multi_modal_uuids": {self.modality: [f"{names[key]}.{i}" for i in range(count)]},
        }

    def _parts(self, request: ChatRequest) -> int:
        """Number of message parts that represent the frames."""
        if request.frames is None:
            return 0
        if not self.sees:
            raise ValueError(f"chat model {self.name}: a text model was given frames")
        return 1 if self.modality == "video" else len(request.frames)

    def _rendered(self, request: ChatRequest) -> str:
        return self.prompts.render(request.text, [{"type": self.modality}] * self._parts(request))

    def _parameters(self, request: ChatRequest) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        held = None
        if self.prompts.begun(self._rendered(request)):
            pass  # it thinks first, in its own words
        elif request.choices is not None:
            held = StructuredOutputsParams(choice=list(request.choices))
        elif request.schema is not None:
            held = StructuredOutputsParams(json=request.schema)
        return SamplingParams(
            temperature=request.temperature,
            seed=request.seed,
            max_tokens=request.max_new_tokens,
            stop_token_ids=self.stop,
            structured_outputs=held,
        )

    def _reply(self, request: ChatRequest, output: Any) -> str:
        prompt, tokens = self._rendered(request), list(output.outputs[0].token_ids)
        text = self.prompts.tokenizer.decode(tokens, skip_special_tokens=True).strip()
        read = len(output.prompt_token_ids)
        return Reply.of(self.prompts.begun(prompt) + text, read, len(tokens), prompt)


def frames_name(frames: np.ndarray, fps: float | None) -> str:
    """A name for frames by their content and rate."""
    digest = hashlib.sha256(f"{frames.shape} {fps} ".encode())
    digest.update(np.ascontiguousarray(frames))
    return digest.hexdigest()


def metadata_of(request: ChatRequest) -> dict[str, Any]:
    """Tell a video processor to use all frames, because they were sampled already."""
    count, fps = len(request.frames), request.fps or 1.0
    return {
        "total_num_frames": count,
        "fps": fps,
        "duration": count / fps,
        "frames_indices": list(range(count)),
        "video_backend": "strefer",
        "do_sample_frames": False,
    }


def _stop_tokens(model: str, tokenizer: Any, revision: str | None) -> list[int]:
    """The tokens that end a reply: the only thing taken from the model's settings for
    generation."""
    try:
        settings = transformers.GenerationConfig.from_pretrained(model, revision=revision)
        eos = settings.eos_token_id
    except OSError:  # there are none
        eos = None
    eos = eos if eos is not None else tokenizer.eos_token_id
    return sorted(eos) if isinstance(eos, list) else [eos]


def _start_engine(model: str, sees: bool, modality: str, options: Mapping[str, Any]) -> Any:
    from vllm import LLM  # imported here, because only vLLM's own environments have it

    shown = {"video": {"video": 1, "image": 0}, "image": {"image": options["max_frames"]}}
    arguments = {
        "revision": options["revision"],
        "tokenizer_revision": options["revision"],
        "dtype": options["dtype"],
        "tensor_parallel_size": options["tensor_parallel"],
        "gpu_memory_utilization": options["gpu_memory"],
        "max_model_len": options["context_tokens"],
        "trust_remote_code": options["trust_remote_code"],
        "enforce_eager": not options["compile"],
        "block_size": options["block_tokens"],
        "limit_mm_per_prompt": shown[modality] if sees else None,
        "generation_config": "vllm",  # only what a request asks for shapes its reply
        "enable_prefix_caching": True,
        "disable_log_stats": False,  # its metrics say how much of the prompts was shared
        "seed": 0,
    }
    safe = {"load_format": "safetensors"}  # never a pickle
    guard_this_process()
    try:
        return LLM(model=model, **arguments | options["engine_options"] | safe)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"chat model {model}: vLLM cannot load it: {error}") from error
