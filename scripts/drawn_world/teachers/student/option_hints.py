"""Hints on how a question with options, with yes or no, or about a time is answered; for training
only.

The way that is taught, in a decoder of a few layers: where a question is asked, and at each of its
options, one head looks at the frames between the times that it says, and one at what the film shows
of the one that it names, then. At the last token of each option it is seen whether the option is so
and which letter it has; from there on the place of the answer looks at the option that is so, and
says its letter. What is asked with yes or no is an option of one.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedTokenizerBase

from drawn_world.teachers.student.attention_hints import Look, Looks
from drawn_world.teachers.student.kept_outputs import keep_outputs, take
from drawn_world.vocabulary import all_expressions
from strefer.videollm.architecture.model import IGNORED, VideoLlm
from strefer.videollm.architecture.packed_attention import in_rows
from strefer.videollm.data.batches import Batch

_LETTERS = "ABCD"


@dataclass
class Question:
    """A question in a row of token ids.

    Attributes:
        answered_at: place of the token behind which the answer begins.
        row: of the batch.
        options: place of each option's last token, by the index of its letter; none where the
            answer is a sentence.
        right: index of the right one; None where the one option is not so, or there is none.
        times: the first and the last time token that the question says, by number; None if it
            says no time.
        name: the one expression that the question names before its options, by its place among
            all; None if it names none or several.
    """

    answered_at: int
    row: int = 0
    options: dict[int, int] = field(default_factory=dict)
    right: int | None = None
    times: tuple[int, int] | None = None
    name: int | None = None


class OptionHints:
    """Losses on the states of the last but one layer of a student's LLM, and on the attention of
    one head of the last and of two of the middle layer."""

    def __init__(self, model: VideoLlm, tokenizer: PreTrainedTokenizerBase) -> None:
        layers = model.llm.get_decoder().layers
        width = model.llm.config.hidden_size
        self.readers = nn.ModuleDict(
            {"is_so": nn.Linear(width, 1), "letter": nn.Linear(width, len(_LETTERS))}
        )
        self._config = model.config
        self._letters = [one_token(tokenizer, letter) for letter in _LETTERS]
        self._line, self._asks = one_token(tokenizer, "\n"), one_token(tokenizer, "?")
        self._yes_no = [
            tokenizer(word, add_special_tokens=False).input_ids for word in ("Yes", "No")
        ]
        self._seen = keep_outputs({"states": layers[-2]})
        self._right_option = Looks(model, len(layers) - 1, head=0)
        self._asked_frames = Looks(model, len(layers) // 2, head=1)
        self._asked_one = Looks(model, len(layers) // 2, head=2)
        self._names = {one_token(tokenizer, f" {e}"): n for n, e in enumerate(all_expressions())}
        pairs = model.config.n_frames // model.vision.together
        self._times = [k * model.config.n_time_tokens // (pairs - 1) for k in range(pairs)]

    def __call__(self, batch: Batch, said: Tensor | None) -> dict[str, Tensor]:
        """Mean losses by name, of the last forward pass; none where nothing is to decide.

        Args:
            said: the expression that each token of each film says, by its place among all
                [films, video tokens]; None without films.
        """
        seen = take(self._seen)
        ids = batch["input_ids"].tolist()
        questions = self.questions(ids, batch["labels"].tolist())
        decided = [one for one in questions if one.options]
        looks = [Look(q.row, q.answered_at, [q.options[q.right or 0]]) for q in decided]
        losses = {
            "looks": self._right_option(batch, looks),
            "when": self._asked_frames(batch, list(self._looks_at_times(ids, questions))),
            "whom": self._asked_one(batch, list(self._looks_at_one(batch, ids, questions, said))),
        }
        options = [
            (one.row, place, letter, letter == one.right)
            for one in decided
            for letter, place in one.options.items()
        ]
        if options:
            row, place, letter, right = torch.tensor(options).T
            states = in_rows(seen["states"][0], batch["attention_mask"].bool())
            states = states[row, place].float()
            is_so = self.readers["is_so"](states)[:, 0]
            losses["is_so"] = F.binary_cross_entropy_with_logits(is_so, right.float())
            losses["letter"] = F.cross_entropy(self.readers["letter"](states), letter)
        return {name: loss for name, loss in losses.items() if loss is not None}

    def _looks_at_times(
        self, ids: Sequence[Sequence[int]], questions: Sequence[Question]
    ) -> Iterator[Look]:
        """From each option, or the place of the answer, to the frames between the times."""
        for question in (one for one in questions if one.times):
            wanted = [place for place, asked in self._shown(ids, question) if asked]
            for place in question.options.values() or (question.answered_at,):
                yield Look(question.row, place, wanted)

    def _looks_at_one(
        self,
        batch: Batch,
        ids: Sequence[Sequence[int]],
        questions: Sequence[Question],
        said: Tensor | None,
    ) -> Iterator[Look]:
        """From there to the tokens that say who is named, of the asked frames; none where the one
        is not there."""
        for question in (one for one in questions if one.name is not None and said is not None):
            words = said[batch["films"][question.row]].tolist()
            shown = zip(self._shown(ids, question), words, strict=True)
            wanted = [p for (p, asked), word in shown if asked and word == question.name]
            for place in question.options.values() or (question.answered_at,):
                if wanted:
                    yield Look(question.row, place, wanted)

    def _shown(
        self, ids: Sequence[Sequence[int]], question: Question
    ) -> Iterator[tuple[int, bool]]:
        """The places of the film's tokens in a row, and whether they lie in the asked time."""
        video = self._config.video_token_id
        shown = [place for place, token in enumerate(ids[question.row]) if token == video]
        first, last = question.times or (0, self._times[-1])
        # A short time may lie between two pairs of frames: the nearer one shows it.
        near = min(abs(2 * time - first - last) for time in self._times)
        for number, place in enumerate(shown):
            time = self._times[number * len(self._times) // len(shown)]
            yield place, first <= time <= last or abs(2 * time - first - last) == near

    def questions(
        self, ids: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]
    ) -> list[Question]:
        """The questions of rows, in order."""
        found = []
        for row, (words, wanted) in enumerate(zip(ids, labels, strict=True)):
            begin = 0
            answered = [label != IGNORED for label in wanted]
            for is_answer, run in itertools.groupby(range(len(words)), answered.__getitem__):
                if not is_answer:
                    continue
                answer, *_, end = run
                question = self._question(words, begin, answer, end)
                times = self._times_in(words[begin:answer])
                name = self._name_in(words[begin : self._options_at(words, answer, question)])
                found.append(dataclasses.replace(question, row=row, times=times, name=name))
                begin = end
        return found

    def _question(self, words: Sequence[int], begin: int, answer: int, end: int) -> Question:
        """Of the question in words[begin:answer], with its reply in words[answer:end] and the
        reply's end token behind it."""
        reply = list(words[answer:end])
        if len(reply) == 1 and reply[0] in self._letters:
            right = self._letters.index(reply[0])
            options = self._options(words, begin, answer)
            if right in options:
                return Question(answer - 1, options=options, right=right)
        first = reply[: len(self._yes_no[0])]
        if first in self._yes_no and self._asks in words[begin:answer]:
            asked_at = max(p for p in range(begin, answer) if words[p] == self._asks)
            right = (0, None)[self._yes_no.index(first)]
            return Question(answer - 1, options={0: asked_at}, right=right)
        return Question(answer - 1)

    def _options(self, words: Sequence[int], begin: int, end: int) -> dict[int, int]:
        options, letter = {}, None
        for place in range(begin, end):
            if words[place] in self._letters and self._line in words[max(place - 2, 0) : place]:
                letter = self._letters.index(words[place])
            elif words[place] == self._line and letter is not None:
                options[letter], letter = place - 1, None
        return options

    def _options_at(self, words: Sequence[int], answer: int, question: Question) -> int:
        """Where the options begin; where the answer does, if there are none but yes and no."""
        if len(question.options) < 2:
            return answer
        first = min(question.options.values())
        return max(place for place in range(first) if words[place] == self._line)

    def _times_in(self, words: Sequence[int]) -> tuple[int, int] | None:
        first, count = self._config.first_time_token_id, self._config.n_time_tokens
        said = [word - first for word in words if 0 <= word - first < count]
        return (min(said), max(said)) if said else None

    def _name_in(self, words: Sequence[int]) -> int | None:
        named = {self._names[word] for word in words if word in self._names}
        return named.pop() if len(named) == 1 else None


def one_token(tokenizer: PreTrainedTokenizerBase, text: str) -> int:
    """The id of a text that is one token.

    Raises:
        ValueError: if it is several.
    """
    ids = tokenizer(text, add_special_tokens=False).input_ids
    if len(ids) != 1:
        raise ValueError(f"the student's tokenizer splits {text!r}")
    return ids[0]
