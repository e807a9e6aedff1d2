"""Requests as rows of tokens: one visual prefix and several questions, each alone with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random

import numpy as np
import torch
from torch import Tensor
from transformers import Qwen2Tokenizer

from drawn_world.language.lines import draw_line
from drawn_world.teachers.video_llm import texts
from drawn_world.teachers.video_llm.data import Request, Shown
from drawn_world.teachers.video_llm.model import CELLS
from drawn_world.vocabulary import ACTIONS, all_expressions

LIST, EXISTENCE, BEHAVIOUR = range(3)
KINDS = ("list", "existence", "behaviour")
ABSENT = len(ACTIONS)  # what an existence question's entity does when it is not there
UNCLEAR = -100
# What the words of a behaviour weigh, by part of the line: how it is said matters less than what.
_BEHAVIOUR_WEIGHTS = {"verb": 2.0, "tail": 2.0, "name": 1.0, "": 1.0}
_MIRRORED = {"move_left": "move_right", "move_right": "move_left"}


@dataclass(frozen=True)
class _Piece:
    """A part of an answer: what its tokens weigh, and the entity they are about (see Row)."""

    text: str
    weight: float
    about: int | None = None


@dataclass
class Row:
    """Token ids with the branch of each (0: the shared prefix) and its position [3, L].

    `targets`: (place, weight, kind) of each token to be predicted; `asked`: (place of the last
    token of the expression in a question, place in ACTIONS, ABSENT or UNCLEAR); `pointing`: (place
    of a token, entity that it or the next token is about: 1 + its place among the shown, 0 for one
    that is absent).
    """

    n_pairs: int
    ids: list[int] = field(default_factory=list)
    branch: list[int] = field(default_factory=list)
    positions: list[np.ndarray] = field(default_factory=list)
    targets: list[tuple[int, float, int]] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)
    pointing: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Batch:
    """Rows as tensors; places count through the whole batch. `mask` is additive [B, 1, L, L].

    `prefix` bool [B, L]; `pointing` int64 [K, 3]: row, place in the row, entity.
    """

    ids: Tensor
    positions: Tensor
    mask: Tensor
    prefix: Tensor
    targets: Tensor
    weights: Tensor
    kinds: Tensor
    asked: Tensor
    doing: Tensor
    pointing: Tensor

    def to(self, device: str) -> "Batch":
        return Batch(**{name: part.to(device) for name, part in vars(self).items()})


class RowWriter:
    """Writes rows for one tokenizer. `others` is the share of lists and questions of existence that
    is asked: all, or fewer where behaviours are what is to be learned."""

    def __init__(self, tokenizer: Qwen2Tokenizer, others: float = 1.0) -> None:
        self.tokenizer, self.others = tokenizer, others
        self.video_id = tokenizer.convert_tokens_to_ids("<|video_pad|>")
        self._encode = lru_cache(maxsize=8192)(self._encode_now)

    def _encode_now(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False).input_ids)

    def row(self, request: Request, rng: np.random.Generator, mirrored: bool = False) -> Row:
        """A request with questions drawn at random."""
        shown = [_mirror(s) for s in request.shown] if mirrored else list(request.shown)
        row = self._prefix(request.n_pairs, rng)
        is_film = request.kind == "film"
        if shown and rng.random() < self.others * (1.0 if is_film else 0.3):
            self._add_list(row, shown, is_film)
        for _ in range(max(1, round(self.others * (2 if is_film else 4)))):
            self._add_existence(row, request, shown, rng)
        for number, one in enumerate(shown):
            if one.action is not None:
                self._add_behaviour(row, shown, number, rng)
        return row

    def _prefix(self, n_pairs: int, rng: np.random.Generator) -> Row:
        before = self._encode("<|im_start|>user\n<|vision_start|>")
        tokens = n_pairs * CELLS**2
        ids = [*before, *[self.video_id] * tokens, *self._encode("<|vision_end|>")]
        grid = np.stack(np.meshgrid(*map(np.arange, (n_pairs, CELLS, CELLS)), indexing="ij"))
        first = len(before)
        # Where the text goes on after a video longer than it is wide, engines do not agree:
        # transformers looks at its width and height alone, vLLM at its length too.
        after = int(rng.choice((CELLS, max(n_pairs, CELLS))))
        positions = [
            np.repeat(np.arange(first)[None], 3, 0),
            grid.reshape(3, -1) + first,
            np.full((3, 1), first + after),
        ]
        return Row(n_pairs, ids, [0] * len(ids), positions)

    def _add(self, row: Row, kind: int, question: str, answer: Sequence[_Piece]) -> int:
        """Add a branch; returns the place of its first token."""
        asked = [*self._encode(question), *self._encode("<|im_end|>\n<|im_start|>assistant\n")]
        start, first_position = len(row.ids), row.positions[2][0, 0] + 1
        ids = list(asked)
        for piece in answer:
            for token in self._encode(piece.text):
                place = start + len(ids)
                row.targets.append((place, piece.weight, kind))
                if piece.about is not None:
                    # The state before a token is the one that predicts it.
                    row.pointing.append((place - 1, piece.about))
                ids.append(token)
        row.ids += ids
        row.branch += [row.branch[-1] + 1] * len(ids)
        row.positions.append(np.repeat(np.arange(len(ids))[None], 3, 0) + first_position)
        return start

    def _add_list(self, row: Row, shown: Sequence[Shown], is_film: bool) -> None:
        about = {s.expression: i + 1 for i, s in enumerate(shown) if s.active or not is_film}
        named = [(s.generalized_noun, s.expression) for s in shown if s.expression in about]
        names = texts.in_list_order(named)
        if not names:
            return
        answer, rest = [], texts.list_answer(names)
        for name in names:
            before, name, rest = rest.partition(f" {texts.with_article(name)}")
            answer += [_Piece(before, 1.0), _Piece(name, 1.0, about[name.split(" ", 2)[2]])]
        answer += [_Piece(rest, 1.0), _Piece("<|im_end|>", 1.0)]
        self._add(row, LIST, texts.LIST_QUESTION, answer)

    def _add_existence(
        self, row: Row, request: Request, shown: Sequence[Shown], rng: np.random.Generator
    ) -> None:
        if shown and rng.random() < 0.5:
            number = int(rng.integers(len(shown)))
            one = shown[number]
            expression, reply, about = one.expression, texts.YES, number + 1
            doing = ACTIONS.index(one.action) if one.action else UNCLEAR
        else:
            expression, reply, about = _absent(request, shown, rng), texts.NO, 0
            doing = ABSENT
        # The first word decides.
        answer = [_Piece(reply[:-1], 3.0, about), _Piece(".", 0.1), _Piece("<|im_end|>", 0.1)]
        start = self._add(row, EXISTENCE, texts.existence_question(expression), answer)
        place = start + len(self._encode(f"Is the {expression}")) - 1
        row.asked.append((place, doing))
        row.pointing.append((place, about))

    def _add_behaviour(
        self, row: Row, shown: Sequence[Shown], number: int, rng: np.random.Generator
    ) -> None:
        one, about = shown[number], number + 1
        random = Random(int(rng.integers(2**32)))
        line = draw_line(random, one.expression, one.action, one.target, one.place)
        chased = [i + 1 for i, s in enumerate(shown) if s.expression == one.target]
        # What is chased is looked at; a direction is seen at the one that moves.
        looked_at = {"tail": (chased or [None])[0] if one.action == "chase" else about}
        answer = [
            _Piece(text, _BEHAVIOUR_WEIGHTS[part], looked_at.get(part, about if part else None))
            for text, part in line.parts
        ]
        answer.append(_Piece("<|im_end|>", 0.5))
        start = self._add(row, BEHAVIOUR, texts.behaviour_question(one.expression), answer)
        place = start + len(self._encode(f"What does the {one.expression}")) - 1
        row.asked.append((place, ACTIONS.index(one.action)))
        row.pointing.append((place, about))

    def collate(self, rows: Sequence[Row]) -> Batch:
        """Rows side by side, padded at the end."""
        length = max(len(row.ids) for row in rows)
        ids = np.full((len(rows), length), self.tokenizer.pad_token_id)
        branch = np.full((len(rows), length), -1)
        positions = np.zeros((3, len(rows), length), np.int64)
        targets, asked, pointing = [], [], []
        for i, row in enumerate(rows):
            ids[i, : len(row.ids)] = row.ids
            branch[i, : len(row.ids)] = row.branch
            positions[:, i, : len(row.ids)] = np.concatenate(row.positions, 1)
            targets += [(i * length + place, *rest) for place, *rest in row.targets]
            asked += [(i * length + place, doing) for place, doing in row.asked]
            pointing += [(i, place, about) for place, about in row.pointing]
        places, weights, kinds = (torch.tensor(part) for part in zip(*targets, strict=True))
        at, doing = (torch.tensor(part) for part in zip(*asked, strict=True))
        return Batch(
            torch.from_numpy(ids),
            torch.from_numpy(positions),
            _mask(torch.from_numpy(branch)),
            torch.from_numpy(branch == 0),
            places,
            weights,
            kinds,
            at,
            doing,
            torch.tensor(pointing),
        )


def _mask(branch: Tensor) -> Tensor:
    """A token sees the prefix and its own branch, as far as they come before it."""
    length = branch.shape[1]
    prefix = branch[:, None, :] == 0
    same = branch[:, None, :] == branch[:, :, None]
    seen = torch.ones(length, length, dtype=torch.bool).tril() & (prefix | same)
    seen &= branch[:, None, :] >= 0
    seen |= torch.eye(length, dtype=torch.bool)  # padding sees itself, for a finite softmax
    return torch.zeros(seen.shape, dtype=torch.bfloat16).masked_fill(~seen, -1e4)[:, None]


def _mirror(shown: Shown) -> Shown:
    if shown.action not in _MIRRORED:
        return shown
    return replace(shown, action=_MIRRORED[shown.action])


def _absent(request: Request, shown: Sequence[Shown], rng: np.random.Generator) -> str:
    """An entity that is not there: of the film but elsewhere, nearly one that is, or any."""
    # Seen in a single frame, an entity is neither there nor absent: it is in no list, and a
    # name drawn at random meets it too rarely to matter.
    there = {s.expression for s in shown}
    kind = rng.random()
    if kind < 0.5 and request.absent:
        return str(rng.choice(request.absent))
    if kind < 0.9 and shown:
        options = texts.near_misses(shown[int(rng.integers(len(shown)))].expression)
    else:
        options = all_expressions()
    return str(rng.choice([option for option in options if option not in there]))
