"""Hints for the starting student, for its training only: which word a visual vector stands for.

What a region token shows, and who is in a pair of frames and does what, is known from the drawn
world's truth. A vector that points where the word's own input vector does is read by the LLM as it
reads the word; from answers alone that is found out late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedTokenizerBase

from strefer.demo.truth import EntityTruth, Truth
from strefer.demo.vocabulary import ACTIONS
from strefer.frames import sample_times
from strefer.videollm.model import VideoLlm

_SHARPNESS = 12.0  # of the softmax over cosines
_UNCLEAR = -100
_SETTLED_S = 0.3  # after an action's beginning and before its end


def shown_by_pair(truth: Truth, n_frames: int, together: int) -> list[list[tuple[str, int]]]:
    """Who is in sight at the first of each group of sampled frames, and the place in ACTIONS of
    what they do then (or _UNCLEAR)."""
    times = sample_times(truth.duration_s, n_frames, truth.fps)[::together]
    shown = []
    for time_s in times:
        frame = truth.frame_at(time_s)
        there = [entity for entity in truth.entities if frame in entity.masks]
        shown.append([(entity.expression, _deed(entity, time_s)) for entity in there])
    return shown


def _deed(entity: EntityTruth, time_s: float) -> int:
    for action in entity.actions:
        if action.start_s + _SETTLED_S <= time_s < action.end_s - _SETTLED_S:
            return ACTIONS.index(action.action)
    return _UNCLEAR


class Hints(nn.Module):
    """Losses on the visual vectors that a student has just computed."""

    def __init__(self, model: VideoLlm, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__()
        self.deed = nn.Linear(model.llm.config.hidden_size, len(ACTIONS))
        self._tokenizer = tokenizer
        self._embeddings = model.get_input_embeddings()
        self._seen: dict[str, Tensor] = {}
        for name, part in (("films", model.to_llm), ("regions", model.region_encoder)):
            part.register_forward_hook(self._keep(name))

    def _keep(self, name: str) -> Callable:
        def hook(module: nn.Module, inputs: tuple, output: Tensor) -> None:
            self._seen[name] = output

        return hook

    def forward(
        self,
        films: Sequence[Sequence[Sequence[tuple[str, int]]]],
        regions: Sequence[tuple[str, int]],
    ) -> dict[str, Tensor]:
        """Mean losses by name, of the last forward pass.

        Args:
            films: `shown_by_pair` of each of the batch's films, in its order.
            regions: expression and number of tokens of each of the batch's regions, in its order.
        """
        losses = {}
        seen, self._seen = self._seen, {}
        if films and "films" in seen:
            losses |= self._of_films(seen["films"].flatten(0, 1), films)
        if regions and "regions" in seen:
            words = [word for word, count in regions for _ in range(count)]
            said = self._said(seen["regions"])
            losses["region"] = F.nll_loss(said, self._ids(words))
        return losses

    def _of_films(
        self, tokens: Tensor, films: Sequence[Sequence[Sequence[tuple[str, int]]]]
    ) -> dict[str, Tensor]:
        """tokens [pairs of all films, L, llm width]."""
        shown = [
            (pair, word, deed)
            for pair, there in enumerate(one for film in films for one in film)
            for word, deed in there
        ]
        if not shown:
            return {}
        pairs = torch.tensor([pair for pair, _, _ in shown])
        ids = self._ids([word for _, word, _ in shown])
        deeds = torch.tensor([deed for _, _, deed in shown])
        said = self._said(tokens)[pairs].gather(
            2, ids[:, None, None].expand(-1, tokens.shape[1], 1)
        )[..., 0]  # [shown, L]: log-probability of the word by each of the pair's vectors
        saying = torch.softmax(said, dim=1)[..., None]
        who = -torch.logsumexp(said, dim=1).clamp(max=0.0).mean()
        does = self.deed((saying * tokens[pairs].float()).sum(1))
        losses = {"who": who}
        if bool((deeds != _UNCLEAR).any()):
            losses["deed"] = F.cross_entropy(does, deeds, ignore_index=_UNCLEAR)
        return losses

    def _said(self, vectors: Tensor) -> Tensor:
        """Log-probabilities of words, by the cosine to their input vectors."""
        table = F.normalize(self._embeddings.weight.detach(), dim=-1)
        return torch.log_softmax(
            _SHARPNESS * F.normalize(vectors.float(), dim=-1) @ table.T, dim=-1
        )

    def _ids(self, expressions: Sequence[str]) -> Tensor:
        """The token of each expression, which is one token in this tokenizer."""
        found = []
        for expression in expressions:
            ids = self._tokenizer(f" {expression}", add_special_tokens=False).input_ids
            if len(ids) != 1:
                raise ValueError(f"the student's tokenizer splits {expression!r}")
            found.append(ids[0])
        return torch.tensor(found)
