"""Stage `references`: the referring parser, an LLM that turns the entity recognizer's text into a
list of expressions, nouns and generalized nouns."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.agents import replies
from strefer.agents.chat.interface import Chat, ChatRequest, ask
from strefer.agents.chat.load import load_chat
from strefer.prompts import Prompt, load_prompt
from strefer.records import Entities, Entity, References, to_json
from strefer.stage.batches import in_batches
from strefer.stage.run import Item, ItemFailure, Shard, Worker, read_records, run_stage

log = logging.getLogger("strefer")

# What an engine that can hold a model to a schema is given; lengths bound a run-away reply.
_SCHEMA = {
    "type": "array",
    "maxItems": 50,
    "items": {
        "type": "object",
        "properties": {
            "expression": {"type": "string", "maxLength": replies.MAX_EXPRESSION_CHARS},
            "noun": {"type": "string", "maxLength": replies.MAX_NOUN_CHARS},
            "generalized_noun": {"type": "string", "maxLength": replies.MAX_NOUN_CHARS},
        },
        "required": ["expression", "noun", "generalized_noun"],
        "additionalProperties": False,
    },
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
    items = [
        Item(video_id, content=record.text, context=record.text)
        for video_id, (record,) in read_records(entities, Entities).items()
    ]
    prompt = load_prompt(prompts["referring_parser"])

    def start() -> Worker:
        model = load_chat(chat)
        return lambda missing: in_batches(
            ((item, item.context) for item in missing),
            options["batch_films"],
            lambda batch: _parse(model, prompt, options, batch),
        )

    run_stage("references", items, start, shard)


def _parse(
    model: Chat, prompt: Prompt, options: Mapping[str, Any], batch: Sequence[tuple[Item, str]]
) -> list[dict[str, Any] | ItemFailure]:
    # The recognizer's looks, a line each, are asked about one by one: every text then has the form
    # that one reply has, and the lists stay short. What two films have in common is asked once.
    lines = list(dict.fromkeys(line for _, text in batch for line in text.split("\n")))
    requests = [
        ChatRequest(
            prompt.render(text=line),
            schema=_SCHEMA,
            seed=options["seed"],
            max_new_tokens=options["max_new_tokens"],
        )
        for line in lines
    ]
    asked = ask(
        model, requests, replies.parse_entities, options["attempts"], options["retry_temperature"]
    )
    of_line = dict(zip(lines, asked, strict=True))
    results: list[dict[str, Any] | ItemFailure] = []
    for item, text in batch:
        lists = [of_line[line] for line in text.split("\n")]
        failures = [one.failure for one in lists if one.failure is not None]
        if failures:
            results.append(ItemFailure(failures[0]))
            continue
        entities = _joined(one.answer for one in lists)
        if len(entities) > options["max_entities"]:
            log.warning(
                "references: %s: %d entities, keeping the first %d (`max_entities`)",
                item.video_id,
                len(entities),
                options["max_entities"],
            )
        results.append(to_json(References(entities[: options["max_entities"]])))
    return results


def _joined(lists: Iterable[Sequence[Entity]]) -> tuple[Entity, ...]:
    """All entities in order, each expression once, whatever its case."""
    entities: dict[str, Entity] = {}
    for entity in itertools.chain.from_iterable(lists):
        entities.setdefault(entity.expression.lower(), entity)
    return tuple(entities.values())
