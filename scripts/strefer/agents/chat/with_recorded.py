"""What a chat model was asked and said, as a file: written beside any engine, and replayed without
one.

A recording is JSON Lines, one line a request: `digest` of all that shapes the reply (text, frames
and their rate, sampling), the `text`, the `frames` by digest and shape, the `sampling`, and the
`reply` as the model gave it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strefer.agents.chat.interface import Chat, ChatRequest
from strefer.agents.chat.options import read_options
from strefer.agents.replies import shorten
from strefer.files import digest_of, dumps


class RecordingChat:
    """Another chat model, all of whose replies are written to a file."""

    def __init__(self, chat: Chat, path: str | Path) -> None:
        self.chat, self.path = chat, Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """As the other model, whose replies are appended to the file. Jobs may share it."""
        replies = self.chat.reply(requests)
        digests = _digests(requests)
        lines = [
            dumps({"digest": digest_of(shown)} | shown | {"reply": reply}) + "\n"
            for shown, reply in zip(
                (_shown(request, digests) for request in requests), replies, strict=True
            )
        ]
        with open(self.path, "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write("".join(lines))
        return replies

    def room(self, request: ChatRequest) -> int | None:
        """As the other model."""
        return self.chat.room(request)


class RecordedChat:
    """A recording in place of a chat model."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        """Read a recording.

        Args:
            spec: `model`, the recording's path.

        Raises:
            ValueError: if an option is unknown, or the file is missing or no recording.
        """
        read_options(spec, {})
        self.path = str(spec["model"])
        self._replies: dict[str, str] = {}
        try:
            with open(self.path, encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    self._read(line, number)
        except OSError as error:
            raise ValueError(f"chat model {self.path}: cannot be read: {error.strerror}") from None

    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """What was said to the same requests.

        Raises:
            ValueError: if a request was never made; names the first.
        """
        digests = _digests(requests)
        replies = []
        for request in requests:
            shown = _shown(request, digests)
            digest = digest_of(shown)
            if digest not in self._replies:
                frames = f"frames {shown['frames']}" if shown["frames"] else "no frames"
                raise ValueError(
                    f"chat model {self.path}: holds no reply to {shorten(request.text)} with "
                    f"{frames} and {shown['sampling']}"
                )
            replies.append(self._replies[digest])
        return replies

    def room(self, request: ChatRequest) -> int | None:
        """None: the model is not here."""
        return None

    def _read(self, line: str, number: int) -> None:
        try:
            fields = json.loads(line)
            digest, reply = fields["digest"], fields["reply"]
        except (ValueError, KeyError, TypeError):
            digest = reply = None
        if not isinstance(digest, str) or not isinstance(reply, str):
            raise ValueError(
                f"chat model {self.path}, line {number}: not a line of a recording; an agent's "
                "`record` writes them"
            )
        self._replies[digest] = reply


def _digests(requests: Sequence[ChatRequest]) -> dict[int, str]:
    """The digest of each array of frames, by its id."""
    arrays = {id(r.frames): r.frames for r in requests if r.frames is not None}
    return {
        key: hashlib.sha256(np.ascontiguousarray(frames)).hexdigest()
        for key, frames in arrays.items()
    }


def _shown(request: ChatRequest, digests: Mapping[int, str]) -> dict[str, Any]:
    """What shapes the reply to a request, as plain JSON."""
    frames = None
    if request.frames is not None:
        shape = list(request.frames.shape)
        frames = {"digest": digests[id(request.frames)], "shape": shape, "fps": request.fps}
    return {
        "text": request.text,
        "frames": frames,
        "sampling": {
            "seed": request.seed,
            "temperature": request.temperature,
            "max_new_tokens": request.max_new_tokens,
        },
    }
