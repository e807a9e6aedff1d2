"""Training the whole video LLM on requests: first on a tower at rest, then with it."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface, Qwen2Tokenizer, Qwen2VLForConditionalGeneration

from drawn_world.teachers.training_state import State
from drawn_world.teachers.video_llm.data import Pool, Request
from drawn_world.teachers.video_llm.model import CELLS
from drawn_world.teachers.video_llm.rows import ABSENT, KINDS, UNCLEAR, Batch, RowWriter
from drawn_world.teachers.video_llm.scenes import N_CLASSES, WORDS
from drawn_world.teachers.video_llm.tower_training import DenseHeads, encode, to_patches
from drawn_world.vocabulary import ACTIONS
from strefer.videollm.architecture.precision import mixed_precision

_WARM_UP_STEPS = 60
# Heads that are told where to look; the layer before them has gathered the words of a name.
_POINTING_LAYERS = (1, 2)
_POINTING_HEADS = 2
# How much more often than others a request is drawn in which two entities share a colour (else the
# model tells entities by their colour alone), or one chases another (which is rare).
_SHARED_COLOUR_WEIGHT, _CHASE_WEIGHT = 2.0, 3.0


@dataclass(frozen=True)
class Plan:
    """How a phase trains. With `tower_lr` 0 the tower rests and its tokens are kept."""

    films: int
    minutes: float
    rows: int
    lr: float
    tower_lr: float
    flat_share: float  # of the phase, before the learning rate falls


class LanguageHeads(nn.Module):
    """Shortcuts for the gradient, for training only: what the entity in a cell does, and what the
    entity that a question names does (or that it is absent)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.of_cell = nn.Linear(hidden, len(ACTIONS))
        self.of_noun = nn.Linear(hidden, len(ACTIONS) + 1)


@torch.no_grad()
def start_from_tower(
    model: Qwen2VLForConditionalGeneration, dense: DenseHeads, tokenizer: Qwen2Tokenizer
) -> None:
    """Begin the language model where the pre-trained tower left off.

    The words for what a cell shows are embedded as the directions by which the tower's own heads
    read it, so that words and cells speak one language from the start.
    """
    embedding = model.model.language_model.embed_tokens.weight
    embedding.normal_(0, embedding.shape[1] ** -0.5)
    first = 0
    for size, words in zip(N_CLASSES, WORDS, strict=True):
        rows = dense.of_cell.weight[first : first + size]
        rows = F.normalize(rows - rows.mean(0), dim=-1)
        first += size
        for row, word in zip(rows[1:], words, strict=True):
            token = tokenizer(f" {word}", add_special_tokens=False).input_ids
            if len(token) == 1:
                embedding[token[0]] = row


def _plain_attention(module, query, key, value, attention_mask, **_) -> tuple[Tensor, None]:
    scores = torch.matmul(query.to(value.dtype) * query.shape[-1] ** -0.5, key.mT.to(value.dtype))
    shares = torch.softmax(scores + attention_mask, -1)
    if module.layer_idx in _POINTING_LAYERS:
        module.pointing_shares = shares[:, :_POINTING_HEADS]
    return torch.matmul(shares, value).transpose(1, 2).contiguous(), None


AttentionInterface.register("strefer_plain", _plain_attention)


class TokenStore:
    """The visual tokens of a pool's requests, each computed once: the tower is at rest."""

    def __init__(self, pool: Pool, model: Qwen2VLForConditionalGeneration, device: str) -> None:
        self.pool, self.tower, self.device = pool, model.model.visual, device
        self.kept: dict[int, Tensor] = {}

    @torch.no_grad()
    def tokens(self, numbers: np.ndarray) -> Tensor:
        """bfloat16 [pairs of all the requests, CELLS**2, hidden]."""
        missing = [n for n in numbers.tolist() if n not in self.kept]
        if missing:
            frames = [self.pool.frames(n) for n in missing]
            patches = to_patches(torch.from_numpy(np.concatenate(frames)).to(self.device))
            with mixed_precision(self.device):
                tokens = encode(self.tower, patches)[1].bfloat16()
            parts = tokens.split([len(part) for part in frames])
            self.kept.update((n, part.clone()) for n, part in zip(missing, parts, strict=True))
        return torch.cat([self.kept[n] for n in numbers.tolist()])


