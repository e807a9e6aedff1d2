"""Hints for the starting student, for its training only: which words a visual vector stands for,
and how a question is decided.

What a region token shows, and who is in a pair of frames and does what, is known from the drawn
world's truth. A vector that points where the word's own input vector does is read by the LLM as it
reads the word; from answers alone that is found out late. A letter needs several things of which
none pays without the others (student_options.py): they are asked for one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PreTrainedTokenizerBase

from drawn_world.teachers.student.kept_outputs import keep_outputs, take
from drawn_world.teachers.student.option_hints import OptionHints, one_token
from drawn_world.truth import EntityTruth, Truth
from drawn_world.vocabulary import all_deeds, all_expressions
from strefer.frames import sample_times
from strefer.videollm.architecture.model import IGNORED, VideoLlm
from strefer.videollm.data.batches import Batch

_SHARPNESS = 12.0  # of the softmax over cosines
_CLEARLY = -0.7  # log-probability of a word that a vector says: a half
_SETTLED_S = 0.3  # after an action's beginning and before its end
_EXPRESSIONS = tuple(all_expressions())
_DEEDS = tuple(all_deeds())


class Shown(NamedTuple):
    """Somebody in sight: the places of the expression in `all_expressions` and of the deed among
    the deeds' phrases; IGNORED where the deed is not clear."""

    expression: int
    deed: int


def shown_by_pair(truth: Truth, n_frames: int, together: int) -> list[list[Shown]]:
    """Who is in sight at the first of each group of sampled frames, and what they do then."""
    times = sample_times(truth.duration_s, n_frames, truth.fps)[::together]
    shown = []
    for time_s in times:
        frame = truth.frame_at(time_s)
        there = [entity for entity in truth.entities if frame in entity.masks]
        shown.append([Shown(_EXPRESSIONS.index(e.expression), _deed(e, time_s)) for e in there])
    return shown


def _deed(entity: EntityTruth, time_s: float) -> int:
    for action in entity.actions:
        if action.start_s + _SETTLED_S <= time_s < action.end_s - _SETTLED_S:
            return _DEEDS.index(action.phrase) if action.phrase in _DEEDS else IGNORED
    return IGNORED


class Hints:
    """Losses on what a student has just computed."""

    def __init__(self, model: VideoLlm, tokenizer: PreTrainedTokenizerBase) -> None:
        self.options = OptionHints(model, tokenizer)
        self._embeddings = model.get_input_embeddings()
        self._expressions = torch.tensor([one_token(tokenizer, f" {e}") for e in _EXPRESSIONS])
        self._deeds = torch.tensor([one_token(tokenizer, f" {deed}") for deed in _DEEDS])
        self._seen = keep_outputs({"films": model.to_llm, "regions": model.region_encoder})

    def __call__(
        self,
        films: Sequence[Sequence[Sequence[Shown]]],
        regions: Sequence[tuple[str, int]],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Mean losses by name, of the last forward pass.

        Args:
            films: `shown_by_pair` of each of the batch's films, in its order.
            regions: expression and number of tokens of each of the batch's regions, in its order.
            batch: what the model was given, packed.
        """
        losses, names = {}, None
        seen = take(self._seen)
        if films and "films" in seen:
            names = self._names(seen["films"])
            losses |= self._of_films(seen["films"].flatten(0, 1), films)
        if regions and "regions" in seen:
            words = [_EXPRESSIONS.index(word) for word, count in regions for _ in range(count)]
            said = self._said(seen["regions"], self._expressions)
            losses["region"] = F.nll_loss(said, torch.tensor(words))
        return losses | self.options(batch, names)

    @torch.no_grad()
    def _names(self, tokens: Tensor) -> Tensor:
        """tokens [films, pairs, L, llm width] → the expression that each says, by its place among
        all, or IGNORED if none is said clearly [films, pairs * L]."""
        said, word = self._said(tokens.flatten(1, 2), self._expressions).max(-1)
        return word.masked_fill(said < _CLEARLY, IGNORED)

    def _of_films(
        self, tokens: Tensor, films: Sequence[Sequence[Sequence[Shown]]]
    ) -> dict[str, Tensor]:
        """tokens [pairs of all films, L, llm width]."""
        pairs = [there for film in films for there in film]
        shown = [(pair, *one) for pair, there in enumerate(pairs) for one in there]
        if not shown:
            return {}
        pair, word, deed = torch.tensor(shown).T
        said = self._said(tokens, self._expressions)[pair]
        said = said.gather(2, word[:, None, None].expand(-1, tokens.shape[1], 1))[..., 0]
        losses = {"who": -torch.logsumexp(said, dim=1).clamp(max=0.0).mean()}
        if bool((deed != IGNORED).any()):
            # The vector that says the word says the deed as well.
            saying = torch.softmax(said, dim=1)[..., None]
            does = self._said((saying * tokens[pair].float()).sum(1), self._deeds)
            losses["deed"] = F.nll_loss(does, deed, ignore_index=IGNORED)
        return losses

    def _said(self, vectors: Tensor, words: Tensor) -> Tensor:
        """Log-probabilities of words [..., words], by the cosine to their input vectors."""
        table = F.normalize(self._embeddings.weight.detach()[words], dim=-1)
        return torch.log_softmax(
            _SHARPNESS * F.normalize(vectors.float(), dim=-1) @ table.T, dim=-1
        )
