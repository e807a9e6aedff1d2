"""QVHighlights, TempCompass and Video-MME files of the demo's films."""

from __future__ import annotations

import math
from typing import Any

from drawn_world.questions.facts import told_actions
from drawn_world.questions.tempcompass import _DIRECTIONS
from drawn_world.truth import Truth

_CLIP_S = 2  # QVHighlights names windows by clips of two seconds


def highlights(truth: Truth, film: str) -> list[dict[str, Any]]:
    """Lines of QVHighlights: what an entity does, and in which windows."""
    lines = []
    duration = math.floor(truth.duration_s / _CLIP_S) * _CLIP_S
    for entity in truth.entities:
        told = told_actions(entity)
        chases = any(action.action == "chase" for action in told)
        # An entity that chases also runs to some side, so when it "runs to a side" is ambiguous.
        clear = [a for a in told if not (chases and a.action in _DIRECTIONS)]
        phrases = dict.fromkeys(action.phrase for action in clear)
        for phrase in phrases:
            clips = _clips_of(entity, phrase, duration)
            # Something that happens all the time allows no question about when.
            if not clips or len(clips) * _CLIP_S > 0.5 * duration:
                continue
            lines.append(
                {
                    "query": f"The {entity.expression} {phrase}.",
                    "duration": duration,
                    "vid": film,
                    "relevant_clip_ids": clips,
                    "saliency_scores": [[3, 3, 3] for _ in clips],
                    "relevant_windows": _windows(clips),
                }
            )
    return lines


def _clips_of(entity: Any, phrase: str, duration: int) -> list[int]:
    spans = [(a.start_s, a.end_s) for a in entity.actions if a.phrase == phrase]
    return [
        clip
        for clip in range(duration // _CLIP_S)
        if any(s <= (clip + 0.5) * _CLIP_S < e for s, e in spans)
    ]


def _windows(clips: list[int]) -> list[list[int]]:
    windows: list[list[int]] = []
    for clip in clips:
        if windows and windows[-1][1] == clip * _CLIP_S:
            windows[-1][1] += _CLIP_S
        else:
            windows.append([clip * _CLIP_S, (clip + 1) * _CLIP_S])
    return windows
