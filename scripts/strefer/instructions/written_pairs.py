"""From tasks to pairs: the question writer (an LLM), and the second reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from strefer.agents.chat import Chat, ChatRequest, ask
from strefer.instructions.film import Film
from strefer.instructions.oracle import Reply
from strefer.instructions.question_prompt import (
    REPLY_SCHEMA,
    ReplyError,
    parse_reply,
    published,
    question_prompt,
    reader_prompt,
)
from strefer.instructions.tasks import Task
from strefer.instructions.verification import LETTERS
from strefer.instructions.written_checks import written_fault
from strefer.prompts import Prompt
from strefer.records import Evidence, Instruction
from strefer.replies import parse_yes_no

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
        options: `reply_tokens`, `temperature`, `attempts`, `retry_temperature`.
    """
    requests = [
        ChatRequest(
            question_prompt(prompt, task),
            schema=REPLY_SCHEMA,
            seed=seed,
            max_new_tokens=options["reply_tokens"],
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
        ChatRequest(reader_prompt(prompt, task, reply), seed=seed, max_new_tokens=READER_TOKENS)
        for task, reply in zip(tasks, replies, strict=True)
    ]
    verdicts = ask(chat, requests, parse_yes_no, attempts=1, retry_temperature=0.0)
    return [
        None if verdict.answer else f"second reader: {verdict.failure or 'not supported'}"
        for verdict in verdicts
    ]


def reply_fault(task: Task, written: Written) -> str | None:
    """Why a reply is not the task's pair ("reply: …", "writer: …"), or None."""
    if isinstance(written, str):
        return f"reply: {written}"
    try:
        published(task, written)
    except ReplyError as error:
        return f"reply: {error}"
    wrong = written_fault(task, written)
    return f"writer: {wrong}" if wrong else None


def assemble(
    film: Film, group: str, number: int, task: Task, written: Written, random: Random
) -> Instruction:
    """The pair of a task. Where the writer failed it is there too, rejected and with the reason.

    Args:
        number: counts the group's pairs in the film.
        random: draws the right option's letter.
    """
    question, answer, regions, options = "", "", (), ()
    fault = reply_fault(task, written)
    if fault is None or fault.startswith("writer"):
        question, answer, regions = published(task, written)
    if task.form == "choice":
        options, letter = _lettered(task, random)
        answer = letter if fault is None else answer
    start_s, end_s = task.scope.limits_s or (None, None)
    return Instruction(
        pair_id=f"{film.digest[:12]}-{group}-{number:03d}",
        group=group,
        form=task.form,
        question=question,
        answer=answer,
        options=options,
        regions=regions,
        start_s=start_s,
        end_s=end_s,
        clip_s=task.scope.clip_s,
        evidence=Evidence(task.segments, task.scope.subjects, task.claim),
        rejected=fault,
    )


def _lettered(task: Task, random: Random) -> tuple[tuple[str, ...], str]:
    options = list(task.wrong)
    random.shuffle(options)
    place = random.randrange(len(LETTERS))
    options.insert(place, task.answer)
    return tuple(options), LETTERS[place]
