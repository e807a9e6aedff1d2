"""The question writer's prompt, its reply, and the pair that comes out."""

from __future__ import annotations

import json
import re
from typing import Any

from strefer.instructions.proposals.facts import render_facts
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.wording.word_tasks import REFUSAL, Reply, reason
from strefer.prompts import Prompt

MAX_QUESTION, MAX_ANSWER = 300, 400  # characters
REPLY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "question": {"type": "string", "minLength": 5, "maxLength": MAX_QUESTION},
        "answer": {"type": "string", "minLength": 1, "maxLength": MAX_ANSWER},
    },
    "required": ["question", "answer"],
    "additionalProperties": False,
}
_FORMS = {"open": "open", "yes_no": "yes/no", "choice": "multiple-choice"}
_REGION = re.compile(r"<region(\d)>")
_NAMED_REGION = re.compile(r"\b([Tt]he) (\w+(?: \w+)?) in <region(\d)>")


class ReplyError(ValueError):
    """A reply that is not a pair; the text says why."""


def prompt_values(task: Task) -> dict[str, str]:
    """The values that `question_writer.txt` is rendered with."""
    if task.premise:
        hint = f'The question supposes something false; answer "{REFUSAL}: ..." and say why: '
    elif task.form == "yes_no":
        hint = f"Answer {'yes' if task.truth else 'no'} and say why: "
    elif task.form == "choice":
        hint = "Answer with these words only: "
    else:
        hint = "Answer this: "
    hint += f"{task.answer if task.form == 'choice' else reason(task)}."
    return {
        "facts": render_facts(task.facts),
        "form": _FORMS[task.form],
        "ask": task.ask,
        "hint": hint,
    }


def question_prompt(prompt: Prompt, task: Task) -> str:
    """The text that the LLM gets."""
    return prompt.render(**prompt_values(task))


def reader_prompt(prompt: Prompt, task: Task, reply: Reply) -> str:
    """What the second reader gets for a pair."""
    return prompt.render(
        facts=render_facts(task.facts), question=reply.question, answer=reply.answer
    )


def reply_text(reply: Reply) -> str:
    """The reply as a model is to write it."""
    return json.dumps({"question": reply.question, "answer": reply.answer}, ensure_ascii=False)


def parse_reply(text: str) -> Reply:
    """Read a model's reply; a code fence around it is passed over.

    Raises:
        ReplyError: if it is not one JSON object with a question and an answer of sensible length.
    """
    text = re.sub(r"^```(?:json)?\s*|\s*```$", "", text.strip())
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise ReplyError("the reply is no JSON") from None
    if not isinstance(fields, dict) or set(fields) != {"question", "answer"}:
        raise ReplyError("the reply is not an object with question and answer")
    question, answer = fields["question"], fields["answer"]
    if not isinstance(question, str) or not 5 <= len(question) <= MAX_QUESTION:
        raise ReplyError("the question is empty or too long")
    if not isinstance(answer, str) or not 1 <= len(answer) <= MAX_ANSWER:
        raise ReplyError("the answer is empty or too long")
    return Reply(" ".join(question.split()), " ".join(answer.split()))


def published(task: Task, reply: Reply) -> tuple[str, str, tuple[int, ...]]:
    """Question, answer and regions as a pair holds them.

    In the question each region is named once as <region>, in the order of `regions`; a later
    mention becomes "that dog". In the answer "the dog in <region1>" is "the dog", or, where two
    regions share a noun, "the first dog".

    Raises:
        ReplyError: if the reply names a region that the task does not have, or none of them.
    """
    subjects = task.scope.subjects if task.scope.masks else ()
    for number in _REGION.findall(reply.question + reply.answer):
        if not 1 <= int(number) <= len(subjects):
            raise ReplyError(f"<region{number}> is no region of the question")
    order = list(dict.fromkeys(int(n) for n in _REGION.findall(reply.question)))
    if len(order) != len(subjects):
        raise ReplyError("the question does not name its regions")
    seen: set[int] = set()

    def once(match: re.Match[str]) -> str:
        number = int(match[3])
        if number in seen:
            return f"that {match[2]}"
        seen.add(number)
        return f"{match[1]} {match[2]} in <region>"

    question = _REGION.sub("<region>", _NAMED_REGION.sub(once, reply.question))
    answer = _without_regions(reply, order)
    return question, answer, tuple(subjects[number - 1] for number in order)


def _without_regions(reply: Reply, order: list[int]) -> str:
    named = _NAMED_REGION.finditer(f"{reply.question} {reply.answer}")
    nouns = {int(m[3]): m[2] for m in named}
    ordinals = ("first", "second", "third", "fourth")

    def name(match: re.Match[str]) -> str:
        shared = sum(noun == match[2] for noun in nouns.values()) > 1
        ordinal = f"{ordinals[order.index(int(match[3]))]} " if shared else ""
        return f"{match[1]} {ordinal}{match[2]}"

    return _REGION.sub("it", _NAMED_REGION.sub(name, reply.answer))
