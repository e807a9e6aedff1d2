"""QVHighlights as yes/no, with windows whose position and length say nothing about the answer (see
windows.py)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strefer.benchmarks import qvhighlights
from strefer.benchmarks.questions import Question
from strefer.benchmarks.qvhighlights import HEADLINE, score
from strefer.benchmarks.windows import by_swap

__all__ = ["HEADLINE", "load", "score"]


def load(annotations: Path, videos: Path, options: Mapping[str, Any]) -> list[Question]:
    """As `qvhighlights.load`, with windows that two queries lend each other."""
    return qvhighlights.load(annotations, videos, options, by_swap)
