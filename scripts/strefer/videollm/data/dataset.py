"""The training data: a recipe's samples in a fixed order of all epochs, and their batches."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence

import torch
from torch.utils.data import Dataset

from strefer.frames import DecodingError
from strefer.videollm.data.batches import collate
from strefer.videollm.data.frame_source import FrameSource
from strefer.videollm.data.processor import Encoded, Processor
from strefer.videollm.data.samples import Sample

logger = logging.getLogger(__name__)
_MOST_FAILURES = 20  # in a row: then it is not a bad film but a wrong path


class TrainingSamples(Dataset):
    """Item `i` is one drawing of a sample: the place in `order` also says which of a region's
    frames is drawn, so that a resumed run and every number of workers see the same."""

    def __init__(
        self, samples: Sequence[Sample], order: Sequence[int], processor: Processor, seed: int
    ) -> None:
        self.samples, self.order = samples, order
        self.processor, self.seed = processor, seed

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int) -> Encoded:
        """A sample that cannot be read is replaced by the next in order, with a warning."""
        for step in range(_MOST_FAILURES):
            at = (place + step) % len(self.order)
            draw = random.Random(f"{self.seed} {at}")
            try:
                return self.processor.encode(self.samples[self.order[at]], draw)
            except (ValueError, DecodingError, OSError) as error:
                sample = self.samples[self.order[at]]
                logger.warning("%s", _left_out(self.order[at], sample, error))
        raise ValueError(f"{_MOST_FAILURES} samples in a row cannot be read; see the log")


def _left_out(number: int, sample: Sample, error: Exception) -> str:
    return f"sample {number} ({sample.path}) is left out: {error}"


def read_ahead(
    samples: Sequence[Sample], processor: Processor, source: FrameSource
) -> tuple[list[Sample], list[str]]:
    """Check every sample and encode every film before the training.

    Returns:
        The samples that can be read, and the reasons why others cannot.
    """
    good, reasons = [], []
    for number, sample in enumerate(samples):
        try:
            encoded = processor.encode(sample, random.Random(number))
            for view in (encoded.view, encoded.other_view):
                if view is not None:
                    source.get(view)
            good.append(sample)
        except (ValueError, DecodingError, OSError) as error:
            reasons.append(_left_out(number, sample, error))
            logger.warning("%s", reasons[-1])
    return good, reasons


class Collator:
    """Joins samples to a batch, in the loader's process."""

    def __init__(self, source: FrameSource, pad_id: int, pack: bool) -> None:
        self.source, self.pad_id, self.pack = source, pad_id, pack

    def __call__(self, batch: Sequence[Encoded]) -> dict[str, torch.Tensor]:
        return collate(batch, self.source, self.pad_id, pack=self.pack)


def order_of_epochs(
    samples: Sequence[Sample], epochs: float, batch_size: int, per_film: int, seed: int
) -> list[int]:
    """The order in which samples are seen: every epoch shuffled anew.

    Args:
        epochs: may end within an epoch.
        batch_size: samples of a step; texts within one are of like length, to pad little.
        per_film: so many questions about one film stand together: its frames are then encoded
            once for them.
    """
    total = round(len(samples) * epochs)
    order: list[int] = []
    epoch = 0
    while len(order) < total:
        order += _one_epoch(samples, batch_size, per_film, random.Random(f"{seed} order {epoch}"))
        epoch += 1
    return order[:total]


_BATCHES_SORTED_TOGETHER = 16


def _one_epoch(
    samples: Sequence[Sample], batch_size: int, per_film: int, draw: random.Random
) -> list[int]:
    by_film: dict[tuple, list[int]] = {}
    for index, sample in enumerate(samples):
        by_film.setdefault((sample.path, sample.clip_s), []).append(index)
    chunks = []
    for indices in by_film.values():
        draw.shuffle(indices)
        # Questions of like length about a film go together.
        indices.sort(key=lambda i: _length(samples[i]) // 64)
        chunks += [indices[i : i + per_film] for i in range(0, len(indices), per_film)]
    draw.shuffle(chunks)
    block = max(batch_size * _BATCHES_SORTED_TOGETHER // per_film, 1)
    order: list[int] = []
    for start in range(0, len(chunks), block):
        together = chunks[start : start + block]
        together.sort(key=lambda chunk: max(_length(samples[i]) for i in chunk))
        flat = [i for chunk in together for i in chunk]
        batches = [flat[i : i + batch_size] for i in range(0, len(flat), batch_size)]
        draw.shuffle(batches)
        order += [i for batch in batches for i in batch]
    return order


def _length(sample: Sample) -> int:
    return sum(len(question) + len(answer) for question, answer in sample.turns)
