"""The training loop of the starting student: easy questions first, hints on the visual vectors."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from strefer.demo.teachers.llm_training import build_optimizers, decay
from strefer.demo.teachers.student_hints import Hints
from strefer.demo.teachers.video_llm_state import State
from strefer.videollm.batches import collate
from strefer.videollm.building import settings_of
from strefer.videollm.frame_source import KeptFeatures
from strefer.videollm.model import VideoLlm
from strefer.videollm.processor import Encoded, Processor
from strefer.videollm.samples import sample_from_json

log = logging.getLogger("strefer")
_FILMS, _OF_FILM, _TEXTS = 4, 8, 8  # of a step: films, questions on each, questions on texts
# Of the time: open questions, whose answers say most, before all others. Then so many of them are
# left out, for letters, yes and no are learned late.
_TOLD_ALONE, _TOLD_LEFT_OUT = 0.15, 0.7
_NEW_PARTS_RATE, _LLM_SHARE = 1.5e-3, 0.5
_WARM_UP_STEPS = 40
_HINT_WEIGHTS = {"region": 0.5, "who": 0.5, "deed": 0.5}
_KEPT_MB = 2000


@dataclass
class Lesson:
    """A sample's fields and what the processor makes of it."""

    fields: Mapping[str, Any]
    encoded: Encoded

    @property
    def told(self) -> bool:
        """Whether the answer is more than a letter, yes or no."""
        return len(self.fields["conversations"][-1]["value"]) > len("Yes.")


def train_student(
    model: VideoLlm,
    tokenizer: PreTrainedTokenizerBase,
    samples: Sequence[Mapping[str, Any]],
    shown: Mapping[str, list],
    work_dir: Path,
    minutes: float,
    seed: int,
) -> State:
    """Train for `minutes` of processor time a thread in all, going on from `work_dir`.

    Args:
        samples: in the published format; `shows` names the one in a region.
        shown: by a film's path, `shown_by_pair` of it.
    """
    processor = Processor(tokenizer, settings_of(model, sampled_regions="all"))
    lessons: dict[str | None, list[Lesson]] = {}
    for fields in samples:
        lesson = Lesson(fields, processor.encode(sample_from_json(fields), None))
        lessons.setdefault(fields.get("path"), []).append(lesson)
    source = KeptFeatures(model.vision, _KEPT_MB)
    hints = Hints(model, tokenizer)
    state = State(work_dir, "student", {"model": model, "hints": hints})
    state.load()
    optimizers = _optimizers(model, hints)
    state.restore(*optimizers)
    model.train()
    while (share := state.minutes / minutes) < 1:
        started = time.process_time()
        drawn = random.Random(f"{seed} {state.step}")
        chosen = list(_draw(lessons, share < _TOLD_ALONE, drawn))
        loss, values = _loss(model, hints, chosen, source, tokenizer.pad_token_id, shown)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        rate = min(1.0, (state.step + 1) / _WARM_UP_STEPS) * decay(share)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["full_rate"] * rate
            optimizer.step()
            optimizer.zero_grad()
        state.count(started, values)
        if state.step % 25 == 0:
            log.info("student %s", state.line())
        state.save_when_due(*optimizers)
    state.save(*optimizers)
    return state


def _optimizers(model: VideoLlm, hints: Hints) -> list[torch.optim.Optimizer]:
    """The LLM's as the LLM teacher's, at half its rates; AdamW for the parts around it."""
    new = [p for n, p in model.named_parameters() if p.requires_grad and not n.startswith("llm.")]
    new += hints.deed.parameters()
    around = torch.optim.AdamW(
        [{"params": new, "full_rate": _NEW_PARTS_RATE}], betas=(0.9, 0.98), weight_decay=0.02
    )
    of_llm = build_optimizers(model.llm)
    for optimizer in of_llm:
        for group in optimizer.param_groups:
            group["full_rate"] *= _LLM_SHARE
    return [*of_llm, around]


def _draw(
    lessons: Mapping[str | None, Sequence[Lesson]], told: bool, drawn: random.Random
) -> Iterator[Lesson]:
    """The questions of a step, those on a film together, those on texts (None) last."""
    films = drawn.sample([film for film in lessons if film], _FILMS)
    for film, most in [*((film, _OF_FILM) for film in films), (None, _TEXTS)]:
        own = [
            one
            for one in lessons[film]
            if (one.told or not told) and (told or not one.told or drawn.random() > _TOLD_LEFT_OUT)
        ]
        yield from drawn.sample(own, min(most, len(own)))


def _loss(
    model: VideoLlm,
    hints: Hints,
    chosen: Sequence[Lesson],
    source: KeptFeatures,
    pad_id: int,
    shown: Mapping[str, list],
) -> tuple[torch.Tensor, dict[str, float]]:
    batch = collate([one.encoded for one in chosen], source, pad_id, pack=True)
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(**batch).loss
    films = list(dict.fromkeys(one.fields["path"] for one in chosen if "path" in one.fields))
    regions = [
        (one.fields["shows"], min(len(one.encoded.regions), model.config.region_tokens))
        for one in chosen
        if "shows" in one.fields
    ]
    values = {"loss": loss.item()}
    for name, hint in hints([shown[film] for film in films], regions).items():
        loss = loss + _HINT_WEIGHTS[name] * hint
        values[name] = hint.item()
    return loss, values
