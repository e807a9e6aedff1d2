"""Encoded samples joined to one batch of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch.utils.data import default_collate

from strefer.videollm.architecture.model import IGNORED
from strefer.videollm.data.frame_source import FrameSource, View
from strefer.videollm.data.processor import Encoded

Batch = dict[str, torch.Tensor]


class Row(Protocol):
    """The fields of an encoded sample that padding needs."""

    ids: list[int]
    labels: list[int]


def collate(
    samples: Sequence[Encoded],
    source: FrameSource,
    pad_id: int,
    pack: bool = False,
) -> Batch:
    """One batch of the model (see `VideoLlm`).

    Args:
        pack: put questions about one film into one row, after one copy of its tokens. The model
            computes the same for each of them as in a separate row.
    """
    rows = _rows(samples) if pack else [[sample] for sample in samples]
    in_order = [sample for row in rows for sample in row]
    batch = _pack(rows, pad_id) if pack else pad_samples(in_order, pad_id)
    views = list(dict.fromkeys(s.view for s in in_order if s.view is not None))
    if not views:
        return batch
    name = "features" if source.encoded else "frames"
    # In a loader's worker this stacks into memory that is shared with the trainer already.
    batch[name] = default_collate([source.get(view) for view in views])
    shown = [row[0].view for row in rows]
    batch["films"] = torch.tensor([-1 if view is None else views.index(view) for view in shown])
    if any(sample.regions for sample in in_order):
        batch |= _regions(in_order, views, source)
    return batch


def pad_samples(samples: Sequence[Row], pad_id: int, left: bool = False) -> Batch:
    """`input_ids`, `attention_mask` and `labels` int64 [B, longest], padded on one side."""
    width = max(len(s.ids) for s in samples)
    ids = torch.full((len(samples), width), pad_id)
    labels = torch.full((len(samples), width), IGNORED)
    attention = torch.zeros((len(samples), width), dtype=torch.long)
    for row, sample in enumerate(samples):
        n = len(sample.ids)
        place = slice(width - n, width) if left else slice(0, n)
        ids[row, place] = torch.tensor(sample.ids)
        labels[row, place] = torch.tensor(sample.labels)
        attention[row, place] = 1
    return {"input_ids": ids, "attention_mask": attention, "labels": labels}


def _rows(samples: Sequence[Encoded]) -> list[list[Encoded]]:
    """Groups of samples that begin with the same film in the same way; one without a film is
    alone."""
    rows: dict[tuple, list[Encoded]] = {}
    for number, sample in enumerate(samples):
        start = tuple(sample.ids[: sample.prefix]) or number
        rows.setdefault((sample.view, start), []).append(sample)
    return list(rows.values())


def _pack(rows: Sequence[Sequence[Encoded]], pad_id: int) -> Batch:
    """Rows of a shared prefix and one block a question; a block sees the prefix and itself."""
    widths = [row[0].prefix + sum(len(s.ids) - s.prefix for s in row) for row in rows]
    shape = (len(rows), max(widths))
    ids, labels = torch.full(shape, pad_id), torch.full(shape, IGNORED)
    positions, real = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    blocks: list[tuple[int, int]] = []
    for r, row in enumerate(rows):
        prefix, first = row[0].prefix, len(blocks)
        ids[r, :prefix] = torch.tensor(row[0].ids[:prefix])
        positions[r, :prefix] = torch.arange(prefix)
        if prefix:
            blocks.append((prefix, first))
        start = prefix
        for sample in row:
            n = len(sample.ids) - prefix
            place = slice(start, start + n)
            ids[r, place] = torch.tensor(sample.ids[prefix:])
            labels[r, place] = torch.tensor(sample.labels[prefix:])
            positions[r, place] = torch.arange(prefix, prefix + n)
            blocks.append((n, first))
            start += n
        real[r, :start] = 1
    return {
        "input_ids": ids,
        "attention_mask": real,
        "position_ids": positions,
        "blocks": torch.tensor(blocks),
        "labels": labels,
    }


def _regions(samples: Sequence[Encoded], views: list[View], source: FrameSource) -> Batch:
    frames: list[int] = []
    regions: list[int] = []
    others: list[torch.Tensor] = []  # frames that are not among a film's samples
    n_frames = len(views) * len(views[0].times_s)
    n_regions = n_others = 0
    for sample in samples:
        if not sample.regions:
            continue
        assert sample.view is not None
        own = len(sample.view.times_s)
        first = views.index(sample.view) * own
        frames += [
            first + f if f < own else n_frames + n_others + f - own for f in sample.region_frames
        ]
        if sample.other_view is not None:
            others.append(source.get(sample.other_view))
            n_others += len(sample.other_view.times_s)
        regions += [n_regions + r for r in sample.regions]
        n_regions += max(sample.regions) + 1
    batch = {
        "region_masks": torch.from_numpy(np.stack([g for s in samples for g in s.grids])),
        "region_frames": torch.tensor(frames),
        "regions": torch.tensor(regions),
        "region_times": torch.tensor([t for s in samples for t in s.region_times]),
    }
    if others:
        batch["other_features" if source.encoded else "other_frames"] = torch.cat(others)
    return batch