def train_phase(
    model: Qwen2VLForConditionalGeneration,
    heads: LanguageHeads,
    writer: RowWriter,
    pool: Pool,
    state: State,
    plan: Plan,
    seed: int,
    device: str,
    log: Callable[[str], None],
) -> None:
    """Train for `plan.minutes` in all, going on from `state`."""
    text = model.model.language_model
    text.config._attn_implementation = "strefer_plain"
    tower = list(model.model.visual.parameters())
    rest = [p for name, p in model.named_parameters() if "visual" not in name]
    groups = [{"params": [*rest, *heads.parameters()], "scale": 1.0}]
    if plan.tower_lr:
        groups.append({"params": tower, "scale": plan.tower_lr / plan.lr})
    optimizer = torch.optim.AdamW(groups, lr=plan.lr, betas=(0.9, 0.98), weight_decay=0.02)
    state.restore(optimizer)
    store = None if plan.tower_lr else TokenStore(pool, model, device)
    chances = _chances(pool, writer.others)
    while (share := state.minutes / plan.minutes) < 1:
        started = time.process_time()
        rng = np.random.default_rng([seed, 4, int(bool(store)), state.step])
        numbers = rng.choice(len(pool.requests), plan.rows, replace=False, p=chances)
        mirrored = rng.random(plan.rows) < (0.0 if store else 0.5)
        rows = [
            writer.row(pool.requests[n], rng, bool(turned))
            for n, turned in zip(numbers, mirrored, strict=True)
        ]
        batch = writer.collate(rows).to(device)
        owners, actions = (part.to(device) for part in _cells(pool, numbers, mirrored))
        tokens = store.tokens(numbers) if store else _encode(model, pool, numbers, mirrored, device)
        loss, values = _losses(model, heads, writer, batch, tokens, owners, actions)
        loss.backward()
        nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 1.0)
        lr = plan.lr * min(1, (state.step + 1) / _WARM_UP_STEPS) * _decay(share, plan.flat_share)
        for group in optimizer.param_groups:
            group["lr"] = lr * group["scale"]
        optimizer.step()
        optimizer.zero_grad()
        state.count(started, {"loss": loss.item(), **values})
        if state.step % 25 == 0:
            log(f"{state.path.stem} {state.line()} lr {lr:.1e}")
        state.save_when_due(optimizer)
    state.save(optimizer)
    text.config._attn_implementation = "sdpa"


def _decay(share: float, flat_share: float) -> float:
    falling = max(0.0, share - flat_share) / (1 - flat_share)
    return 0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * falling))


def _chances(pool: Pool, films: float) -> np.ndarray:
    weights = np.array([films if request.kind == "film" else 1.0 for request in pool.requests])
    for number, request in enumerate(pool.requests):
        if _shares_colour(request):
            weights[number] *= _SHARED_COLOUR_WEIGHT
        if any(s.action == "chase" for s in request.shown):
            weights[number] *= _CHASE_WEIGHT
    return weights / weights.sum()


def _shares_colour(request: Request) -> bool:
    """Two entities of one colour, of clothes or otherwise."""
    words = [s.expression.split() for s in request.shown]
    colours = [w[-2] if len(w) > 2 else w[0] for w in words]
    return len(set(colours)) < len(colours)


def _cells(pool: Pool, numbers: np.ndarray, mirrored: np.ndarray) -> tuple[Tensor, Tensor]:
    """Of every cell its entity (1 + its place among the shown, or 0) and what that does (place in
    ACTIONS, or UNCLEAR): int64 [pairs of all the requests, CELLS**2] each."""
    swapped = np.arange(len(ACTIONS) + 1)  # the last stands for -1
    left, right = ACTIONS.index("move_left"), ACTIONS.index("move_right")
    swapped[[left, right, -1]] = right, left, -1
    owners, actions = [], []
    for number, turned in zip(numbers.tolist(), mirrored, strict=True):
        own, does = pool.cells(number).astype(np.int64), pool.actions(number)
        if turned:
            own, does = (
                part.reshape(-1, CELLS, CELLS)[:, :, ::-1].reshape(-1, CELLS**2)
                for part in (own, swapped[does])
            )
        owners.append(own)
        actions.append(np.where(does < 0, UNCLEAR, does))
    return torch.from_numpy(np.concatenate(owners)), torch.from_numpy(np.concatenate(actions))


