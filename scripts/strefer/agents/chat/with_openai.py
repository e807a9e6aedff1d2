"""Chat models behind a server that speaks OpenAI's protocol: vLLM's, a company's, anyone's.

The server has the chat template; what the user message holds is the same as for the other
adapters. Keys come from the environment, and neither records nor messages show them.
"""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import openai
from PIL import Image

from strefer.agents.chat.interface import ChatRequest
from strefer.agents.chat.options import read_options
from strefer.stage.run import MachineFault

_DEFAULTS = {
    "url": None,
    "key_variable": "OPENAI_API_KEY",
    "concurrency": 32,
    "timeout_s": 600.0,
    "retries": 6,
    "frames_as": "video",
}
# What marks turns and frames in the templates that are in use: the server's tokenizer is not here
# to be asked.
_SPECIAL = re.compile(r"<(?=\||/?s>|image>|video>|start_of_turn>|end_of_turn>)|\[(?=/?INST\])")


class OpenAIChat:
    """A chat model behind a server."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        """Set up the connection; nothing is sent yet.

        Args:
            spec: `model`, the server's name for it; `url`, the server's address, such as
                "http://localhost:8000/v1" (by default OpenAI's); `key_variable`, the environment
                variable that holds the key; `concurrency`, requests at a time; `timeout_s` of one
                request; `retries` of a request that the server had no time for or that was lost,
                with growing pauses; `frames_as`, "images", or "video" for vLLM's servers that
                were started with `--trust-request-mm-kwargs`: a request tells its frames' rate.

        Raises:
            ValueError: if an option is unknown, or there is neither a `url` nor a key.
        """
        options = read_options(spec, _DEFAULTS)
        self.name, self.frames_as = str(spec["model"]), options["frames_as"]
        self._key = os.environ.get(options["key_variable"], "")
        if not self._key and options["url"] is None:
            raise ValueError(
                f"chat model {self.name}: the environment variable {options['key_variable']} "
                "holds no key; set it, or name the server by `url`"
            )
        self.concurrency = int(options["concurrency"])
        self._client = openai.OpenAI(
            api_key=self._key or "none",  # servers of one's own ask for none
            base_url=options["url"],
            timeout=float(options["timeout_s"]),
            max_retries=int(options["retries"]),
        )

    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """One reply for each request, in their order, `concurrency` at a time.

        Raises:
            ValueError: if the server refuses a request.
            MachineFault: if the server cannot be reached, is too busy, or refuses the key.
        """
        parts: dict[tuple[int, float | None], list[dict[str, Any]]] = {}
        for request in requests:
            if request.frames is not None and _key_of(request) not in parts:
                parts[_key_of(request)] = _frame_parts(request.frames, self.frames_as)
        with ThreadPoolExecutor(self.concurrency) as pool:
            shown = (parts.get(_key_of(request), []) for request in requests)
            waiting = [pool.submit(self._ask, *each) for each in zip(requests, shown, strict=True)]
            try:
                return [one.result() for one in waiting]
            finally:
                pool.shutdown(cancel_futures=True)

    def _ask(self, request: ChatRequest, shown: Sequence[dict[str, Any]]) -> str:
        text = {"type": "text", "text": _SPECIAL.sub(r"\g<0> ", request.text)}
        options: dict[str, Any] = {}
        if request.schema is not None:
            held = {"name": "reply", "schema": request.schema}
            options["response_format"] = {"type": "json_schema", "json_schema": held}
        if request.frames is not None and self.frames_as == "video":
            rate = {"video": {"fps": request.fps or 1.0, "num_frames": -1}}
            options["extra_body"] = {"media_io_kwargs": rate}
        try:
            answer = self._client.chat.completions.create(
                model=self.name,
                messages=[{"role": "user", "content": [*shown, text] if shown else text["text"]}],
                temperature=request.temperature,
                seed=request.seed,
                max_tokens=request.max_new_tokens,
                **options,
            )
        except openai.OpenAIError as error:
            raise self._explained(error) from None
        return (answer.choices[0].message.content or "").strip()

    def _explained(self, error: openai.OpenAIError) -> Exception:
        """The error without the key: servers like to repeat it."""
        text = f"chat model {self.name}: the server at {self._client.base_url.host}: {error}"
        text = text.replace(self._key, "(key)") if self._key else text
        # A request that is too long or malformed concerns one film; all else concerns all of them.
        of_request = (openai.BadRequestError, openai.UnprocessableEntityError)
        return ValueError(text) if isinstance(error, of_request) else MachineFault(text)


def _key_of(request: ChatRequest) -> tuple[int, float | None]:
    return (id(request.frames), request.fps)


def _frame_parts(frames: np.ndarray, frames_as: str) -> list[dict[str, Any]]:
    """The message's parts that show frames, without loss: PNG, as images or as one video (vLLM
    reads a list of pictures as `video/jpeg`, whatever their kind)."""
    pictures = [_png(frame) for frame in frames]
    if frames_as == "video":
        url = f"data:video/jpeg;base64,{','.join(pictures)}"
        return [{"type": "video_url", "video_url": {"url": url}}]
    urls = (f"data:image/png;base64,{picture}" for picture in pictures)
    return [{"type": "image_url", "image_url": {"url": url}} for url in urls]


def _png(frame: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()
