"""Chat models (video LLM and LLM): the calls that stages need, and the door to the engines.

A prompt is one user message: the frames, if any, and then the text. So all prompts about one
segment share the frames as their prefix, and whoever shares an array of frames between requests
has it encoded once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from strefer.agents.replies import shorten

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ChatRequest:
    """One prompt.

    Attributes:
        text: the prompt's text.
        frames: uint8 RGB [T, H, W, 3], or None. Requests about the same frames hold the *same*
            array, side by side: that is how an engine knows.
        fps: at which rate the frames follow each other.
        schema: a JSON schema of the reply, for engines that can hold a model to it; the others
            leave it. Replies are parsed in either case.
        seed: of the sampling; without effect at temperature 0.
        max_new_tokens: the reply is cut there.
        temperature: 0 takes the likeliest token.
    """

    text: str
    frames: np.ndarray | None = None
    fps: float | None = None
    schema: dict[str, Any] | None = None
    seed: int = 0
    max_new_tokens: int = 128
    temperature: float = 0.0


class Chat(Protocol):
    """A loaded chat model."""

    def reply(self, requests: Sequence[ChatRequest]) -> list[str]:
        """One reply for each request, in their order."""
        ...


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

    Args:
        parse: raises ValueError for a reply that will not do.
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
        for i, reply in zip(waiting, chat.reply(asked), strict=True):
            try:
                results[i] = Asked(parse(reply), None)
            except ValueError as error:
                reason = f"no usable reply in {attempt + 1} attempt(s): {error}"
                results[i] = Asked(None, f"{reason}; the model said {shorten(reply)}")
        waiting = [i for i in waiting if results[i].failure is not None]
    return results


def _again(request: ChatRequest, attempt: int, retry_temperature: float) -> ChatRequest:
    if attempt == 0:
        return request
    temperature = max(request.temperature, retry_temperature)
    return dataclasses.replace(request, seed=request.seed + attempt, temperature=temperature)