def _encode(
    model: Qwen2VLForConditionalGeneration,
    pool: Pool,
    numbers: np.ndarray,
    mirrored: np.ndarray,
    device: str,
) -> Tensor:
    frames = [
        pool.frames(n)[:, :, :, ::-1] if turned else pool.frames(n)
        for n, turned in zip(numbers.tolist(), mirrored, strict=True)
    ]
    patches = to_patches(torch.from_numpy(np.concatenate(frames)).to(device))
    with mixed_precision(device):
        return encode(model.model.visual, patches)[1]


def _losses(
    model: Qwen2VLForConditionalGeneration,
    heads: LanguageHeads,
    writer: RowWriter,
    batch: Batch,
    tokens: Tensor,
    owners: Tensor,
    actions: Tensor,
) -> tuple[Tensor, dict[str, float]]:
    text = model.model.language_model
    device = batch.ids.device.type
    with mixed_precision(device):
        inputs = text.embed_tokens(batch.ids)
        seen = (batch.ids == writer.video_id)[..., None]
        inputs = inputs.masked_scatter(seen, tokens.to(inputs.dtype))
        hidden = text(
            inputs_embeds=inputs,
            position_ids=batch.positions,
            attention_mask={"full_attention": batch.mask},
            use_cache=False,
        ).last_hidden_state
        flat = hidden.reshape(-1, hidden.shape[-1])
        logits = model.lm_head(flat[batch.targets - 1])
    wanted = batch.ids.view(-1)[batch.targets]
    each = F.cross_entropy(logits.float(), wanted, reduction="none")
    right = logits.argmax(-1) == wanted
    loss, values = torch.zeros((), device=batch.ids.device), {}
    for kind, name in enumerate(KINDS):
        chosen = batch.kinds == kind
        if chosen.any():
            weights = batch.weights[chosen]
            loss = loss + (each[chosen] * weights).sum() / weights.sum()
            judged = chosen & (batch.weights >= 1)
            values[name] = right[judged].float().mean().item()
    extra, more = _head_losses(heads, batch, flat, seen[..., 0], actions)
    pointing = _pointing_loss(text, batch, seen[..., 0], owners)
    values = {**values, **more, "pointing": pointing.neg().exp().item()}
    return loss + extra + pointing, values


def _pointing_loss(text: nn.Module, batch: Batch, seen: Tensor, owners: Tensor) -> Tensor:
    """Some heads look at the cells of the entity that a token is about, and at the tokens around
    the frames where it is absent: -log of the share of attention that they give to them.

    Without it, that a word belongs to a cell must be found out from right and wrong answers.
    """
    # 0 is an absent entity's place: what is there is the prefix around the frames.
    owner = torch.full(batch.ids.shape, -1, device=batch.ids.device)
    owner[batch.prefix] = 0
    owner[seen] = torch.where(owners.view(-1) > 0, owners.view(-1), -1)
    row, place, about = batch.pointing.unbind(1)
    wanted = owner[row] == about[:, None]
    findable = wanted.any(1)
    row, place, wanted = row[findable], place[findable], wanted[findable]
    losses = []
    for layer in _POINTING_LAYERS:
        shares = text.layers[layer].self_attn.pointing_shares[row, :, place].float()
        losses.append(-((shares * wanted[:, None]).sum(-1) + 1e-3).log().mean())
    return torch.stack(losses).mean()


def _head_losses(
    heads: LanguageHeads, batch: Batch, flat: Tensor, seen: Tensor, actions: Tensor
) -> tuple[Tensor, dict[str, float]]:
    at_cells = flat[seen.view(-1)].float()
    known = actions.view(-1) != UNCLEAR
    cell_logits, cell_wanted = heads.of_cell(at_cells[known]), actions.view(-1)[known]
    loss = F.cross_entropy(cell_logits, cell_wanted)
    noun_logits = heads.of_noun(flat[batch.asked].float())
    weight = torch.ones(ABSENT + 1, device=flat.device)
    weight[ABSENT] = 0.5
    loss = loss + F.cross_entropy(noun_logits, batch.doing, weight, ignore_index=UNCLEAR)
    clear = batch.doing != UNCLEAR
    values = {
        "cell": (cell_logits.argmax(-1) == cell_wanted).float().mean().item(),
        "noun": (noun_logits.argmax(-1) == batch.doing)[clear].float().mean().item(),
    }
    return loss, values
