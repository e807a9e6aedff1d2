"""A conversation as token ids, and which of them the model has to say itself.

The LLM's chat template writes the conversation as a whole. Where the answers are in that text is
found with marks in place of the contents, so a template may do what it likes at the end, in the
last turn or in earlier ones, as long as it keeps every text. The tokenizer's offsets say which
tokens belong to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from strefer.videollm.data.unusable import Unusable

# Students answer at once: a hybrid model's template then closes its thinking before the answer.
# Other templates do not know the option.
_OPTIONS = {"enable_thinking": False}
_END_OF_THINKING = "</think>"
Turns = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class _Form:
    """The text that the template writes around the contents of a conversation of a given length.

    Args:
        order: the contents (index among the messages) in the order in which they appear.
        pieces: the text before each of them, and after the last.
        cue: what asks for an answer, behind a question.
    """

    order: tuple[int, ...]
    pieces: tuple[str, ...]
    cue: str


class ConversationEncoder:
    """Encodes conversations with a tokenizer's chat template."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Raises ValueError if the tokenizer gives no offsets."""
        if not tokenizer.is_fast:
            raise ValueError(
                f"{tokenizer.name_or_path}: training needs a fast tokenizer (tokenizer.json)"
            )
        self._tokenizer = tokenizer
        self._forms: dict[tuple[int, str], _Form] = {}
        added = tokenizer.added_tokens_decoder.items()
        self.special_ids = {number for number, token in added if token.special}
        self.special_ids |= {tokenizer.eos_token_id} - {None}

    @property
    def end_ids(self) -> set[int]:
        """The token by which the template ends an answer, if it is a special one."""
        ids, learned = self.encode([("a", "b")])
        last = [number for number, learn in zip(ids, learned, strict=True) if learn][-1]
        return {last} & self.special_ids

    def encode(self, turns: Turns, system: str | None = None) -> tuple[list[int], list[bool]]:
        """Token ids of a conversation, and whether each is the model's to say: all of an answer
        and the token that ends it.

        Args:
            turns: questions and answers; a last answer of "" leaves the answering to the model.

        Raises:
            Unusable: if the template refuses or changes the texts.
        """
        messages = _messages(turns, system)
        open_end = not messages[-1]["content"]
        if open_end:
            del messages[-1]
        if not all(message["content"] for message in messages):
            raise Unusable("a turn is empty")
        text = self._render(messages, open_end)
        spans = [] if open_end else self._spans(text, messages)
        found = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids = found["input_ids"]
        return ids, self._learned(ids, found["offset_mapping"], spans)

    def _spans(self, text: str, messages: list[dict[str, str]]) -> list[tuple[int, int, int]]:
        """Of each answer: where the model begins to speak, where the answer's text ends, and where
        the next text begins."""
        form = self._form([message["role"] for message in messages])
        spans, written = [], ""
        for place, number in enumerate(form.order):
            piece, content = form.pieces[place], messages[number]["content"]
            begins = len(written) + len(piece)
            if messages[number]["role"] == "assistant":
                cued = piece.startswith(form.cue)
                first = len(written) + len(form.cue) if cued else begins
                ends = begins + len(content)
                spans.append((first, ends, ends + len(form.pieces[place + 1])))
            written += piece + content
        if written + form.pieces[-1] != text:
            raise Unusable("the chat template changes the text of a conversation")
        return spans

    def _form(self, roles: list[str]) -> _Form:
        key = len(roles), roles[0]
        if key not in self._forms:
            marks = [f"\ue000{number}\ue001" for number in range(len(roles))]
            messages = [{"role": r, "content": m} for r, m in zip(roles, marks, strict=True)]
            text = self._render(messages, prompt=False)
            if any(text.count(mark) != 1 for mark in marks):
                raise Unusable("the chat template does not write every turn of a conversation once")
            order = sorted(range(len(marks)), key=lambda number: text.index(marks[number]))
            pieces, rest = [], text
            for number in order:
                piece, _, rest = rest.partition(marks[number])
                pieces.append(piece)
            asked = self._render(messages[: roles.index("user") + 1], prompt=True)
            self._forms[key] = _Form(tuple(order), (*pieces, rest), asked.rpartition("\ue001")[2])
        return self._forms[key]

    def _learned(
        self, ids: list[int], offsets: list[tuple[int, int]], spans: list[tuple[int, int, int]]
    ) -> list[bool]:
        learned = [False] * len(ids)
        for begins, ends, next_begins in spans:
            tail = []
            for place, (first, last) in enumerate(offsets):
                if first < ends and (last > begins or first == last == begins):
                    learned[place] = True
                elif ends <= first < next_begins:
                    tail.append(place)
            # Text that a template writes after the end of a turn (a line break) is not the model's.
            stops = [n for n, place in enumerate(tail, 1) if ids[place] in self.special_ids]
            at_the_end = next_begins == spans[-1][2]
            for place in tail[: stops[0] if stops else len(tail) * at_the_end]:
                learned[place] = True
        return learned

    def _render(self, messages: list[dict[str, str]], prompt: bool) -> str:
        try:
            return self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=prompt, **_OPTIONS
            )
        except TemplateError as error:
            raise Unusable(f"the chat template refuses a conversation: {error}") from None


def _messages(turns: Turns, system: str | None) -> list[dict[str, str]]:
    messages = [{"role": "system", "content": system}] if system else []
    for turn in turns:
        for role, text in zip(("user", "assistant"), turn, strict=True):
            messages.append({"role": role, "content": text.strip()})
    return messages


def spoken(
    tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], stops: set[int], silent: set[int]
) -> str:
    """The text of an answer up to one of `stops`, without `silent` tokens and without what was
    thought before it."""
    end = next((place for place, number in enumerate(ids) if number in stops), len(ids))
    text = tokenizer.decode([number for number in ids[:end] if number not in silent])
    return text.rpartition(_END_OF_THINKING)[2].strip()
