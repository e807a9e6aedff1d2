"""Chat models (video LLM and LLM): the calls that stages need, and the door to the engines.

A prompt is one user message: the frames, if any, and then the text. So all prompts about one
segment share the frames as their prefix, and whoever shares an array of frames between requests
has it encoded once.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from strefer.agents.replies import shorten
from strefer.agents.reply_text import answer_of
from strefer.stage.faults import Fault, fault_of

log = logging.getLogger("strefer")
T = TypeVar("T")
YES_NO = ("yes", "no")


@dataclass(frozen=True, eq=False)
class ChatRequest:
    """One prompt.

    Attributes:
        text: the prompt's text.
        frames: uint8 RGB [T, H, W, 3], or None. Requests about the same frames hold the *same*
            array, side by side: that is how an engine knows.
        fps: at which rate the frames follow each other.
        schema: a JSON schema of the reply with an object at its root, for engines that can hold a
            model to it; the others leave it. Replies are parsed in either case.
        choices: likewise the only replies that there are.
        seed: of the sampling; without effect at temperature 0.
        max_new_tokens: the reply is cut there.
        temperature: 0 takes the likeliest token.
    """

    text: str
    frames: np.ndarray | None = None
    fps: float | None = None
    schema: dict[str, Any] | None = None
    choices: tuple[str, ...] | None = None
    seed: int = 0
    max_new_tokens: int = 128
    temperature: float = 0.0


class Reply(str):
    """A reply whose engine told more of it.

    Attributes:
        prompt: as the model got it, in its chat template; a mark stands for frames.
        read, written: tokens of the prompt, with its frames, and of the reply.
    """

    prompt: str | None = None
    read: int | None = None
    written: int | None = None

    @classmethod
    def of(cls, text: str, read: int | None, written: int | None, prompt: str | None = None) -> str:
        """The reply with what its engine told."""
        reply = cls(text)
        reply.prompt, reply.read, reply.written = prompt, read, written
        return reply


class Chat(Protocol):
    """A loaded chat model. One that also has `hear` is told what was made of its replies. An engine
    that gains by calls of several threads side by side says in `calls_at_a_time` how many; without
    it, it is called by one thread alone."""

    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """One reply for each request, in their order, as the model gave it: with its thinking."""
        ...

    def room(self, request: ChatRequest) -> int | None:
        """How many tokens of the model's context a request and its longest reply leave; below 0 it
        does not fit. None if that cannot be known here."""
        ...


def calls_at_a_time(chat: Chat) -> int:
    """How many calls of `reply` a stage makes side by side."""
    return getattr(chat, "calls_at_a_time", 1)


def check_room(chat: Chat, request: ChatRequest, options: str) -> None:
    """Check that a stage's longest prompt and its reply fit the model, before any film is read.

    Args:
        options: which options make the prompt long, for the error.

    Raises:
        ValueError: if they do not fit.
    """
    room = chat.room(request)
    if room is not None and room < 0:
        raise ValueError(
            f"chat model: the longest prompt with this configuration and a reply of "
            f"{request.max_new_tokens} tokens are {-room} tokens too long for the model's context; "
            f"lower {options} or the agent's `max_pixels`, or raise its `context_tokens`"
        )


@dataclass(frozen=True)
class Asked(Generic[T]):
    """What asking came to: the parsed `answer`, or the `failure` that says what was replied."""

    answer: T | None
    failure: str | None


def ask(
    chat: Chat,
    requests: Sequence[ChatRequest],
    parse: Callable[[str], T],
    attempts: int,
    retry_temperature: float,
) -> list[Asked[T]]:
    """Ask until every reply parses, all open requests in one call of the engine.

    A request that the engine cannot answer fails alone; if it can answer none of several, the
    engine's error is raised.

    Args:
        parse: raises ValueError for a reply that will not do; it does not see any thinking.
        attempts: how often a request is asked at most.
        retry_temperature: of the second and later attempts, whose seeds differ: at temperature 0
            the same question has the same reply.

    Returns:
        For each request its answer, or the reason with the last reply in it.
    """
    results: list[Asked[T]] = [Asked(None, "never asked")] * len(requests)
    waiting = list(range(len(requests)))
    for attempt in range(attempts):
        if not waiting:
            break
        asked = [_again(requests[i], attempt, retry_temperature) for i in waiting]
        given = _replies(chat, asked)
        if len(given) > 1 and all(isinstance(one, Exception) for one in given):
            raise given[0]
        unread = []
        for i, reply in zip(waiting, given, strict=True):
            if isinstance(reply, Exception):
                reason = " ".join(str(reply).split())[:400]
                results[i] = Asked(None, f"the engine failed: {type(reply).__name__}: {reason}")
                continue
            results[i] = _read(reply, parse, attempt + 1)
            unread += [i] if results[i].failure is not None else []
        if hear := getattr(chat, "hear", None):
            hear(asked, [results[i] for i in waiting])
        waiting = unread
    return results


def log_unread(stage: str, question: str, unread: int, asked: int) -> None:
    """Say how many replies to a question could not be read, if any."""
    if unread:
        log.warning("%s: %d of %d replies could not be read: %s", stage, unread, asked, question)


def _read(reply: str, parse: Callable[[str], T], attempts: int) -> Asked[T]:
    try:
        return Asked(parse(answer_of(reply)), None)
    except ValueError as error:
        reason = f"no usable reply in {attempts} attempt(s): {error}"
        return Asked(None, f"{reason}; the model said {shorten(reply)}")


def _replies(chat: Chat, requests: Sequence[ChatRequest]) -> list[str | Exception]:
    """The replies; of a request for which the engine fails, its error."""
    try:
        return list(chat.reply(requests))
    except Exception as error:
        if fault_of(error) is not Fault.ITEM:
            raise
        if len(requests) == 1:
            log.warning("chat model: a request failed", exc_info=True)
            return [error]
    middle = len(requests) // 2
    return _replies(chat, requests[:middle]) + _replies(chat, requests[middle:])


def _again(request: ChatRequest, attempt: int, retry_temperature: float) -> ChatRequest:
    if attempt == 0:
        return request
    temperature = max(request.temperature, retry_temperature)
    return dataclasses.replace(request, seed=request.seed + attempt, temperature=temperature)
