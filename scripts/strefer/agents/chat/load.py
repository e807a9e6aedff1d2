"""Loads the chat model that a specification names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strefer.agents.chat.interface import Chat
from strefer.agents.environments import telling_of_packages


@telling_of_packages("chat model")
def load_chat(spec: Mapping[str, Any]) -> Chat:
    """Load the chat model that a specification names.

    Args:
        spec: `adapter` says which engine, the rest is the adapter's.

    Raises:
        ValueError: if the adapter is unknown or rejects the specification.
    """
    if spec.get("record"):
        from strefer.agents.chat.frame_fit import FrameFit
        from strefer.agents.chat.with_recorded import RecordingChat

        chat = load_chat(dict(spec) | {"record": None})
        return RecordingChat(chat, spec["record"], FrameFit.of(spec))
    adapter = spec.get("adapter")
    if adapter == "transformers":
        from strefer.agents.chat.with_transformers import TransformersChat

        return TransformersChat(spec)
    if adapter == "vllm":
        from strefer.agents.chat.with_vllm import VllmChat

        return VllmChat(spec)
    if adapter == "openai":
        from strefer.agents.chat.with_openai import OpenAIChat

        return OpenAIChat(spec)
    if adapter == "recorded":
        from strefer.agents.chat.with_recorded import RecordedChat

        return RecordedChat(spec)
    known = "transformers, vllm, openai, recorded"
    raise ValueError(f"chat model: unknown adapter {adapter!r}; known: {known}")
