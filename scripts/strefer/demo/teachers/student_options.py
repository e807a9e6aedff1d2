"""Hints on how a question with options, or with yes or no, is decided; for training only.

The way that is taught, in a decoder of a few layers: at the last token of each option it is seen
whether the option is so and which letter it has; from there on the place of the answer looks at the
option that is so, and says its letter. What is asked with yes or no is an option of one.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedTokenizerBase
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from strefer.videollm.batches import Batch
from strefer.videollm.model import IGNORED, VideoLlm

_LETTERS = "ABCD"


@dataclass
class Decision:
    """A question in a row of token ids.

    Attributes:
        row: of the batch.
        answered_at: place of the token behind which the answer begins.
        options: place of each option's last token, by the index of its letter.
        right: index of the right one; None where the one option is not so.
    """

    row: int
    answered_at: int
    right: int | None
    options: dict[int, int]


class OptionHints:
    """Losses on the states of the last but one layer of a student's LLM and on the attention of
    one head of the last."""

    def __init__(self, model: VideoLlm, tokenizer: PreTrainedTokenizerBase) -> None:
        decoder = model.llm.get_decoder()
        self._rotary, attention = decoder.rotary_emb, decoder.layers[-1].self_attn
        width, self._head_width = model.llm.config.hidden_size, attention.head_dim
        self.readers = nn.ModuleDict(
            {"is_so": nn.Linear(width, 1), "letter": nn.Linear(width, len(_LETTERS))}
        )
        self._letters = [one_token(tokenizer, letter) for letter in _LETTERS]
        self._line, self._asks = one_token(tokenizer, "\n"), one_token(tokenizer, "?")
        self._yes_no = [
            tokenizer(word, add_special_tokens=False).input_ids for word in ("Yes.", "No.")
        ]
        self._seen = keep_outputs(
            {"states": decoder.layers[-2], "query": attention.q_proj, "key": attention.k_proj}
        )

    def __call__(self, batch: Batch) -> dict[str, Tensor]:
        """Mean losses by name, of the last forward pass; none where nothing is to decide."""
        seen = take(self._seen)
        decisions = self.decisions(batch["input_ids"].tolist(), batch["labels"].tolist())
        options = [
            (one.row, place, letter, letter == one.right)
            for one in decisions
            for letter, place in one.options.items()
        ]
        if not options:
            return {}
        row, place, letter, right = torch.tensor(options).T
        states = seen["states"][row, place].float()
        is_so = self.readers["is_so"](states)[:, 0]
        return {
            "is_so": F.binary_cross_entropy_with_logits(is_so, right.float()),
            "letter": F.cross_entropy(self.readers["letter"](states), letter),
            "looks": self._looks(seen["query"], seen["key"], batch, decisions),
        }

    def _looks(
        self, query: Tensor, key: Tensor, batch: Batch, decisions: Sequence[Decision]
    ) -> Tensor:
        """How little the first head, where the answer begins, looks at the right option."""
        looking = [(one.row, one.answered_at, one.options[one.right or 0]) for one in decisions]
        row, place, wanted = torch.tensor(looking).T
        width = self._head_width
        cos, sin = self._rotary(query.float(), batch["position_ids"])
        heads = (part[:, None, :, :width].float() for part in (query, key))
        turned, keys = (part[:, 0] for part in apply_rotary_pos_emb(*heads, cos, sin))
        scores = torch.einsum("nd,nld->nl", turned[row, place], keys[row]) / width**0.5
        scores = scores.masked_fill(~batch["attention_mask"][row, 0, place], float("-inf"))
        return F.cross_entropy(scores, wanted)

    def decisions(
        self, ids: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]
    ) -> list[Decision]:
        """The questions of rows that are answered by a letter, or by yes or no."""
        found = []
        for row, (words, wanted) in enumerate(zip(ids, labels, strict=True)):
            begin = 0
            answered = [label != IGNORED for label in wanted]
            for is_answer, run in itertools.groupby(range(len(words)), answered.__getitem__):
                if not is_answer:
                    continue
                answer, *_, end = run
                decision = self._decision(words, begin, answer, end)
                if decision is not None:
                    found.append(dataclasses.replace(decision, row=row))
                begin = end
        return found

    def _decision(self, words: Sequence[int], begin: int, answer: int, end: int) -> Decision | None:
        """Of the question in words[begin:answer], with its reply in words[answer:end] and the
        reply's end token behind it."""
        reply = list(words[answer:end])
        if len(reply) == 1 and reply[0] in self._letters:
            right = self._letters.index(reply[0])
            options = self._options(words, begin, answer)
            return Decision(0, answer - 1, right, options) if right in options else None
        if reply in self._yes_no and self._asks in words[begin:answer]:
            asked_at = max(p for p in range(begin, answer) if words[p] == self._asks)
            return Decision(0, answer - 1, (0, None)[self._yes_no.index(reply)], {0: asked_at})
        return None

    def _options(self, words: Sequence[int], begin: int, end: int) -> dict[int, int]:
        options, letter = {}, None
        for place in range(begin, end):
            if words[place] in self._letters and self._line in words[max(place - 2, 0) : place]:
                letter = self._letters.index(words[place])
            elif words[place] == self._line and letter is not None:
                options[letter], letter = place - 1, None
        return options


def keep_outputs(parts: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """What each part gave last, by its name; filled as the parts compute."""
    seen: dict[str, Tensor] = {}
    for name, part in parts.items():
        part.register_forward_hook(lambda _, __, output, name=name: seen.update({name: output}))
    return seen


def take(seen: dict[str, Tensor]) -> dict[str, Tensor]:
    """What was kept; nothing stays behind, so that no pass is read twice."""
    taken = dict(seen)
    seen.clear()
    return taken


def one_token(tokenizer: PreTrainedTokenizerBase, text: str) -> int:
    """The id of a text that is one token.

    Raises:
        ValueError: if it is several.
    """
    ids = tokenizer(text, add_special_tokens=False).input_ids
    if len(ids) != 1:
        raise ValueError(f"the student's tokenizer splits {text!r}")
    return ids[0]
