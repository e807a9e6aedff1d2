"""Stage `references`: the referring parser, an LLM that turns the entity recognizer's text into a
list of expressions, nouns and generalized nouns."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.agents import replies
from strefer.agents.chat.interface import (
    Asked,
    Chat,
    ChatRequest,
    ask,
    calls_at_a_time,
    check_room,
    log_unread,
)
from strefer.agents.chat.load import load_chat
from strefer.corrections.expressions import correct_expressions
from strefer.prompts import Prompt, load_prompt
from strefer.records import Entities, Entity, References, to_json
from strefer.stage.batches import in_batches
from strefer.stage.run import Item, ItemFailure, Shard, Worker, read_records, run_stage

log = logging.getLogger("strefer")

_ENTITY = {
    "type": "object",
    "properties": {
        "expression": {"type": "string", "maxLength": replies.MAX_EXPRESSION_CHARS},
        "noun": {"type": "string", "maxLength": replies.MAX_NOUN_CHARS},
        "generalized_noun": {"type": "string", "maxLength": replies.MAX_NOUN_CHARS},
    },
    "required": ["expression", "noun", "generalized_noun"],
    "additionalProperties": False,
}
# For engines that can enforce a schema; the lengths bound runaway replies. OpenAI's API requires an
# object at the root.
_SCHEMA = {
    "type": "object",
    "properties": {"entities": {"type": "array", "maxItems": 50, "items": _ENTITY}},
    "required": ["entities"],
    "additionalProperties": False,
}


def parse_references(
    entities: Path,
    shard: Shard,
    options: Mapping[str, Any],
    prompts: Mapping[str, str],
    chat: Mapping[str, Any],
) -> None:
    """Write the shard file of `References` records.

    Args:
        entities: the shard file of `Entities` records.
        options: `attempts` and `retry_temperature` for replies that do not parse;
            `max_new_tokens`; `max_entities`, the first of a list that are kept; `batch_films` a
            call; `seed`.
        prompts: `referring_parser`.
        chat: the LLM's specification.
    """
    # Films with the same text have the same list: the text alone is the content.
    texts = {film: record.text for film, (record,) in read_records(entities, Entities).items()}
    items = [Item(film, content=text, context=text) for film, text in texts.items()]
    prompt = load_prompt(prompts["referring_parser"])

    def start() -> Worker:
        model = load_chat(chat)
        check_room(model, _request(prompt, "", options), "`references.max_new_tokens`")
        return lambda missing: in_batches(
            ((item, item.context) for item in missing),
            options["batch_films"],
            lambda batch: _parse(model, prompt, options, batch),
            calls_at_a_time(model),
        )

    run_stage("references", items, start, shard, correct_expressions)
    records = read_records(shard.output, References)
    unread = sum(len(record.unread) for (record,) in records.values())
    asked = sum(len(texts[film].split("\n")) for film in records)
    log_unread("references", "referring_parser", unread, asked)


def _parse(
    model: Chat, prompt: Prompt, options: Mapping[str, Any], batch: Sequence[tuple[Item, str]]
) -> list[dict[str, Any] | ItemFailure]:
    # The recognizer's looks, a line each, are asked about one by one: every text then has the form
    # that one reply has, and the lists stay short. What two films have in common is asked once.
    lines = list(dict.fromkeys(line for _, text in batch for line in text.split("\n")))
    requests = [_request(prompt, line, options) for line in lines]
    asked = ask(
        model, requests, replies.parse_entities, options["attempts"], options["retry_temperature"]
    )
    of_line = dict(zip(lines, asked, strict=True))
    return [_record(item, text, of_line, options["max_entities"]) for item, text in batch]


def _request(prompt: Prompt, line: str, options: Mapping[str, Any]) -> ChatRequest:
    return ChatRequest(
        prompt.render(text=line),
        schema=_SCHEMA,
        seed=options["seed"],
        max_new_tokens=options["max_new_tokens"],
    )


def _record(
    item: Item, text: str, of_line: Mapping[str, Asked[tuple[Entity, ...]]], most: int
) -> dict[str, Any] | ItemFailure:
    """A film's record; a film fails if no line of its text has a usable list."""
    lines = text.split("\n")
    unread = tuple(of_line[line].failure for line in lines if of_line[line].failure is not None)
    if len(unread) == len(lines):
        return ItemFailure(unread[0])
    lists = [[e for e in of_line[line].answer or () if replies.is_named(e, line)] for line in lines]
    invented = sum(len(of_line[line].answer or ()) for line in lines) - sum(map(len, lists))
    if invented:
        log.warning("references: %s: %d entities are not in the text", item.video_id, invented)
    entities = _joined(lists)
    if len(entities) > most:
        log.warning(
            "references: %s: %d entities; keeping the first %d (`max_entities`)",
            item.video_id,
            len(entities),
            most,
        )
    return to_json(References(entities[:most], unread))


def _joined(lists: Iterable[Sequence[Entity]]) -> tuple[Entity, ...]:
    """All entities in order, each expression once, ignoring case and articles."""
    entities: dict[str, Entity] = {}
    for entity in itertools.chain.from_iterable(lists):
        entities.setdefault(replies.same_expression(entity.expression), entity)
    return tuple(entities.values())
