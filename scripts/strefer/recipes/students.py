"""Students: what they are called (a recipe trained with one seed), and what they start from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def students_of(recipes: Sequence[str], n_seeds: int) -> list[str]:
    """The names of what is trained: `strefer` with the first seed, `strefer@1` with the next."""
    return [
        f"{recipe}@{number}" if number else recipe
        for recipe in recipes
        for number in range(n_seeds)
    ]


def recipe_of(student: str) -> str:
    """The recipe of a student's name."""
    return student.partition("@")[0]


def seed_number(student: str) -> int:
    """The seed in a student's name, counted from 0."""
    return int(student.partition("@")[2] or 0)


def models_of_training(options: Mapping[str, Any]) -> dict[str, str]:
    """The models that a training begins with, by part: a whole student (`start_from`), and the
    encoder (`vision`) if that one leaves it out; or an encoder and an LLM (`vision`, `llm`)."""
    whole = options["start_from"]
    if not whole:
        return {"vision": str(options["vision"]), "llm": str(options["llm"])}
    config = Path(whole) / "config.json"
    vision = json.loads(config.read_text("utf-8")).get("vision") if config.is_file() else None
    source = (vision or {}).get("weights_from")
    return {"start_from": whole} | ({"vision": source} if source else {})
