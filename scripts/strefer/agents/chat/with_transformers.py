"""Chat models in transformers: video LLMs (frames as a video or as images) and text LLMs.

Sampling is by adding Gumbel noise to the scaled scores and taking the best token, which draws from
the softmax exactly (Gumbel 1954; Maddison et al. 2014). The noise comes from the request's own
generator, so that a reply does not depend on which other requests are in its batch. What remains
of that dependence is rounding: a batch pads to its longest prompt.

Decoding is not held to a request's schema or choices: transformers has no means for it.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import transformers

from strefer.agents.chat.frame_fit import FrameFit
from strefer.agents.chat.frame_sets import FrameSets
from strefer.agents.chat.interface import ChatRequest, Reply
from strefer.agents.chat.options import TEMPLATE_OPTIONS, read_options
from strefer.agents.chat.prompts import PromptMaker, set_template
from strefer.agents.chat.tokenizer import read_tokenizer
from strefer.agents.devices import device_of
from strefer.agents.halving import HalvingBatches
from strefer.stage.meter import METER, metered

_DEFAULTS = {
    "revision": None,
    "dtype": "float32",
    "device": "auto",  # a GPU if there is one
    "trust_remote_code": False,
    "attention": None,  # None: transformers chooses
    "chat_template": None,  # None: the model's own
    "template_options": TEMPLATE_OPTIONS,
    "max_batch": 16,
    "frames_as": "video",
}


class TransformersChat:
    """A chat model in transformers, loaded from safetensors alone."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        """Load the model.

        Args:
            spec: `model` (folder or hub id); `revision`; `dtype` ("float32", "bfloat16",
                "float16"); `device`; `attention` ("sdpa", "eager", …); `max_batch`, requests at a
                time; `chat_template`, a Jinja file in place of the model's own template;
                `template_options`, variables of the template; `frames_as`, "video" or "images" (a
                model that takes single images); `max_pixels`, `max_prompt_pixels`, `fit`, the size
                of frames (`FrameFit`);
                `trust_remote_code` runs code that the model brings along.

        Raises:
            ValueError: if an option is unknown or the model cannot be loaded or used.
        """
        options = read_options(spec, _DEFAULTS)
        self.name, self.batches = str(spec["model"]), HalvingBatches(int(options["max_batch"]))
        self.fit = FrameFit.of(spec)
        place = {name: options[name] for name in ("revision", "trust_remote_code")}
        try:
            config = transformers.AutoConfig.from_pretrained(self.name, **place)
            sees = type(config) in transformers.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
            self.model = _class_of_model(sees).from_pretrained(
                self.name,
                dtype=getattr(torch, options["dtype"]),
                attn_implementation=options["attention"],
                use_safetensors=True,  # never a pickle
                **place,
            )
            read = transformers.AutoProcessor.from_pretrained if sees else read_tokenizer
            self.prompts = PromptMaker(
                set_template(read(self.name, **place), options["chat_template"]),
                options["template_options"],
            )
        except OSError as error:
            raise ValueError(f"chat model {self.name}: cannot be loaded: {error}") from None
        self.model.to(device_of(options["device"])).eval()
        modality = {"video": "video", "images": "image"}[options["frames_as"]]
        self.frame_sets = FrameSets(self.model, self.prompts, modality) if sees else None
        self._settle_generation()

    @property
    def encoded_frame_sets(self) -> int:
        """Number of frame arrays that the vision encoder has processed so far."""
        return 0 if self.frame_sets is None else self.frame_sets.encoded

    @metered
    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """Return one reply for each request, in order. If memory is too small for `max_batch` of
        them, use smaller batches.

        Raises:
            ValueError: if a request has frames and the model sees none.
        """
        requests = self.fit.requests(requests)
        replies = [""] * len(requests)
        for with_frames in (True, False):
            chosen = [i for i, r in enumerate(requests) if (r.frames is not None) == with_frames]
            if with_frames and chosen and self.frame_sets is None:
                raise ValueError(f"chat model {self.name}: a text model was given frames")
            asked = [requests[i] for i in chosen]
            texts = self.batches.run(lambda _, batch: self._generate(batch), asked)
            for i, text in zip(chosen, texts, strict=True):
                replies[i] = text
        return replies

    def room(self, request: ChatRequest) -> int | None:
        """As `Chat.room`; the frames are prepared, but not encoded."""
        (request,) = self.fit.requests([request])
        if request.frames is None:
            used = len(self.prompts.tokenize(self.prompts.render(request.text)))
        elif self.frame_sets is None:
            raise ValueError(f"chat model {self.name}: a text model was given frames")
        else:
            used = self.frame_sets.count(request)
        context = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        return None if context is None else context - used - request.max_new_tokens

    def _settle_generation(self) -> None:
        """Only what a request asks for shapes its reply: of the model's own settings for
        generation (temperatures, penalties) the stop tokens alone remain."""
        eos = self.model.generation_config.eos_token_id
        eos = eos if eos is not None else self.prompts.tokenizer.eos_token_id
        self.stop = set(eos if isinstance(eos, list) else [eos])
        pad = self.prompts.tokenizer.pad_token_id
        self.pad = pad if pad is not None else min(self.stop)
        self.model.generation_config = transformers.GenerationConfig(
            eos_token_id=eos, pad_token_id=self.pad, do_sample=False
        )

    @torch.inference_mode()
    def _generate(self, requests: Sequence[ChatRequest]) -> list[str]:
        vision: dict[str, Any] = {}
        if requests[0].frames is None:
            prompts = [self.prompts.render(request.text) for request in requests]
            rows = [self.prompts.tokenize(prompt) for prompt in prompts]
        else:
            prompts = [self.frame_sets.rendered(request) for request in requests]
            rows, modalities, sets = zip(*map(self.frame_sets.tokens, requests), strict=True)
            vision = self.frame_sets.model_inputs(sets)
            if "mm_token_type_ids" in inspect.signature(self.model.forward).parameters:
                vision["mm_token_type_ids"] = self._padded(modalities, 0)
        ids = self._padded(rows, self.pad)
        tokens = self.model.generate(
            input_ids=ids,
            attention_mask=self._padded([[1] * len(row) for row in rows], 0),
            max_new_tokens=max(request.max_new_tokens for request in requests),
            logits_processor=[GumbelNoise(requests)],
            **vision,
        )
        written = tokens[:, ids.shape[1] :].tolist()
        METER.count(prompt_tokens=sum(map(len, rows)))
        return [
            self._reply(prompt, len(row), new[: request.max_new_tokens])
            for request, prompt, row, new in zip(requests, prompts, rows, written, strict=True)
        ]

    def _reply(self, prompt: str, read: int, tokens: list[int]) -> str:
        end = next((i for i, token in enumerate(tokens) if token in self.stop), len(tokens))
        METER.count(output_tokens=end)
        text = self.prompts.tokenizer.decode(tokens[:end], skip_special_tokens=True).strip()
        return Reply.of(self.prompts.begun(prompt) + text, read, end, prompt)

    def _padded(self, rows: Sequence[list[int]], pad: int) -> torch.Tensor:
        """int64 [B, L], padded on the left: replies begin where prompts end."""
        length = max(len(row) for row in rows)
        return torch.tensor(
            [[pad] * (length - len(row)) + row for row in rows], device=self.model.device
        )


class GumbelNoise(transformers.LogitsProcessor):
    """Makes taking the best token draw from the softmax, for the rows whose temperature is > 0."""

    def __init__(self, requests: Sequence[ChatRequest]) -> None:
        self.temperatures = [request.temperature for request in requests]
        self.generators = [np.random.default_rng(_seed_of(request)) for request in requests]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.float()
        for row, temperature in enumerate(self.temperatures):
            if temperature > 0:
                noise = self.generators[row].gumbel(size=scores.shape[1])
                noise = torch.from_numpy(noise).to(scores.device, torch.float32)
                scores[row] = scores[row] / temperature + noise
        return scores


def _seed_of(request: ChatRequest) -> int:
    # The text takes part: requests of one seed should not share their luck.
    digest = hashlib.sha256(f"{request.seed}\n{request.text}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def _class_of_model(sees: bool) -> Any:
    if sees:
        return transformers.AutoModelForImageTextToText
    return transformers.AutoModelForCausalLM
