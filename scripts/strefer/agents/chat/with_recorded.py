"""Record a chat model's prompts and replies with any engine, and replay them without one.

A recording is JSON Lines. A line with a `reply` is a request: `digest` of everything that affects
the reply (text, frames and their rate, sampling), the `text`, the `frames` by digest and shape, the
`sampling`, the `reply` as the model gave it, and its `tokens` (read, written). The first line of an
engine call also has `call`: its number of requests and seconds, its first `prompt` in the model's
template, and how many tokens of context its longest prompt left (`room`). A line without a `reply`
says how the previous reply with this digest was parsed: the answer that was `read`, or why it was
`refused`.

The first frames that a process shows are kept as pictures too, at the size that the model gets, in
the folder beside the file whose name ends in `.frames`.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from strefer.agents.chat.frame_fit import FrameFit
from strefer.agents.chat.interface import Asked, Chat, ChatRequest
from strefer.agents.chat.options import read_options
from strefer.agents.chat.recording_file import pictures_of, read_recording
from strefer.agents.replies import shorten
from strefer.files import digest_of, dumps

MOST_PICTURES = 50  # of a process
FRAMES_A_PICTURE = 8


class RecordingChat:
    """Another chat model, all of whose replies are written to a file."""

    def __init__(self, chat: Chat, path: str | Path, fit: FrameFit | None = None) -> None:
        """Args:
        fit: the size at which the other model sees frames, for the pictures.
        """
        self.chat, self.path, self.fit = chat, Path(path), fit or FrameFit()
        self._pictures = 0
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """As the other model, whose replies are appended to the file. Jobs may share it."""
        begun = time.monotonic()
        replies = self.chat.reply(requests)
        seconds = time.monotonic() - begun
        digests = _digests(requests)
        lines = []
        for request, reply in zip(requests, replies, strict=True):
            shown = _shown(request, digests)
            tokens = [getattr(reply, "read", None), getattr(reply, "written", None)]
            line = {"digest": digest_of(shown)} | shown | {"reply": reply, "tokens": tokens}
            lines.append(line)
            if request.frames is not None:
                self._keep_picture(request.frames, digests[id(request.frames)])
        if lines:
            longest = max(
                zip(lines, requests, strict=True), key=lambda one: one[0]["tokens"][0] or 0
            )
            lines[0]["call"] = {
                "requests": len(lines),
                "seconds": round(seconds, 3),
                "prompt": getattr(replies[0], "prompt", None),
                "room": self.chat.room(longest[1]),
            }
        self._append(lines)
        return replies

    def hear(self, requests: Sequence[ChatRequest], asked: Sequence[Asked[Any]]) -> None:
        """Note what was made of replies."""
        digests = _digests(requests)
        self._append(
            {"digest": digest_of(_shown(request, digests))}
            | ({"read": _plain(one.answer)} if one.failure is None else {"refused": one.failure})
            for request, one in zip(requests, asked, strict=True)
        )

    def room(self, request: ChatRequest) -> int | None:
        """As the other model."""
        return self.chat.room(request)

    def _append(self, lines: Iterable[Mapping[str, Any]]) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write("".join(dumps(line) + "\n" for line in lines))

    def _keep_picture(self, frames: np.ndarray, digest: str) -> None:
        """A few frames side by side, evenly chosen."""
        picture = pictures_of(self.path) / f"{digest}.jpg"
        if self._pictures >= MOST_PICTURES or picture.exists():
            return
        picture.parent.mkdir(exist_ok=True)
        chosen = np.unique(np.linspace(0, len(frames) - 1, FRAMES_A_PICTURE).round().astype(int))
        strip = np.hstack([self.fit.scaled(frames[i], len(frames)) for i in chosen])
        Image.fromarray(strip).save(picture, quality=80)
        self._pictures += 1


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
        self._replies = {line["digest"]: line["reply"] for line in read_recording(self.path)}

    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """Replies to the same requests.

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
                    f"chat model {self.path}: has no reply to {shorten(request.text)} with "
                    f"{frames} and {shown['sampling']}"
                )
            replies.append(self._replies[digest])
        return replies

    def room(self, request: ChatRequest) -> int | None:
        """None: the model is not here."""
        return None


def _digests(requests: Sequence[ChatRequest]) -> dict[int, str]:
    """The digest of each array of frames, by its id."""
    arrays = {id(r.frames): r.frames for r in requests if r.frames is not None}
    return {
        key: hashlib.sha256(np.ascontiguousarray(frames)).hexdigest()
        for key, frames in arrays.items()
    }


def _plain(value: Any) -> Any:
    """An answer as plain JSON."""
    if dataclasses.is_dataclass(value):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(part) for part in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def _shown(request: ChatRequest, digests: Mapping[int, str]) -> dict[str, Any]:
    """Everything that affects the reply to a request, as plain JSON."""
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
