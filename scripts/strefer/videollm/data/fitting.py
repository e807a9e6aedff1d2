"""Prompts that are too long are shortened in their context (subtitles), never at the question."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from strefer.videollm.data.samples import Sample

log = logging.getLogger("strefer")
Encoded = tuple[list[int], list[bool]]  # token ids, and whether each is learned


def encode_to_fit(sample: Sample, encode: Callable[[Sample], Encoded], most: int) -> Encoded:
    """A sample's tokens, at most `most` of them.

    Of the sample's `context` as many lines are kept as fit, evenly spaced, so that all of the film
    is represented. What is still too long is cut at its end if it is there to learn from.

    Raises:
        ValueError: if a question that waits for its answer does not fit without any context.
    """
    ids, learned = encode(sample)
    if len(ids) <= most:
        return ids, learned
    context = sample.context
    if context and any(context in question for question, _ in sample.turns):
        lines = context.split("\n")
        whole = len(ids)
        ids, learned = encode(_with_lines(sample, []))
        kept = int(len(lines) * (most - len(ids)) / max(whole - len(ids), 1))
        while kept > 0:  # lines differ in length, so the estimate may be a few too high
            chosen = [lines[i * len(lines) // kept] for i in range(kept)]
            longer = encode(_with_lines(sample, chosen))
            if len(longer[0]) <= most:
                log.info("%s: %d of %d lines of context fit", sample.path, kept, len(lines))
                return longer
            kept -= max(1, kept // 20)
    if len(ids) > most and not sample.turns[-1][1]:
        raise ValueError(f"{sample.path}: the question has {len(ids)} tokens, {most} fit")
    return ids[:most], learned[:most]


def _with_lines(sample: Sample, lines: Sequence[str]) -> Sample:
    """The sample with these lines as its context."""
    shorter = "\n".join(lines)
    turns = [(q.replace(sample.context or "", shorter, 1), a) for q, a in sample.turns]
    return replace(sample, turns=tuple(turns), context=shorter)
