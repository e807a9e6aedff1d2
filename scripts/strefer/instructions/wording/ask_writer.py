"""From tasks to pairs: the question writer (an LLM), and the second reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strefer.agents.chat.interface import YES_NO, Chat, ChatRequest, ask
from strefer.agents.replies import parse_yes_no
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.wording.question_prompt import (
    REPLY_SCHEMA,
    parse_reply,
    question_prompt,
    reader_prompt,
)
from strefer.instructions.wording.word_tasks import Reply
from strefer.prompts import Prompt

Written = Reply | str  # a reply, or why there is none
READER_TOKENS = 8


def write_by_chat(
    tasks: Sequence[Task],
    seeds: Sequence[int],
    chat: Chat,
    prompt: Prompt,
    options: Mapping[str, Any],
) -> list[Written]:
    """Replies of an LLM, all asked in one call; a task whose replies never parse gets the reason.

    Args:
        seeds: one a task: at one seed, equal prompts would be worded alike.
        options: `max_new_tokens`, `temperature`, `attempts`, `retry_temperature`.
    """
    requests = [
        ChatRequest(
            question_prompt(prompt, task),
            schema=REPLY_SCHEMA,
            seed=seed,
            max_new_tokens=options["max_new_tokens"],
            temperature=options["temperature"],
        )
        for task, seed in zip(tasks, seeds, strict=True)
    ]
    asked = ask(chat, requests, parse_reply, options["attempts"], options["retry_temperature"])
    return [str(one.failure) if one.failure else one.answer for one in asked]


def read_again(
    tasks: Sequence[Task], replies: Sequence[Reply], chat: Chat, prompt: Prompt, seed: int
) -> list[str | None]:
    """What a second reader, who sees the facts and the pair, has against each pair."""
    requests = [
        ChatRequest(
            reader_prompt(prompt, task, reply),
            choices=YES_NO,
            seed=seed,
            max_new_tokens=READER_TOKENS,
        )
        for task, reply in zip(tasks, replies, strict=True)
    ]
    verdicts = ask(chat, requests, parse_yes_no, attempts=1, retry_temperature=0.0)
    return [
        None if verdict.answer else f"second reader: {verdict.failure or 'not supported'}"
        for verdict in verdicts
    ]
