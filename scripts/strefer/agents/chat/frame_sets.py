"""Frames through the vision encoder of a chat model in transformers, each array of them once.

Encoder outputs are handed to the language model by the `mm_encoder_outputs` argument that
transformers' models have for it.
"""

from __future__ import annotations

import inspect
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers
from transformers.modeling_outputs import BaseModelOutputWithPooling

from strefer.agents.chat.interface import ChatRequest
from strefer.agents.chat.prompts import PromptMaker

# Of encoded frames, what is kept: they wait in the machine's memory, not in the GPU's.
MOST_BYTES = 4 * 10**9


@dataclass(frozen=True)
class FrameSet:
    """Encoded frames: the prompt's tokens up to the last frame token, with their modalities (0
    text, 1 image, 2 video), the encoder's output, and what else the language model needs (grids,
    timings)."""

    head: list[int]
    modalities: list[int]
    features: BaseModelOutputWithPooling
    extras: dict[str, Any]

    @property
    def nbytes(self) -> int:
        """Its size in memory."""
        values = [*_tensors(self.features), *_tensors(self.extras)]
        return sum(value.nbytes for value in values)


class FrameSets:
    """The encoded frames of a model. They stay for as long as the array of frames lives, so that
    later calls about the same frames find them; if they take too much memory, those that were not
    used for longest go, and are encoded again when they are asked about.

    Attributes:
        encoded: how many arrays went through the encoder.
    """

    def __init__(
        self, model: Any, prompts: PromptMaker, modality: str, most_bytes: int = MOST_BYTES
    ) -> None:
        """Args:
            modality: "video", or "image" for a model that takes frames as single images.
            most_bytes: of encoded frames that are kept.

        Raises:
            ValueError: if the model does not take the modality, or not encoded beforehand.
        """
        self.model, self.prompts, self.modality = model, prompts, modality
        self.encoder = getattr(model.base_model, f"get_{modality}_features", None)
        if self.encoder is None or "mm_encoder_outputs" not in _arguments_of(model.forward):
            raise ValueError(
                f"chat model: {type(model).__name__} does not accept a {modality} that was "
                f"encoded beforehand; use another `frames_as` or another adapter"
            )
        self.placeholder = getattr(prompts.processor, f"{modality}_token_id")
        self.encoded, self.most_bytes = 0, most_bytes
        self._sets: OrderedDict[tuple[int, float | None], FrameSet] = OrderedDict()
        self._watched: dict[int, weakref.ref] = {}

    def __len__(self) -> int:
        return len(self._sets)

    def content(self, frames: np.ndarray) -> list[dict[str, str]]:
        """The parts of a message that represent the frames."""
        return [{"type": self.modality}] * (1 if self.modality == "video" else len(frames))

    def tokens(self, request: ChatRequest) -> tuple[list[int], list[int], FrameSet]:
        """The token ids of a request with frames, the tokens' modalities, and the frames.

        Raises:
            RuntimeError: if the processor changes the text after the frames.
        """
        prompt = self.rendered(request)
        ids = self.prompts.tokenize(prompt)
        tail = ids[len(ids) - ids[::-1].index(self.placeholder) :]
        key = (id(request.frames), request.fps)
        frame_set = self._sets.get(key)
        if frame_set is None:
            frame_set = self._sets[key] = self._encode(request, prompt, tail)
            # The entry goes with the array: another one could be given the same id.
            self._watched[key[0]] = weakref.ref(request.frames, lambda _: self._forget(key[0]))
        self._sets.move_to_end(key)
        while (
            len(self._sets) > 1 and sum(one.nbytes for one in self._sets.values()) > self.most_bytes
        ):
            self._sets.popitem(last=False)
        return frame_set.head + tail, frame_set.modalities + [0] * len(tail), frame_set

    def count(self, request: ChatRequest) -> int:
        """Count the tokens of a request with frames, without encoding anything."""
        return self._prepared(request, self.rendered(request))["input_ids"].shape[1]

    def model_inputs(self, sets: Sequence[FrameSet]) -> dict[str, Any]:
        """The arguments of `generate` for a batch whose rows are about these frames."""
        device = self.model.device
        features = _to(_join([s.features for s in sets]), device)
        inputs = {"mm_encoder_outputs": {self.modality: features}}
        extras = {name: _join([s.extras[name] for s in sets]) for name in sets[0].extras}
        return inputs | {name: _to(value, device) for name, value in extras.items()}

    def rendered(self, request: ChatRequest) -> str:
        """The prompt in the model's template, with a placeholder for the frames."""
        return self.prompts.render(request.text, self.content(request.frames))

    def _prepared(self, request: ChatRequest, prompt: str) -> Any:
        return self.prompts.processor(
            text=[prompt],
            return_tensors="pt",
            **self.prompts.special_tokens(prompt),
            **self._processor_input(request),
        )

    def _forget(self, frames_id: int) -> None:
        self._watched.pop(frames_id, None)
        for key in [key for key in self._sets if key[0] == frames_id]:
            del self._sets[key]

    def _encode(self, request: ChatRequest, prompt: str, tail: list[int]) -> FrameSet:
        data = self._prepared(request, prompt).to(self.model.device)
        ids = data.pop("input_ids")[0].tolist()
        data.pop("attention_mask", None)
        modalities = data.pop("mm_token_type_ids", torch.zeros(1, len(ids), dtype=torch.long))
        head = len(ids) - len(tail)
        if ids[head:] != tail:
            name = type(self.prompts.processor).__name__
            raise RuntimeError(f"chat model: {name} changes the text after the frames")
        takes = _arguments_of(self.encoder)
        features = self.encoder(
            **{name: value for name, value in data.items() if name in takes}, return_dict=True
        )
        extras = {n: _to(v, "cpu") for n, v in data.items() if not n.startswith("pixel_values")}
        self.encoded += 1
        kept = _to(_needed(features), "cpu")
        return FrameSet(ids[:head], modalities[0].tolist()[:head], kept, extras)

    def _processor_input(self, request: ChatRequest) -> dict[str, Any]:
        frames = request.frames
        if self.modality == "image":
            return {"images": [list(frames)]}
        metadata = {
            "total_num_frames": len(frames),
            "fps": request.fps or 1.0,
            "frames_indices": list(range(len(frames))),
        }
        # The frames are chosen already: the processor must take them all.
        return {
            "videos": [frames],
            "videos_kwargs": {"do_sample_frames": False, "video_metadata": [metadata]},
        }


def _arguments_of(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters)


def _needed(features: Any) -> Any:
    """Of an encoder's output, what the language model is given: the rest would fill memory."""
    return type(features)(**dict(_joined_fields([features])))


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """All tensors in an encoder's output, or in what goes with it."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)


def _to(value: Any, device: Any) -> Any:
    """Move tensors to a device, in any container."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, transformers.utils.ModelOutput):
        return type(value)(**{name: _to(part, device) for name, part in value.items()})
    if isinstance(value, list | tuple):
        return type(value)(_to(part, device) for part in value)
    return value


def _join(parts: list[Any]) -> Any:
    """Encoder outputs, or what goes with them, of several frame sets as those of one batch."""
    first = parts[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(parts)
    if isinstance(first, transformers.utils.ModelOutput):
        return type(first)(**dict(_joined_fields(parts)))
    return [entry for part in parts for entry in part]


def _joined_fields(parts: list[Any]) -> Iterator[tuple[str, Any]]:
    yield "pooler_output", _join([part.pooler_output for part in parts])
    if parts[0].get("deepstack_features") is not None:  # one entry a layer
        layers = zip(*(part.deepstack_features for part in parts), strict=True)
        yield "deepstack_features", [_join(list(layer)) for layer in layers]
