"""Chat models behind a server that speaks OpenAI's protocol: vLLM's, a company's, anyone's.

The server applies the chat template; the user message has the same content as for the other
adapters. Keys come from the environment, and neither records nor messages show them.
"""

from __future__ import annotations

import base64
import io
import logging
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
import openai
from PIL import Image

from strefer.agents.chat.frame_fit import FrameFit
from strefer.agents.chat.interface import ChatRequest, Reply
from strefer.agents.chat.options import TEMPLATE_OPTIONS, read_options
from strefer.agents.chat.served import ServedClients
from strefer.agents.environments import servers_of
from strefer.stage.meter import METER, metered
from strefer.stage.run import MachineFault

log = logging.getLogger("strefer")
_DEFAULTS = {
    "url": None,
    "key_variable": "OPENAI_API_KEY",
    "concurrency": 32,
    "timeout_s": 600.0,
    "retries": 6,
    "frames_as": "video",
    "frames_mb": 8.0,
    "template_options": TEMPLATE_OPTIONS,
    "engine_options": {},
    "addresses": None,
}
# Parameters that not every server or model takes, with what is sent in their place.
_OPTIONAL = {
    "max_completion_tokens": "max_tokens",  # the older name
    "temperature": None,
    "seed": None,
    "response_format": None,
    "chat_template_kwargs": None,
}
_NOT_TAKEN = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra",
    re.IGNORECASE,
)
_QUALITIES = (90, 80, 70, 60, 50, 40)
_WRAPPER_TOKENS = 16  # of {"answer": "…"}
# Marks of turns and frames in common templates: we cannot ask the server's tokenizer.
_SPECIAL = re.compile(r"<(?=\||/?s>|image>|video>|start_of_turn>|end_of_turn>)|\[(?=/?INST\])")


