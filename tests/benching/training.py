"""The demo's student against its LLM alone in plain transformers, on equal counts of tokens; the
share of training time that is spent waiting for data."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import torch
import yaml

from benching.folders import ROOT
from drawn_world.questions.draw_base import draw_base
from strefer.recipes.base_data import read_base
from strefer.videollm.building import read_student, settings_of
from strefer.videollm.data.batches import collate
from strefer.videollm.data.frame_source import KeptFeatures
from strefer.videollm.data.processor import Processor
from strefer.videollm.data.samples import iterate_samples
from strefer.videollm.training.train_checkpoint import train_checkpoint

_FILMS, _REPEATS = 4, 7


def measure() -> dict[str, float]:
    """Median of the repeats' ratios; the share of one short training."""
    options = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())["training"]
    options |= {"start_from": str(ROOT / options["start_from"])}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_base(folder / "base", _FILMS, 0)
        recipe = folder / "recipe.jsonl"
        samples = read_base(folder / "base" / "base.json")
        recipe.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
        ratio = _tokens_ratio(recipe, options)
        train_checkpoint(recipe, folder / "out", options, 0, 1, folder / "work")
        about = json.loads((folder / "out" / "training.json").read_text())
    return {"training.tokens_ratio": ratio, "training.data_wait_share": about["data_wait_share"]}


def _tokens_ratio(recipe: Path, options: dict) -> float:
    model, tokenizer = read_student(options["start_from"])
    processor = Processor(tokenizer, settings_of(model))
    source = KeptFeatures(model.vision, 500)
    samples = list(iterate_samples(recipe))[: options["batch_size"]]
    encoded = [processor.encode(sample, Random(0)) for sample in samples]
    batch = collate(encoded, source, tokenizer.pad_token_id)
    plain = {k: batch[k] for k in ("input_ids", "attention_mask", "labels")}
    model.train()
    ratios = []
    for _ in range(_REPEATS):
        ours = _seconds(lambda: model(**batch).loss)
        ratios.append(_seconds(lambda: model.llm(**plain).loss) / ours)
    return statistics.median(ratios)


def _seconds(loss: Callable[[], torch.Tensor]) -> float:
    begin = time.perf_counter()
    loss().backward()
    return time.perf_counter() - begin
