"""Fingerprint everything besides the films that determines a stage's results: code, options,
prompts and models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strefer.files import digest_of_file
from strefer.prompts import load_prompt

# These say how fast an engine runs, not what it answers.
# fmt: off
_WITHOUT_EFFECT = {
    "max_batch", "device", "tensor_parallel", "gpu_memory", "context_tokens", "max_frames",
    "compile", "block_tokens", "url", "key_variable", "concurrency", "timeout_s", "retries",
    "record", "addresses",
    "environment",  # its contents count as code
}
# fmt: on
_BATCH = "batch_"  # so do a stage's options that begin with this


def making_of(
    code: str,
    options: Mapping[str, Any],
    prompts: Mapping[str, str] | None = None,
    agents: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The part of an item's digest that all items of a stage share.

    Args:
        code: the digest by `code_of`.
        options: the stage's options.
        prompts: prompt files by role.
        agents: agent specifications by role.
    """
    return {
        "code": code,
        "options": effective_options(options),
        "prompts": {role: load_prompt(path).digest for role, path in (prompts or {}).items()},
        "models": {role: identity_of(spec) for role, spec in (agents or {}).items()},
    }


def effective_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that can change a result."""
    return {name: value for name, value in options.items() if not name.startswith(_BATCH)}


def effective_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a model's specification that can change an answer."""
    counts = {name: value for name, value in spec.items() if name not in _WITHOUT_EFFECT}
    if spec.get("adapter") == "openai" and not counts.get("engine_options", True):
        del counts["engine_options"]  # as before the adapter had this option
    return counts


def identity_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that determines a model's answers: its specification, and the bytes of a local
    folder."""
    identity = effective_spec(spec)
    if files := model_files(spec):
        identity["files"] = {file.name: digest_of_file(file) for file in files}
    return identity


def model_files(spec: Mapping[str, Any]) -> list[Path]:
    """The files of a model that is a local folder (its card left out) or one file, such as a
    recording; none for a hub's."""
    folder = Path(str(spec.get("model", "")))
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.is_file() and p.suffix != ".md")
