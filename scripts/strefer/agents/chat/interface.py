"""Chat models (video LLM and LLM): the calls that stages need, and the door to the engines.

A prompt is one user message: the frames, if any, and then the text. So all prompts about one
segment share the frames as their prefix, and an array of frames that requests share is encoded only
once.
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
        frames: uint8 RGB [T, H, W, 3], or None. Requests about the same frames must have the *same*
            array and follow each other: that is how an engine recognizes them.
        fps: the frames' rate per second.
        schema: a JSON schema of the reply with an object at its root, for engines that can enforce
            it; the others ignore it. Replies are parsed in either case.
        choices: the only allowed replies, enforced in the same way.
        seed: seed of the sampling; no effect at temperature 0.
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
    """A reply with what its engine reports about it.

    Attributes:
        prompt: the prompt as the model got it, in its chat template, with placeholders for frames.
        read, written: number of tokens in the prompt, including its frames, and in the reply.
    """

    prompt: str | None = None
    read: int | None = None
    written: int | None = None

    @classmethod
    def of(cls, text: str, read: int | None, written: int | None, prompt: str | None = None) -> str:
        """The reply with what its engine reports."""
        reply = cls(text)
        reply.prompt, reply.read, reply.written = prompt, read, written
        return reply


class Chat(Protocol):
    """A loaded chat model. If it has `hear`, it is informed how its replies were parsed. An engine
    that benefits from concurrent calls sets `calls_at_a_time`; others are called by a single
    thread."""

    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """Return one reply for each request, in order, as the model gave it, including its
        thinking."""
        ...

    def room(self, request: ChatRequest) -> int | None:
        """Return how many tokens of the model's context remain after a request and its longest
        reply; below 0 it does not fit. None if unknown here."""
        ...


def calls_at_a_time(chat: Chat) -> int:
    """How many calls of `reply` a stage makes concurrently."""
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
    """The result of asking: the parsed `answer`, or the `failure`, which quotes the reply."""

    answer: T | None
    failure: str | None


def ask(
    chat: Chat,
    requests: Sequence[ChatRequest],
    parse: Callable[[str], T],
    attempts: int,
    retry_temperature: float,
) -> list[Asked[T]]:
    """Ask until every reply parses, with all open requests in one call of the engine.

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
