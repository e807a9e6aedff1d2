"""Training examples of the text teacher, and helpers to draw them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from strefer.files import ROOT
from strefer.prompts import Prompt, load_prompt

CONFIG_DIR = ROOT / "config"


@dataclass(frozen=True)
class Sample:
    """One chat turn: what is asked and the one right reply."""

    role: str
    prompt: str
    reply: str


@cache
def demo_prompt(name: str) -> Prompt:
    """A prompt of the default configuration: the teachers are trained on exactly these."""
    return load_prompt(CONFIG_DIR / "prompts" / "demo" / f"{name}.txt")


def json_reply(value: Any) -> str:
    """JSON as the replies are written: ", " and ": " between parts, no escapes."""
    return json.dumps(value, ensure_ascii=False)


def enumerate_words(items: Sequence[str]) -> str:
    """ "a, b and c"."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


@cache
def configured_words() -> tuple[str, ...]:
    """Every word of the demo's prompts and phrasings: the tokenizer knows them all."""
    files = sorted((*CONFIG_DIR.glob("prompts/demo/*.txt"), *CONFIG_DIR.glob("phrasings/*.txt")))
    text = " ".join(file.read_text(encoding="utf-8") for file in files)
    return tuple(sorted(set(re.findall(r"[A-Za-z]+", text))))
