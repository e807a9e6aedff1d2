"""From scenes to replies: the question writer, an LLM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strefer.agents.chat.interface import Chat, ChatRequest, ask
from strefer.instructions.wording.question_prompt import (
    REPLY_SCHEMA,
    parse_replies,
    question_prompt,
)
from strefer.instructions.wording.scenes import Scene
from strefer.instructions.wording.word_tasks import Reply
from strefer.prompts import Prompt

Written = Reply | str  # a reply, or why there is none
LEFT_OUT = "the writer left it out"


def write_by_chat(
    scenes: Sequence[Scene],
    seeds: Sequence[int],
    chat: Chat,
    prompt: Prompt,
    options: Mapping[str, Any],
) -> list[list[Written]]:
    """For each scene the replies of an LLM to its tasks, all asked in one call of the engine; a
    task without a reply gets the reason.

    Args:
        seeds: one a scene: at one seed, equal prompts would be worded alike.
        options: `max_new_tokens`, `temperature`, `attempts`, `retry_temperature`.
    """
    requests = [
        ChatRequest(
            question_prompt(prompt, scene),
            schema=REPLY_SCHEMA,
            seed=seed,
            max_new_tokens=options["max_new_tokens"],
            temperature=options["temperature"],
        )
        for scene, seed in zip(scenes, seeds, strict=True)
    ]
    asked = ask(chat, requests, parse_replies, options["attempts"], options["retry_temperature"])
    return [
        [
            one.failure or one.answer.get(number, LEFT_OUT)
            for number in range(1, len(scene.tasks) + 1)
        ]
        for scene, one in zip(scenes, asked, strict=True)
    ]
