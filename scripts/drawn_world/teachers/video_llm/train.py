"""Training the demo's video LLM, from nothing to a folder that the library's classes load.

Three phases, each kept in `work_dir` and gone on from there: the tower alone on crowded labelled
pairs of frames; the language model on the tower's tokens, the tower at rest; both together.
"""

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch

from drawn_world.teachers.training_state import State
from drawn_world.teachers.video_llm import joint_training as joint
from drawn_world.teachers.video_llm import tower_training as tower
from drawn_world.teachers.video_llm.card import write_card
from drawn_world.teachers.video_llm.data import draw_pool
from drawn_world.teachers.video_llm.measures import measure
from drawn_world.teachers.video_llm.model import (
    build_model,
    build_processor,
    load_words_of,
    save,
)
from drawn_world.teachers.video_llm.rows import RowWriter

POOL_PAIRS = 12_000
POOL_FILMS = 2_400
LANGUAGE_FILMS = 800  # few enough for the tower's tokens of each to be used several times
FURTHER_FILMS, OTHER_QUESTIONS = 300, 0.25
MEASURED_FILMS = 60
# Shares of the minutes: the tower alone, the language model alone, both.
PHASES = {"tower": 0.11, "language": 0.24, "joint": 0.65}

_log = logging.getLogger(__name__)


def train(
    out_dir: Path, work_dir: Path, minutes: float, seed: int, threads: int, device: str
) -> None:
    """Train for `minutes` of processor time, then write `out_dir` with its card.

    Drawing the films and measuring come on top, a few minutes each.

    A stopped training goes on from `work_dir`, whose phases are as long as `minutes` said.
    `device` is "cpu" or "cuda".
    """
    torch.set_num_threads(threads)
    length = {phase: share * minutes for phase, share in PHASES.items()}
    processor = build_processor()
    model = build_model(processor, seed)
    config = model.config
    torch.manual_seed(seed)
    dense = tower.DenseHeads(config.vision_config.embed_dim, config.text_config.hidden_size)
    heads = joint.LanguageHeads(config.text_config.hidden_size)
    for module in (model, dense, heads):
        module.to(device)
    states = {
        "tower": State(work_dir, "tower", {"model": model, "dense": dense}),
        "language": State(work_dir, "language", {"model": model, "heads": heads}),
        "joint": State(work_dir, "joint", {"model": model, "heads": heads}),
    }
    # A later phase's weights build on an earlier one's: load what is there, in order.
    for state in states.values():
        state.load()
    if not states["language"].exists:
        pairs = tower.draw_pool(work_dir / "pool", POOL_PAIRS, seed)
        tower.pretrain(
            model.model.visual,
            dense,
            pairs,
            states["tower"],
            length["tower"],
            seed,
            device,
            _log.info,
        )
    writer = RowWriter(processor.tokenizer)
    plans = {
        "language": joint.Plan(LANGUAGE_FILMS, length["language"], 8, 1e-3, 0.0, 0.7),
        "joint": joint.Plan(POOL_FILMS, length["joint"], 8, 7e-4, 3e-4, 0.2),
    }
    for phase, plan in plans.items():
        if phase == "language" and states["joint"].exists:
            continue
        if phase == "language" and not states["language"].exists:
            joint.start_from_tower(model, dense, processor.tokenizer)
        pool = draw_pool(work_dir / "pool", plan.films, "train", seed)
        joint.train_phase(model, heads, writer, pool, states[phase], plan, seed, device, _log.info)
    spent = {phase: state.minutes for phase, state in states.items()}
    finish(out_dir, work_dir, model.to("cpu"), processor, spent, seed)


def go_on(
    start: Path, out_dir: Path, work_dir: Path, minutes: float, seed: int, threads: int
) -> None:
    """Train a folder's model further, the tower at rest, and write `out_dir`.

    Words that its tokenizer lacks begin near those that mean the same. Stopped, it goes on from
    `work_dir`.
    """
    torch.set_num_threads(threads)
    processor = build_processor()
    model = build_model(processor, seed)
    load_words_of(start, model, processor.tokenizer)
    torch.manual_seed(seed)
    heads = joint.LanguageHeads(model.config.text_config.hidden_size)
    state = State(work_dir, "further", {"model": model, "heads": heads})
    state.load()
    plan = joint.Plan(FURTHER_FILMS, minutes, 8, 7e-4, 0.0, 0.3)
    pool = draw_pool(work_dir / "pool", plan.films, "train", seed)
    writer = RowWriter(processor.tokenizer, others=OTHER_QUESTIONS)
    joint.train_phase(model, heads, writer, pool, state, plan, seed, "cpu", _log.info)
    finish(out_dir, work_dir, model, processor, {f"{start}, further": state.minutes}, seed)


def finish(
    out_dir: Path, work_dir: Path, model, processor, minutes: Mapping[str, float], seed: int
) -> None:
    """Write the folder, measure it on held-out films, and write its card.

    `minutes` are those that each phase took.
    """
    draft = work_dir / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    save(model, processor, draft)
    figures = measure(draft, MEASURED_FILMS)
    (draft / "figures.json").write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    write_card(draft, figures, minutes, seed)
    out_dir.mkdir(parents=True, exist_ok=True)
    for path in sorted(draft.iterdir()):
        shutil.copyfile(path, out_dir / path.name)
