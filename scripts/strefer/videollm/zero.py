"""Find out what a DeepSpeed configuration splits across GPUs."""

from __future__ import annotations

import json
from pathlib import Path


def zero_stage(file: str | None) -> int:
    """What is split: 0 nothing, 1 optimizer states, 2 also gradients, 3 also weights.

    Args:
        file: a DeepSpeed configuration; None without DeepSpeed.

    Raises:
        ValueError: if it cannot be read.
    """
    if file is None:
        return 0
    try:
        settings = json.loads(Path(file).read_text(encoding="utf-8"))
        return int(settings.get("zero_optimization", {}).get("stage", 0))
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(f"training: deepspeed: {file}: {error}") from None
