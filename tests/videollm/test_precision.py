"""bfloat16 is used only where the machine computes in it by itself."""

from pathlib import Path

import pytest
import torch

from strefer.videollm.architecture.precision import has_bfloat16, mixed_precision, weights_type
from strefer.videollm.options import TrainingOptions


@pytest.mark.parametrize(("flags", "has"), [({"avx2": True, "avx512_bf16": False}, False),
                                            ({"avx2": True, "amx_bf16": True}, True)])  # fmt: skip
def test_a_processor_without_bfloat16_trains_in_float32(monkeypatch, flags, has):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert has_bfloat16("cpu") is has
    assert TrainingOptions(bf16=True).arguments(0, Path("unused")).bf16 is has
    with mixed_precision("cpu"):
        assert torch.is_autocast_enabled("cpu") is has


def test_other_devices_are_left_to_themselves(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert has_bfloat16("cuda:0")


def test_frozen_weights_are_halved_on_gpus_alone():
    assert weights_type("cuda:1") is torch.bfloat16
    assert weights_type("cuda", bf16=False) is torch.float32
    assert weights_type("cpu") is torch.float32
