"""The question writer's prompt, its reply, and the pair that comes out."""

from __future__ import annotations

import json
import re
from typing import Any

from strefer.agents.reply_text import json_object
from strefer.instructions.proposals.facts import render_facts
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.wording.scenes import REGION, Scene
from strefer.instructions.wording.word_tasks import Reply
from strefer.prompts import Prompt

MAX_QUESTION, MAX_ANSWER, MAX_OPTION = 300, 400, 160  # characters
N_OPTIONS = 4
_NUMBERS = {"type": "array", "items": {"type": "integer"}, "maxItems": 8}
_PAIR: dict[str, Any] = {
    "wanted": {"type": "integer"},
    "question": {"type": "string", "minLength": 5, "maxLength": MAX_QUESTION},
    "answer": {"type": "string", "minLength": 1, "maxLength": MAX_ANSWER},
    "options": {
        "type": "array",
        "items": {"type": "string", "maxLength": MAX_OPTION},
        "maxItems": N_OPTIONS,
    },
    "statements": _NUMBERS,
}
REPLY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "pairs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": _PAIR,
                "required": list(_PAIR),
                "additionalProperties": False,
            },
        },
    },
    "required": ["pairs"],
    "additionalProperties": False,
}
_NAMED_REGION = re.compile(r"\b([Tt]he) (\w+(?: \w+)?) in <region(\d)>")
_ASIDE = re.compile(
    r"\b(?:facts?|parts?|statements?) \d|\b(?:according to|based on) the (?:fact|list|statement)|"
    r"\bthe (?:statements?|captions?|descriptions?)\b",
    re.I,
)


class ReplyError(ValueError):
    """A reply that is not a pair; the text says why."""


def question_prompt(prompt: Prompt, scene: Scene) -> str:
    """The text that the LLM gets."""
    regions = {
        f"<region{number}>": scene.scope.film.kind(entity)
        for number, entity in enumerate(scene.scope.subjects, 1)
    }
    return prompt.render(
        facts=render_facts(scene.facts),
        plans=scene.plans(),
        regions=regions if scene.scope.masks else {},
        timed=scene.scope.window is not None,
    )


def reply_text(reply: Reply) -> str:
    """The reply as a model is to write it that is asked for one pair."""
    return json.dumps({"question": reply.question, "answer": reply.answer}, ensure_ascii=False)


def parse_replies(text: str) -> dict[int, Reply | str]:
    """Read a model's reply: by the number of the wanted pair what was written, or what is wrong
    with it. A single pair, without a list around it, is the first.

    Raises:
        ReplyError: if it has neither a list of pairs nor a pair.
    """
    try:
        fields = json_object(text)
    except ValueError as error:
        raise ReplyError(str(error)) from None
    pairs = fields.get("pairs", [fields])
    if not isinstance(pairs, list):
        raise ReplyError("`pairs` is not a list")
    read: dict[int, Reply | str] = {}
    for pair in pairs:
        number = pair.get("wanted", 1) if isinstance(pair, dict) else None
        if isinstance(number, int) and number not in read:
            read[number] = _pair(pair)
    faults = [one for one in read.values() if isinstance(one, str)]
    if pairs and len(faults) == len(read):
        raise ReplyError(faults[0] if faults else "the reply has no pair")
    return read


def _pair(fields: dict[str, Any]) -> Reply | str:
    question, answer = fields.get("question"), fields.get("answer")
    if not isinstance(question, str) or not 5 <= len(question) <= MAX_QUESTION:
        return "the question is empty or too long"
    options = _texts(fields.get("options"))
    if options and not isinstance(answer, str):
        answer = options[0]
    if not isinstance(answer, str) or not 1 <= len(answer) <= MAX_ANSWER:
        return "the answer is empty or too long"
    cited = fields.get("statements")
    numbers = tuple(n for n in cited if isinstance(n, int)) if isinstance(cited, list) else ()
    return Reply(" ".join(question.split()), " ".join(answer.split()), options, numbers)


def _texts(value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else []
    return tuple(" ".join(text.split()).rstrip(".") for text in texts if isinstance(text, str))


def published(task: Task, reply: Reply) -> tuple[str, str, tuple[int, ...]]:
    """Question, answer and regions in the form that a pair has them.

    In the question each region is named once as <region>, in the order of `regions`; a later
    mention becomes "that dog". In the answer "the dog in <region1>" is "the dog", or, where two
    regions share a noun, "the first dog".

    Raises:
        ReplyError: if the reply names a region or a time that the task does not have, or lacks one.
    """
    texts = (reply.question, reply.answer, *reply.options)
    if any(map(_ASIDE.search, texts)):
        raise ReplyError("speaks of the statements")
    if task.scope.window is not None and not re.search(r"<(?:start|end)_time>", reply.question):
        raise ReplyError("the question does not name the time")
    subjects = task.scope.subjects if task.scope.masks else ()
    for number in REGION.findall(" ".join(texts)):
        if not 1 <= int(number) <= len(subjects):
            raise ReplyError("names a region that is not the question's")
    order = list(dict.fromkeys(int(n) for n in REGION.findall(reply.question)))
    if len(order) != len(subjects):
        raise ReplyError("the question does not name its regions")
    seen: set[int] = set()

    def once(match: re.Match[str]) -> str:
        number = int(match[3])
        if number in seen:
            return f"that {match[2]}"
        seen.add(number)
        return f"{match[1]} {match[2]} in <region>"

    question = REGION.sub("<region>", _NAMED_REGION.sub(once, reply.question))
    return question, _without_regions(reply.answer, reply, order), tuple(
        subjects[number - 1] for number in order
    )  # fmt: skip


def options_of(reply: Reply) -> list[str]:
    """The options that the writer worded, without their regions, the right one first."""
    order = list(dict.fromkeys(int(n) for n in REGION.findall(reply.question)))
    return [_without_regions(option, reply, order) for option in reply.options]


def _without_regions(text: str, reply: Reply, order: list[int]) -> str:
    """A text of the reply in which regions are identified by their nouns."""
    named = _NAMED_REGION.finditer(f"{reply.question} {reply.answer}")
    nouns = {int(m[3]): m[2] for m in named}
    ordinals = ("first", "second", "third", "fourth")

    def name(match: re.Match[str]) -> str:
        shared = sum(noun == match[2] for noun in nouns.values()) > 1
        ordinal = f"{ordinals[order.index(int(match[3]))]} " if shared else ""
        return f"{match[1]} {ordinal}{match[2]}"

    return REGION.sub("it", _NAMED_REGION.sub(name, text))
