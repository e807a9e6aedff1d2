"""Loads the assigner that a specification names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from strefer.agents.environments import telling_of_packages

if TYPE_CHECKING:
    from strefer.prompts import Prompt
from strefer.agents.assigner.interface import ADAPTERS, Assigner


@telling_of_packages("assigner")
def load_assigner(spec: dict, prompt: Prompt | Path | None = None) -> Assigner:
    """The assigner that `spec` names.

    Args:
        spec: `adapter` (one of `ADAPTERS`), `model`, and `engine`: which adapter of the embedder,
            the detector or the chat model runs it (by default open_clip, transformers,
            transformers); the rest is that adapter's.
        prompt: the question that the adapter `chat` asks.

    Raises:
        ValueError: for another adapter, or `chat` without its prompt.
    """
    # Each engine is imported only where it is asked for: they live in different environments.
    adapter = spec.get("adapter")
    if adapter == "embedder":
        from strefer.agents.assigner.with_embedder import EmbedderAssigner
        from strefer.agents.embedder import load_embedder

        return EmbedderAssigner(load_embedder(_of_engine(spec, "open_clip")))
    if adapter == "detector":
        from strefer.agents.assigner.with_detector import DetectorAssigner
        from strefer.agents.detector.load import load_detector

        return DetectorAssigner(load_detector(_of_engine(spec, "transformers")))
    if adapter == "chat":
        from strefer.agents.assigner.with_chat import ChatAssigner
        from strefer.agents.chat.load import load_chat
        from strefer.prompts import load_prompt

        if prompt is None:
            raise ValueError("agents.assigner: the adapter 'chat' needs prompts.assigner")
        question = load_prompt(prompt) if isinstance(prompt, str | Path) else prompt
        # Pass single pictures as images: some models reject a video with one frame.
        engine = _of_engine(spec, "transformers") | {"frames_as": "images"}
        return ChatAssigner(load_chat(engine), question)
    if adapter == "rexseek":
        from strefer.agents.assigner.with_rexseek import RexSeekAssigner

        return RexSeekAssigner.load(spec)
    raise ValueError(
        f"configuration: agents.assigner.adapter is {adapter!r}; "
        f"it must be one of {', '.join(ADAPTERS)}"
    )


def _of_engine(spec: dict, engine: str) -> dict:
    inner = {key: value for key, value in spec.items() if key != "engine"}
    return inner | {"adapter": spec.get("engine") or engine}
