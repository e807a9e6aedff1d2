"""The state of a training: steps, time and weights, in a file to resume from."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

SAVE_EVERY_MINUTES = 3.0


class State:
    """Counts steps and minutes of a phase and keeps its modules in `<folder>/<phase>.safetensors`.

    Minutes are those of the processor spent in steps, divided by its threads: a phase that was
    stopped and resumed, or that shared its machine, trains as long as any other. The optimizers'
    moments are kept too: without them a resumed run stumbles.
    """

    def __init__(self, folder: Path, phase: str, modules: Mapping[str, nn.Module]) -> None:
        self.path = folder / f"{phase}.safetensors"
        self.modules = dict(modules)
        self.step, self.minutes, self.saved_at = 0, 0.0, 0.0
        self.means: dict[str, float] = {}
        self._moments: dict[str, torch.Tensor] = {}
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def exists(self) -> bool:
        return self.path.exists()

    def load(self) -> None:
        """Take weights and counters from the file, if there is one."""
        if not self.exists:
            return
        kept = load_file(self.path)
        self.step = int(kept.pop("step"))
        self.minutes = self.saved_at = float(kept.pop("minutes"))
        self._moments = {k: kept.pop(k) for k in list(kept) if k.startswith("moments.")}
        for name, module in self.modules.items():
            own = {
                k.removeprefix(f"{name}."): v for k, v in kept.items() if k.startswith(f"{name}.")
            }
            # A tied weight is stored once, under its first name.
            module.load_state_dict(own, strict=False)

    def restore(self, *optimizers: torch.optim.Optimizer) -> None:
        """Give the optimizers the moments that `load` found."""
        found: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in self._moments.items():
            _, number, key = name.split(".")
            found.setdefault(int(number), {})[key] = value
        for number, (optimizer, parameter) in enumerate(_parameters(optimizers)):
            if number in found:
                optimizer.state[parameter] = {
                    key: value.to("cpu" if key == "step" else parameter.device)
                    for key, value in found[number].items()
                }
        self._moments = {}

    def count(self, started: float, values: Mapping[str, float]) -> None:
        """One more step, begun at `started` (time.process_time()); keep running means of values."""
        self.step += 1
        self.minutes += (time.process_time() - started) / 60 / torch.get_num_threads()
        for name, value in values.items():
            if value == value:  # a batch may hold nothing of a kind: nan
                self.means[name] = 0.97 * self.means.get(name, value) + 0.03 * value

    def line(self) -> str:
        values = " ".join(f"{name} {value:.3f}" for name, value in self.means.items())
        return f"{self.minutes:.1f} min step {self.step} {values}"

    def save_when_due(self, *optimizers: torch.optim.Optimizer) -> None:
        if self.minutes - self.saved_at >= SAVE_EVERY_MINUTES:
            self.save(*optimizers)

    def save(self, *optimizers: torch.optim.Optimizer) -> None:
        tensors: dict[str, torch.Tensor] = {}
        seen: set[int] = set()
        for name, module in self.modules.items():
            for key, value in module.state_dict().items():
                if value.data_ptr() not in seen or value.numel() == 0:
                    seen.add(value.data_ptr())
                    tensors[f"{name}.{key}"] = value.detach().cpu().contiguous()
        for number, (optimizer, parameter) in enumerate(_parameters(optimizers)):
            for key, value in optimizer.state.get(parameter, {}).items():
                tensors[f"moments.{number}.{key}"] = value.detach().cpu().contiguous()
        tensors["step"] = torch.tensor(self.step)
        tensors["minutes"] = torch.tensor(self.minutes, dtype=torch.float64)
        partial = self.path.with_suffix(".partial")
        save_file(tensors, partial)
        partial.rename(self.path)
        self.saved_at = self.minutes


def _parameters(
    optimizers: Sequence[torch.optim.Optimizer],
) -> list[tuple[torch.optim.Optimizer, nn.Parameter]]:
    return [
        (optimizer, parameter)
        for optimizer in optimizers
        for group in optimizer.param_groups
        for parameter in group["params"]
    ]