class OpenAIChat:
    """A chat model behind a server."""

    calls_at_a_time = 2

    def __init__(self, spec: Mapping[str, Any]) -> None:
        """Set up the connection; nothing is sent yet.

        Args:
            spec: `model`, the server's name for it; `url`, the server's address, such as
                "http://localhost:8000/v1" (by default OpenAI's); `key_variable`, the environment
                variable that holds the key; `concurrency`, the number of concurrent requests;
                `timeout_s` of one request; `retries` of a request that the server was too busy for
                or that was lost, after increasing pauses; `frames_as`, "images", or "video" for
                vLLM servers started with `--trust-request-mm-kwargs`, because a request gives its
                frames' rate; `max_pixels`, `max_prompt_pixels`, `fit`, the size of frames
                (`FrameFit`); `frames_mb`, the maximum size of a prompt's frames before base64;
                `template_options`, variables of the chat template, for servers that are not
                OpenAI's; `addresses`, the folder of the model's servers if the run starts them
                itself (`url` is "serve" or "serve N"), and `engine_options`, their options.

        Raises:
            ValueError: if an option is unknown, or there is neither a `url` nor a key.
        """
        options = read_options(spec, _DEFAULTS)
        self.name, self.frames_as = str(spec["model"]), options["frames_as"]
        self._key = os.environ.get(options["key_variable"], "")
        is_ours = options["url"] is not None or options["addresses"] is not None
        if not self._key and not is_ours:
            raise ValueError(
                f"chat model {self.name}: the environment variable {options['key_variable']} "
                "is not set to a key; set it, or give the server's `url`"
            )
        self.fit, self.most_bytes = FrameFit.of(spec), round(options["frames_mb"] * 10**6)
        self._template_options = options["template_options"] if is_ours else None
        self._not_taken: set[str] = set()
        self._pool = ThreadPoolExecutor(int(options["concurrency"]))
        self._client = openai.OpenAI(
            api_key=self._key or "none",  # servers of one's own ask for none
            base_url=options["url"],
            timeout=float(options["timeout_s"]),
            max_retries=int(options["retries"]),
        )
        self._served: ServedClients[openai.OpenAI] | None = None
        if options["addresses"] is not None:
            self._served = ServedClients(
                Path(options["addresses"]),
                servers_of(spec),
                lambda at: self._client.with_options(base_url=at.url, api_key=at.key),
            )

    @metered
    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """Return one reply for each request, in order; at most `concurrency` at a time over all
        calls.

        Raises:
            ValueError: if the server refuses a request.
            MachineFault: if the server cannot be reached, is too busy, or refuses the key.
        """
        requests = self.fit.requests(requests)
        parts: dict[tuple[int, float | None], list[dict[str, Any]]] = {}
        for request in requests:
            if request.frames is not None and _key_of(request) not in parts:
                parts[_key_of(request)] = self._frame_parts(request.frames)
        shown = (parts.get(_key_of(request), []) for request in requests)
        waiting = [
            self._pool.submit(self._ask, *each) for each in zip(requests, shown, strict=True)
        ]
        try:
            return [one.result() for one in waiting]
        finally:
            for one in waiting:
                one.cancel()
            wait(waiting)

    def room(self, request: ChatRequest) -> int | None:
        """None: the server knows the model's context."""
        return None

    def _ask(self, request: ChatRequest, shown: Sequence[dict[str, Any]]) -> str:
        text = {"type": "text", "text": _SPECIAL.sub(r"\g<0> ", request.text)}
        content = [*shown, text] if shown else text["text"]
        while True:
            options = self._parameters(request)
            client = self._served.current() if self._served else self._client
            try:
                answer = client.chat.completions.create(
                    model=self.name, messages=[{"role": "user", "content": content}], **options
                )
                break
            except openai.OpenAIError as error:
                if self._served and _is_gone(error):
                    self._served.lose(client)
                elif not self._takes_less(error, options):
                    raise self._explained(error) from None
        if answer.usage is not None:
            used = answer.usage
            METER.count(prompt_tokens=used.prompt_tokens, output_tokens=used.completion_tokens)
        message = answer.choices[0].message
        used = answer.usage
        counts = (used.prompt_tokens, used.completion_tokens) if used else (None, None)
        return Reply.of((message.content or message.refusal or "").strip(), *counts)

    def _parameters(self, request: ChatRequest) -> dict[str, Any]:
        """The parameters that affect the reply, without those that the server does not support."""
        wanted: dict[str, Any] = {
            "temperature": request.temperature,
            "seed": request.seed,
            "max_completion_tokens": request.max_new_tokens,
        }
        schema = request.schema
        if request.choices is not None:
            answer = {"type": "string", "enum": list(request.choices)}
            schema = {"type": "object", "properties": {"answer": answer}, "required": ["answer"]}
            schema["additionalProperties"] = False
            wanted["max_completion_tokens"] += _WRAPPER_TOKENS
        if schema is not None:
            held = {"name": "reply", "schema": schema}
            wanted["response_format"] = {"type": "json_schema", "json_schema": held}
        extra: dict[str, Any] = {}
        if request.frames is not None and self.frames_as == "video":
            rate = {"video": {"fps": request.fps or 1.0, "num_frames": -1}}
            extra["media_io_kwargs"] = rate
        if self._template_options:
            extra["chat_template_kwargs"] = self._template_options
        for name in self._not_taken:
            value, other = wanted.pop(name, None), _OPTIONAL[name]
            extra.pop(name, None)
            if other is not None and value is not None:
                wanted[other] = value
        return wanted | ({"extra_body": extra} if extra else {})

    def _takes_less(self, error: openai.OpenAIError, sent: Mapping[str, Any]) -> bool:
        """True if the server refuses a parameter that can be left out; it is, from now on."""
        text = str(error)
        refused = isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError)
        if not refused or not _NOT_TAKEN.search(text):
            return False
        names = {*sent, *sent.get("extra_body", ())} & _OPTIONAL.keys()
        known = {name for name in names if name in text}
        if known - self._not_taken:
            log.warning(
                "chat model %s: the server does not support %s", self.name, ", ".join(sorted(known))
            )
        self._not_taken |= known
        return bool(known)

    def _frame_parts(self, frames: np.ndarray) -> list[dict[str, Any]]:
        """The message's parts that show frames, as images or as one video (vLLM reads a list of
        pictures as `video/jpeg`, whatever their format)."""
        kind, pictures = _pictures(frames, self.most_bytes)
        coded = [base64.b64encode(picture).decode() for picture in pictures]
        if self.frames_as == "video":
            url = f"data:video/jpeg;base64,{','.join(coded)}"
            return [{"type": "video_url", "video_url": {"url": url}}]
        urls = (f"data:image/{kind};base64,{picture}" for picture in coded)
        return [{"type": "image_url", "image_url": {"url": url}} for url in urls]

    def _explained(self, error: openai.OpenAIError) -> Exception:
        """The error without the key: servers like to repeat it."""
        text = f"chat model {self.name}: the server at {self._client.base_url.host}: {error}"
        text = text.replace(self._key, "(key)") if self._key else text
        # A request that is too long or malformed concerns one film; all else concerns all of them.
        of_request = (openai.BadRequestError, openai.UnprocessableEntityError)
        return ValueError(text) if isinstance(error, of_request) else MachineFault(text)


def _is_gone(error: openai.OpenAIError) -> bool:
    """True if a server has died, or another has taken its port."""
    is_lost = isinstance(error, openai.APIConnectionError)
    is_slow = isinstance(error, openai.APITimeoutError)
    return (is_lost and not is_slow) or isinstance(error, openai.AuthenticationError)


def _key_of(request: ChatRequest) -> tuple[int, float | None]:
    return (id(request.frames), request.fps)


def _pictures(frames: np.ndarray, most_bytes: int) -> tuple[str, list[bytes]]:
    """Encoded frames and their kind: without loss if that is sure to fit, else JPEG of the best
    quality that does."""
    if frames.nbytes <= most_bytes:
        return "png", [_encoded(frame, "PNG", compress_level=1) for frame in frames]
    pictures: list[bytes] = []
    for quality in _QUALITIES:
        pictures = [_encoded(frame, "JPEG", quality=quality) for frame in frames]
        if sum(map(len, pictures)) <= most_bytes:
            break
    return "jpeg", pictures


def _encoded(frame: np.ndarray, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, kind, **options)
    return file.getvalue()
