"""The target `try`: a run's configuration on two of its films, in a separate run that records all
prompts and replies of the chat models."""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from strefer.agents.environments import engine_of
from strefer.files import digest_of
from strefer.prompts import load_prompt

FILMS = 2
TARGET = "try"
_CHAT = ("transformers", "vllm", "openai")


def begin(workflow: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """The complete configuration of a call whose target is `try`, which says so.

    Args:
        workflow: Snakemake's. Jobs in other processes do not know the target: they get the option
            `rehearse`. Only one job at a time gets the GPUs, unless the call says otherwise.
    """
    named = config["rehearse"] or []
    settings = workflow.config_settings
    settings.config_args = [*(settings.config_args or ()), f"rehearse={json.dumps(named)}"]
    gpus = max(asked["gpus"] for asked in config["resources"].values())
    if gpus and "gpu" not in workflow.global_resources:
        workflow.global_resources["gpu"] = gpus
    return {**config, "rehearse": named}


def rehearsed(config: Mapping[str, Any]) -> dict[str, Any]:
    """The complete configuration of a run's rehearsal."""
    drawn = {} if config["rehearse"] else {"films": FILMS, "long_films": 0}
    return {
        **config,
        "run": f"{config['run']}-try",
        "shards": 1,
        "strict": False,
        "demo": {**config["demo"], **drawn},
    }


def rehearsed_films(films: Mapping[str, str], named: Sequence[str]) -> dict[str, str]:
    """The films of a rehearsal by id: those named, or the first two.

    Raises:
        ValueError: if a film does not exist.
    """
    for film in named:
        if film not in films:
            near = difflib.get_close_matches(film, films, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"the first is {next(iter(films))!r}"
            raise ValueError(f"rehearse: there is no film {film!r}; {hint}")
    return {f: films[f] for f in named or itertools.islice(films, FILMS)}


def recording(stage: str, run: str, making: Any, prompts: Mapping[str, str]) -> str:
    """The file to which a rehearsal's stage records its chat models. A new prompt, model or code
    starts a new file, so that the page never shows outdated replies.

    Args:
        making: what else shapes the replies.
        prompts: prompt files by role.
    """
    digest = digest_of([making, {role: load_prompt(path).digest for role, path in prompts.items()}])
    return f"{run}/asked/{stage}-{digest[:12]}.jsonl"


def recorded(agents: Mapping[str, Mapping[str, Any]], path: str) -> dict[str, Mapping[str, Any]]:
    """Specifications by role, with recording turned on for chat models; their own `record` is left
    to the real run."""
    return {
        role: {**spec, "record": path} if asks(role, spec) else spec
        for role, spec in agents.items()
    }


def asks(role: str, spec: Mapping[str, Any]) -> bool:
    """True if an agent is a chat model with its own engine."""
    is_chat = role in ("video_llm", "llm") or spec["adapter"] == "chat"
    return is_chat and engine_of(spec) in (*_CHAT, "recorded")
