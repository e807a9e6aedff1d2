"""A loss on where one attention head of a student's LLM looks; for training only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from drawn_world.teachers.student.kept_outputs import keep_outputs, take
from strefer.videollm.architecture.model import VideoLlm
from strefer.videollm.architecture.packed_attention import in_rows
from strefer.videollm.data.batches import Batch


class Look(NamedTuple):
    """From a place of a row, to any of the wanted ones."""

    row: int
    place: int
    wanted: Sequence[int]


class Looks:
    """The loss of one head of one layer."""

    def __init__(self, model: VideoLlm, layer: int, head: int) -> None:
        decoder = model.llm.get_decoder()
        attention = decoder.layers[layer].self_attn
        self._rotary, self._width = decoder.rotary_emb, attention.head_dim
        self._own = slice(head * self._width, (head + 1) * self._width)
        self._seen = keep_outputs({"query": attention.q_proj, "key": attention.k_proj})

    def __call__(self, batch: Batch, looks: Sequence[Look]) -> Tensor | None:
        """How little the head looked where it should in the last pass: the mean of the negative
        logarithm of the share that went to the wanted places; None without any looks."""
        seen = take(self._seen)
        if not looks:
            return None
        row = torch.tensor([look.row for look in looks])
        place = torch.tensor([look.place for look in looks])
        wanted = torch.zeros(len(looks), batch["input_ids"].shape[1], dtype=torch.bool)
        for number, look in enumerate(looks):
            wanted[number, list(look.wanted)] = True
        real = batch["attention_mask"].bool()
        query, keys = (in_rows(seen[k][0, :, self._own].float(), real) for k in ("query", "key"))
        cos, sin = self._rotary(query, batch["position_ids"])
        heads = apply_rotary_pos_emb(query[:, None], keys[:, None], cos, sin)
        turned, keys = (part[:, 0] for part in heads)
        scores = torch.einsum("nd,nld->nl", turned[row, place], keys[row]) / self._width**0.5
        scores = scores.masked_fill(~in_sight(batch, row, place), float("-inf"))
        said = torch.log_softmax(scores, dim=1).masked_fill(~wanted, float("-inf"))
        return -torch.logsumexp(said, dim=1).mean()


def in_sight(batch: Batch, row: Tensor, place: Tensor) -> Tensor:
    """True if the token at each place of a packed row sees each of the row's [looks, L]."""
    lengths, before = batch["blocks"].T
    real = batch["attention_mask"].bool()
    block = in_rows(torch.arange(len(lengths)).repeat_interleave(lengths), real)
    own, there = block[row, place], block[row]
    sees = (there == own[:, None]) | (there == before[own][:, None])
    earlier = torch.arange(real.shape[1]) <= place[:, None]
    return sees & earlier & real[row]
