"""The training loop of the text-LLM teacher: mixed roles, resumable, by CPU time."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from drawn_world.teachers.llm.model import COPYING_PARTS, shared_prefix_states
from drawn_world.teachers.llm.samples import Sample
from strefer.videollm.architecture.precision import mixed_precision

CHECKPOINT_EVERY_S = 120.0
WARM_UP_STEPS, CLIP_NORM = 40, 1.0
MATRIX_RATE, OTHER_RATE = 2e-3, 1e-3
COPYING_SHARE = 0.1  # of the rate, for the copying circuit: at the full rate it is soon forgotten
BLOCK_STEPS = 4  # samples are drawn for this many steps at once and sorted by length: less padding


@dataclass(frozen=True)
class Role:
    """One kind of exercise. `draw(random, part, n)` gives n samples for a run of which `part` is
    over, `rows` is how many a step; `weight(part)` is the role's share in the loss, and a role of
    weight 0 is not drawn at all."""

    name: str
    draw: Callable[[Random, float, int], Sequence[Sample]]
    rows: int
    weight: Callable[[float], float] = lambda part: 1.0


@dataclass
class Progress:
    """How far a training run is; kept beside its checkpoint."""

    step: int = 0
    cpu_s: float = 0.0


def chat_ids(tokenizer: PreTrainedTokenizerBase, sample: Sample) -> tuple[list[int], list[int]]:
    """Token ids of the prompt (up to where the reply begins) and of the reply with its end."""
    messages = [{"role": "user", "content": sample.prompt}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    prompt = tokenizer(text, add_special_tokens=False).input_ids
    reply = tokenizer(sample.reply, add_special_tokens=False).input_ids
    return prompt, [*reply, tokenizer.eos_token_id]


def collate(
    pairs: Sequence[tuple[list[int], list[int]]], pad: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The shared prefix [P], the branches [B, L] and their targets [B, L] (-100: no loss)."""
    prompts = [prompt for prompt, _ in pairs]
    first = prompts[0]
    n_shared = min(len(p) for p in prompts) - 1
    for prompt in prompts[1:]:
        same = (i for i, (a, b) in enumerate(zip(first, prompt, strict=False)) if a != b)
        n_shared = min(n_shared, next(same, n_shared))
    n_branch = max(len(p) + len(r) for p, r in pairs) - n_shared - 1
    branches = torch.full((len(pairs), n_branch), pad)
    targets = torch.full((len(pairs), n_branch), -100)
    for row, (prompt, reply) in enumerate(pairs):
        ids = (prompt + reply)[n_shared:]
        branches[row, : len(ids) - 1] = torch.tensor(ids[:-1])
        begin = len(prompt) - n_shared - 1
        targets[row, begin : begin + len(reply)] = torch.tensor(reply)
    return torch.tensor(first[:n_shared]), branches, targets


def role_loss(
    model: LlamaForCausalLM, batch: tuple[torch.Tensor, ...], device: str
) -> tuple[torch.Tensor, float]:
    """Mean cross-entropy of the reply's tokens, and the share of replies right in every token."""
    prefix, branches, targets = (part.to(device) for part in batch)
    with mixed_precision(device):
        hidden = shared_prefix_states(model, prefix, branches)
        counted = targets >= 0
        logits = model.lm_head(hidden[counted]).float()
    wanted = targets[counted]
    loss = torch.nn.functional.cross_entropy(logits, wanted)
    wrong = torch.zeros(len(targets), device=device)
    wrong.index_add_(0, counted.nonzero()[:, 0], (logits.argmax(-1) != wanted).float())
    return loss, (wrong == 0).float().mean().item()


def build_optimizers(model: LlamaForCausalLM) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the blocks' matrices (slow where copying is laid out), AdamW for all else."""
    named = list(model.named_parameters())
    blocks = [(n, p) for n, p in named if p.ndim == 2 and "embed" not in n]
    copying = [p for n, p in blocks if n.startswith(COPYING_PARTS)]
    free = [p for n, p in blocks if not n.startswith(COPYING_PARTS)]
    others = [p for n, p in named if p.ndim != 2 or "embed" in n]
    muon = torch.optim.Muon(
        [
            {"params": copying, "full_rate": MATRIX_RATE * COPYING_SHARE},
            {"params": free, "full_rate": MATRIX_RATE},
        ],
        weight_decay=0.02,
        adjust_lr_fn="match_rms_adamw",
    )
    adam = torch.optim.AdamW(
        [{"params": others, "full_rate": OTHER_RATE}], betas=(0.9, 0.98), weight_decay=0.0
    )
    return muon, adam


