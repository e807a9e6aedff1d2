"""The training data: a recipe's samples in a fixed order of all epochs, and their batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset

from strefer.frames import DecodingError
from strefer.videollm.data.batches import collate
from strefer.videollm.data.frame_source import FrameSource
from strefer.videollm.data.processor import Encoded, Processor
from strefer.videollm.data.samples import Sample
from strefer.videollm.data.unusable import LeftOut, reason_of

_MOST_FAILURES = 20  # in a row: then it is not a bad film but a wrong path
REPORT = "report"  # the key under which a batch says what became of its samples
_FAULTS = (ValueError, DecodingError, OSError)


@dataclass(frozen=True)
class Drawn:
    """A sample that can be used, and why the one that it replaces cannot, as (reason, example)."""

    encoded: Any
    left_out: tuple[str, str] | None = None


class TrainingSamples(Dataset):
    """Item `i` is one drawing of a sample: the place in `order` also says which of a region's
    frames is drawn, so that a resumed run and every number of workers see the same.

    Args:
        encode: turns a sample into what the collator takes; raises for one that cannot be used.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        order: Sequence[int],
        encode: Callable[[Sample, random.Random], Any],
        seed: int,
    ) -> None:
        self.samples, self.order = samples, order
        self.encode, self.seed = encode, seed

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int) -> Drawn:
        """A sample that cannot be used is replaced by the next in order.

        Raises:
            ValueError: if too many in a row cannot be used.
        """
        left_out = None
        for step in range(_MOST_FAILURES):
            at = (place + step) % len(self.order)
            number = self.order[at]
            try:
                encoded = self.encode(self.samples[number], random.Random(f"{self.seed} {at}"))
                return Drawn(encoded, left_out)
            except _FAULTS as error:
                # later samples are counted at their own position
                example = _example(number, self.samples[number], error)
                left_out = left_out or (reason_of(error), example)
        raise ValueError(f"{_MOST_FAILURES} samples in a row cannot be used; the last: {example}")


def _example(number: int, sample: Sample, error: Exception) -> str:
    film = "" if sample.path is None or sample.path in str(error) else f"{sample.path}: "
    return f"sample {number}: {film}{error}"


class ReportingCollator:
    """Joins what `TrainingSamples` gives to a batch, in the loader's process, and puts beside it
    how many samples were looked at and which were left out."""

    def __init__(self, collate_encoded: Callable[[Sequence[Any]], dict[str, Any]]) -> None:
        self.collate_encoded = collate_encoded

    def __call__(self, drawn: Sequence[Drawn]) -> dict[str, Any]:
        left_out = [sample.left_out for sample in drawn if sample.left_out is not None]
        batch = self.collate_encoded([sample.encoded for sample in drawn])
        return batch | {REPORT: (len(drawn), left_out)}


def encoder_of(processor: Processor, source: FrameSource) -> Callable[..., Encoded]:
    """Encodes a sample and reads its frames, so that every fault of its film shows at once."""

    def encode(sample: Sample, draw: random.Random) -> Encoded:
        encoded = processor.encode(sample, draw)
        for view in (encoded.view, encoded.other_view):
            if view is not None:
                source.prepare(view)
        return encoded

    return encode


def read_ahead(
    samples: Sequence[Sample], encode: Callable[..., Encoded], left_out: LeftOut
) -> list[Sample]:
    """Check every sample and encode every film before the training.

    Args:
        left_out: counts the samples that cannot be used; they have been `seen` already.

    Returns:
        The samples that can be used.
    """
    good = []
    for number, sample in enumerate(samples):
        try:
            encode(sample, random.Random(number))
            good.append(sample)
        except _FAULTS as error:
            left_out.add(reason_of(error), _example(number, sample, error))
    return good


class Collator:
    """Joins samples to a batch, in the loader's process."""

    def __init__(self, source: FrameSource, pad_id: int, pack: bool) -> None:
        self.source, self.pad_id, self.pack = source, pad_id, pack

    def __call__(self, batch: Sequence[Encoded]) -> dict[str, torch.Tensor]:
        return collate(batch, self.source, self.pad_id, pack=self.pack)


def order_of_epochs(
    samples: Sequence[Sample], epochs: float, batch_size: int, per_film: int, seed: int
) -> list[int]:
    """The order in which samples are seen: every epoch shuffled again.

    Args:
        epochs: may end within an epoch.
        batch_size: samples per step; texts within a step have similar lengths, to need little
            padding.
        per_film: this many questions about one film are put together, so that its frames are
            encoded once for them.
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
