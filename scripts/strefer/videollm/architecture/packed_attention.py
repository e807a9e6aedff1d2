"""Attention for packed questions: those about one film follow one copy of its tokens.

A mask for this would be mostly empty, and kernels that take a mask compute all of it. So each block
(a film's tokens, or a question) is computed separately, with the block that it attends to. All
blocks of a batch are in one row, so that nothing is padded.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

PACKED = "packed"


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    blocks: Sequence[tuple[int, int]] | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attention as transformers' models call it; without `blocks` their usual one.

    Args:
        query: [1, heads, L, d]; key and value may have fewer heads.
        blocks: consecutive blocks that cover the row. Each has its length and the number of the
            block that it attends to besides its own earlier tokens; its own number if none.

    Returns:
        [1, L, heads, d] and None.
    """
    if blocks is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    lengths, before = map(list, zip(*blocks, strict=True))
    # Split, not sliced: the gradient of this many slices would be summed over whole rows.
    queries, keys, values = (x.split(lengths, dim=2) for x in (query, key, value))
    outputs = []
    for own, other in enumerate(before):
        q, k, v, mask = queries[own], keys[own], values[own], None
        if other != own:
            k, v = (torch.cat([x[other], x[own]], dim=2) for x in (keys, values))
            seen = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device)
            mask = seen.tril(lengths[other])[None, None]
        outputs.append(sdpa_attention_forward(module, q, k, v, mask, **options)[0])
    return torch.cat(outputs, dim=1), None


def in_rows(values: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """[L, ..], one for each of a packed batch's tokens → [B, longest, ..], zero where `real`
    [B, longest] is not."""
    rows = values.new_zeros(*real.shape, *values.shape[1:])
    rows[real] = values
    return rows


def places_of_questions(blocks: Sequence[tuple[int, int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """The positions in the row of each question's tokens, preceded by those of its film.

    Args:
        blocks: as `packed_attention`.

    Returns:
        Places int64 [questions, longest], padded on the left, and whether each is one, bool.
    """
    lengths, before = zip(*blocks, strict=True)
    ends = accumulate(lengths)
    own = [torch.arange(end - length, end) for end, length in zip(ends, lengths, strict=True)]
    films = {film for number, film in enumerate(before) if film != number}
    rows = [
        own[number] if film == number else torch.cat([own[film], own[number]])
        for number, film in enumerate(before)
        if number not in films
    ]
    places = pad_sequence(rows, batch_first=True, padding_value=-1, padding_side="left")
    return places.clamp(min=0), places >= 0


AttentionInterface.register(PACKED, packed_attention)
AttentionMaskInterface.register(PACKED, sdpa_mask)