class Trainer:
    """Trains a model on roles, keeps checkpoints in `work_dir` and resumes from them."""

    def __init__(
        self,
        model: LlamaForCausalLM,
        tokenizer: PreTrainedTokenizerBase,
        roles: Sequence[Role],
        work_dir: Path,
        *,
        seed: int,
        threads: int,
        device: str,
    ) -> None:
        self.model, self.tokenizer, self.roles = model.to(device), tokenizer, roles
        self.work_dir, self.seed, self.threads, self.device = work_dir, seed, threads, device
        self.optimizers = build_optimizers(model)
        self.progress = Progress()
        self._blocks: dict[int, list[list[tuple[torch.Tensor, ...]]]] = {}
        if (work_dir / "progress.json").exists():
            self._resume()

    def run(self, minutes: float) -> Progress:
        """Train until `minutes` of CPU time a thread (wall time on other devices) are used up."""
        clock = time.process_time if self.device == "cpu" else time.perf_counter
        scale = self.threads if self.device == "cpu" else 1
        begin, used_before = clock(), self.progress.cpu_s
        saved = used_before
        seen: dict[str, float] = {}
        while self.progress.cpu_s < minutes * 60:
            self._step(self.progress.cpu_s / (minutes * 60), seen)
            self.progress.step += 1
            self.progress.cpu_s = used_before + (clock() - begin) / scale
            if self.progress.step % 25 == 0:
                figures = " ".join(f"{name} {value:.3f}" for name, value in seen.items())
                print(
                    f"{self.progress.cpu_s / 60:.1f} min, step {self.progress.step}: {figures}",
                    flush=True,
                )
            if self.progress.cpu_s - saved > CHECKPOINT_EVERY_S:
                saved = self.progress.cpu_s
                self.save()
        self.save()
        return self.progress

    def _step(self, part: float, seen: dict[str, float]) -> None:
        block, number = divmod(self.progress.step, BLOCK_STEPS)
        if block not in self._blocks:
            self._blocks = {block: [self._draw_block(role, block, part) for role in self.roles]}
        for role, batches in zip(self.roles, self._blocks[block], strict=True):
            if not batches:
                continue
            weight, batch = role.weight(part), batches[number]
            loss, exact = role_loss(self.model, batch, self.device)
            (weight * loss).backward()
            for key, value in ((f"{role.name} loss", loss.item()), (f"{role.name} exact", exact)):
                seen[key] = 0.95 * seen.get(key, value) + 0.05 * value
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP_NORM)
        factor = min(1.0, (self.progress.step + 1) / WARM_UP_STEPS) * decay(part)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["full_rate"] * factor
            optimizer.step()
            optimizer.zero_grad()

    def _draw_block(self, role: Role, block: int, part: float) -> list[tuple[torch.Tensor, ...]]:
        """One batch for each step of the block; each with samples of like length."""
        if role.weight(part) == 0:
            return []
        random = Random(f"{self.seed}/{role.name}/{block}")
        drawn = role.draw(random, part, role.rows * BLOCK_STEPS)
        pairs = sorted((chat_ids(self.tokenizer, s) for s in drawn), key=lambda p: len(p[0] + p[1]))
        batches = [
            collate(pairs[i : i + role.rows], self.tokenizer.pad_token_id)
            for i in range(0, len(pairs), role.rows)
        ]
        random.shuffle(batches)
        return batches

    def save(self) -> None:
        """Write weights, optimizer state and progress; the progress last, so that a kill between
        two files is noticed as a missing or older one."""
        self.work_dir.mkdir(parents=True, exist_ok=True)
        save_file(self._tensors(), self.work_dir / "training.safetensors")
        temporary = self.work_dir / "progress.json.tmp"
        temporary.write_text(json.dumps(vars(self.progress), sort_keys=True))
        temporary.replace(self.work_dir / "progress.json")

    def _tensors(self) -> dict[str, torch.Tensor]:
        tensors = {f"model.{n}": p.detach() for n, p in self.model.named_parameters()}
        for number, optimizer in enumerate(self.optimizers):
            for index, state in optimizer.state_dict()["state"].items():
                for name, value in state.items():
                    tensors[f"optimizer{number}.{index}.{name}"] = value
        return {name: value.contiguous() for name, value in tensors.items()}

    def _resume(self) -> None:
        tensors = load_file(self.work_dir / "training.safetensors", device=self.device)
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(tensors[f"model.{name}"])
        for number, optimizer in enumerate(self.optimizers):
            whole = optimizer.state_dict()
            states: dict[int, dict[str, torch.Tensor]] = {}
            for name, value in tensors.items():
                owner, _, rest = name.partition(".")
                if owner == f"optimizer{number}":
                    index, _, key = rest.partition(".")
                    states.setdefault(int(index), {})[key] = value
            optimizer.load_state_dict({**whole, "state": states})
        self.progress = Progress(**json.loads((self.work_dir / "progress.json").read_text()))


def decay(part: float) -> float:
    """Learning-rate factor: flat to 55% of the run, then down along a cosine to 3%."""
    if part < 0.55:
        return 1.0
    return 0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * (part - 0.55) / 0.45))
