"""Use bfloat16 if it saves time: on GPUs, and on processors that have instructions for it.

A processor without them computes in bfloat16 about ten times slower than in float32.
"""

from __future__ import annotations

import torch


def has_bfloat16(device: str) -> bool:
    """True if the device ("cpu", "cuda", …) computes in bfloat16 natively."""
    if torch.device(device).type != "cpu":
        return True
    return any(has for name, has in torch.cpu.get_capabilities().items() if "bf16" in name)


def mixed_precision(device: str) -> torch.autocast:
    """Products in bfloat16 where that saves time; a context."""
    kind = torch.device(device).type
    return torch.autocast(kind, torch.bfloat16, enabled=has_bfloat16(device))


def weights_type(device: str, bf16: bool = True) -> torch.dtype:
    """The type that a large model's frozen weights are loaded in: bfloat16 if wanted, but float32
    on a processor of any kind, so that all of them compute the same."""
    return torch.bfloat16 if bf16 and torch.device(device).type != "cpu" else torch.float32
