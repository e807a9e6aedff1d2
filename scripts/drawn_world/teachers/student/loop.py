"""The training loop of the starting student: easy questions first, hints on the visual vectors.

Questions are drawn again for every step: a letter is soon learned by heart where options keep their
order.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from drawn_world.questions.forms import Sample
from drawn_world.teachers.llm.loop import build_optimizers, decay
from drawn_world.teachers.student.clips import Watched, films_and_clips
from drawn_world.teachers.student.data import film_samples
from drawn_world.teachers.student.hints import Hints, shown_by_pair
from drawn_world.teachers.training_state import State
from drawn_world.truth import Truth
from strefer.videollm.architecture.model import VideoLlm
from strefer.videollm.architecture.precision import mixed_precision
from strefer.videollm.building import settings_of
from strefer.videollm.data.batches import Batch, collate
from strefer.videollm.data.frame_source import KeptFeatures
from strefer.videollm.data.processor import Processor
from strefer.videollm.data.samples import sample_from_json

log = logging.getLogger("strefer")
_FILMS, _OF_FILM = 4, 12  # of a step: films or clips, questions on each
_TIMED_OF_FILM = 6  # at most of these; few questions of a film say times, but they are learned last
# Of the time: open questions, whose answers say most, before all others. Then this many of them are
# left out, for letters, yes and no are learned late.
_TOLD_ALONE, _TOLD_LEFT_OUT = 0.15, 0.7
_NEW_PARTS_RATE, _LLM_SHARE = 1.5e-3, 0.5
_WARM_UP_STEPS = 40
_HINT_WEIGHTS = {"region": 0.5, "who": 0.5, "deed": 0.5, "is_so": 1.0, "letter": 0.3}
_HINT_WEIGHTS |= {"looks": 0.3, "when": 0.3, "whom": 0.3}
_KEPT_MB = 2000


def train_student(
    model: VideoLlm,
    tokenizer: PreTrainedTokenizerBase,
    films: Mapping[str, Truth],
    work_dir: Path,
    minutes: float,
    seed: int,
) -> State:
    """Train for `minutes` of processor time a thread in all, going on from `work_dir`.

    Args:
        films: the truth of each film, by its path.
    """
    processor = Processor(tokenizer, settings_of(model, sampled_regions="all"))
    n_frames, together = model.config.n_frames, model.vision.together
    watched = films_and_clips(films)
    shown = {key: shown_by_pair(truth, n_frames, together) for key, truth in watched.items()}
    source = KeptFeatures(model.vision, _KEPT_MB)
    hints = Hints(model, tokenizer)
    state = State(work_dir, "student", {"model": model, "readers": hints.options.readers})
    state.load()
    optimizers = _optimizers(model, hints)
    state.restore(*optimizers)
    model.train()
    while (share := state.minutes / minutes) < 1:
        started = time.process_time()
        drawn = random.Random(f"{seed} {state.step}")
        samples = list(_draw(watched, n_frames, share < _TOLD_ALONE, drawn))
        encoded = [processor.encode(sample_from_json(sample), None) for sample in samples]
        batch = collate(encoded, source, tokenizer.pad_token_id, pack=True)
        loss, values = _loss(model, hints, batch, samples, shown)
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
    new += hints.options.readers.parameters()
    around = torch.optim.AdamW(
        [{"params": new, "full_rate": _NEW_PARTS_RATE}], betas=(0.9, 0.98), weight_decay=0.02
    )
    of_llm = build_optimizers(model.llm)
    for optimizer in of_llm:
        for group in optimizer.param_groups:
            group["full_rate"] *= _LLM_SHARE
    return [*of_llm, around]


def _draw(
    watched: Mapping[Watched, Truth], n_frames: int, told: bool, drawn: random.Random
) -> Iterator[Sample]:
    """The questions of a step, those on a film or clip together."""
    for path, clip in drawn.sample(list(watched), _FILMS):
        film = {"path": path} | ({"clip_timestamps": clip} if clip else {})
        asked = film_samples(watched[path, clip], n_frames, drawn)
        own = [film | one for one in asked if _wanted(one, told, drawn)]
        timed = [one for one in own if "start_time" in one]
        others = [one for one in own if "start_time" not in one]
        timed = drawn.sample(timed, min(_TIMED_OF_FILM, len(timed)))
        yield from timed
        yield from drawn.sample(others, min(_OF_FILM - len(timed), len(others)))


def _wanted(sample: Sample, told: bool, drawn: random.Random) -> bool:
    """True if a question may be asked; `told`: only those whose answer is more than a letter, yes
    or no."""
    if len(sample["conversations"][-1]["value"]) > len("Yes."):
        return told or drawn.random() > _TOLD_LEFT_OUT
    return not told


def _loss(
    model: VideoLlm,
    hints: Hints,
    batch: Batch,
    samples: Sequence[Sample],
    shown: Mapping[Watched, list],
) -> tuple[torch.Tensor, dict[str, float]]:
    with mixed_precision("cpu"):
        loss = model(**batch).loss
    films = dict.fromkeys((one["path"], one.get("clip_timestamps")) for one in samples)
    most = model.config.region_tokens
    regions = [
        (one["shows"], min(len(one["annotation"][0]), most)) for one in samples if "shows" in one
    ]
    values = {"loss": loss.item()}
    for name, hint in hints([shown[film] for film in films], regions, batch).items():
        loss = loss + _HINT_WEIGHTS[name] * hint
        values[name] = hint.item()
    return loss, values
