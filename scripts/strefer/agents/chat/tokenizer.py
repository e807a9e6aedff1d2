"""Reading a tokenizer exactly as its folder describes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

_GENERIC = ("TokenizersBackend", "PreTrainedTokenizerFast")


def read_tokenizer(model: str, **place: Any) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder or hub name, exactly as its tokenizer.json says.

    AutoTokenizer takes the model type's own class (Qwen2's, say) even where the folder says that
    its tokenizer is a generic one, and so changes how words are split.

    Args:
        place: `revision`, `trust_remote_code` and the like, for a hub's model.
    """
    config = Path(model) / "tokenizer_config.json"
    if config.is_file():
        described = json.loads(config.read_text(encoding="utf-8"))
        if described.get("tokenizer_class") in _GENERIC:
            return PreTrainedTokenizerFast.from_pretrained(model)
    return AutoTokenizer.from_pretrained(model, **place)
