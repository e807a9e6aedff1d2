"""Read a model's card: its licence, and what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

DRAWN_WORLD = "drawn_world"  # the data set that the cards of the demo's agents name


def read_card(model: str) -> dict[str, Any]:
    """Return the fields at the top of a local model's card; empty if there is no card or no
    fields."""
    card = Path(model) / "README.md"
    if not card.is_file():
        return {}
    _, opening, rest = card.read_text(encoding="utf-8").partition("---\n")
    try:
        fields = yaml.safe_load(rest.partition("\n---")[0]) if opening else None
    except yaml.YAMLError:
        return {}
    return fields if isinstance(fields, dict) else {}


def licence_of(model: str) -> str:
    """The licence that the model's card states; of a hub's model, where its card is."""
    if not (Path(model) / "README.md").is_file():
        return f"see https://huggingface.co/{model}"
    return str(read_card(model).get("license", "not stated"))


def warn_of_strangers(agents: Mapping[str, Mapping[str, Any]]) -> str | None:
    """A warning, for a run on real films, of agents that know the demo's drawn world alone; None if
    there are none.

    Args:
        agents: specifications by role.
    """
    roles = [
        role
        for role, spec in sorted(agents.items())
        if DRAWN_WORLD in (read_card(str(spec.get("model"))).get("datasets") or [])
    ]
    if not roles:
        return None
    return (
        "These results are nonsense and must not be used for training: the films are real, but "
        f"{', '.join(roles)} know only the demo's drawn world. Name real models under `agents:` "
        "(config/README.md)."
    )
