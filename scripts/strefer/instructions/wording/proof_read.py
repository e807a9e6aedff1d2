"""The proof-reader: an LLM that reads written pairs against the statements they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strefer.agents.chat.interface import Chat, ChatRequest, ask
from strefer.agents.reply_text import json_object
from strefer.instructions.proposals.facts import render_facts
from strefer.instructions.verification.form import LETTERS
from strefer.instructions.wording.scenes import FORMS, Scene
from strefer.prompts import Prompt
from strefer.records import Instruction

VERDICTS = ("follows", "contradicts", "undecidable")
# Its other verdicts on a pair, and the fault that a "yes" means.
_FAULTS = {
    "several_right": "more than one option is right",
    "gives_away": "the question gives itself away",
    "bad_english": "not good English",
}
_READ: dict[str, Any] = {
    "pair": {"type": "integer"},
    "verdict": {"enum": list(VERDICTS)},
    **{fault: {"type": "boolean"} for fault in _FAULTS},
}
PROOFS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "pairs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": _READ,
                "required": list(_READ),
                "additionalProperties": False,
            },
        },
    },
    "required": ["pairs"],
    "additionalProperties": False,
}
Shown = tuple[Instruction, str, str]  # a pair, and its question and answer in the scene's numbers


def proof_prompt(prompt: Prompt, scene: Scene, pairs: Sequence[Shown]) -> str:
    """The text that the proof-reader gets."""
    shown = [
        {
            "number": number,
            "form": FORMS[pair.form],
            "question": question,
            "options": dict(zip(LETTERS, pair.options, strict=False)),
            "answer": pair.answer if pair.form == "choice" else answer,
        }
        for number, (pair, question, answer) in enumerate(pairs, 1)
    ]
    return prompt.render(facts=render_facts(scene.facts), pairs=shown, masks=scene.scope.masks)


def proof_read(
    scenes: Sequence[tuple[Scene, Sequence[Shown]]],
    chat: Chat,
    prompt: Prompt,
    options: Mapping[str, Any],
) -> list[list[str | None]]:
    """For each scene what the proof-reader has against its pairs; None where nothing.

    Args:
        options: `max_new_tokens`, `attempts`, `retry_temperature`, `seed`.
    """
    requests = [
        ChatRequest(
            proof_prompt(prompt, scene, pairs),
            schema=PROOFS_SCHEMA,
            seed=options["seed"],
            max_new_tokens=options["max_new_tokens"],
        )
        for scene, pairs in scenes
    ]
    asked = ask(chat, requests, parse_proofs, options["attempts"], options["retry_temperature"])
    return [
        [one.failure or one.answer.get(number, "no verdict") for number in range(1, len(pairs) + 1)]
        for (_, pairs), one in zip(scenes, asked, strict=True)
    ]


def parse_proofs(text: str) -> dict[int, str | None]:
    """Read the proof-reader's reply: what is wrong with each pair, by its number.

    Raises:
        ValueError: if it has no verdict.
    """
    pairs = json_object(text).get("pairs")
    read = {
        one["pair"]: _fault(one)
        for one in (pairs if isinstance(pairs, list) else [])
        if isinstance(one, dict)
        and isinstance(one.get("pair"), int)
        and one.get("verdict") in VERDICTS
    }
    if not read:
        raise ValueError("the reply has no verdict")
    return read


def _fault(fields: Mapping[str, Any]) -> str | None:
    if fields["verdict"] != "follows":
        return str(fields["verdict"])
    return next((text for name, text in _FAULTS.items() if fields.get(name) is True), None)
