"""The vision tower of a Qwen2-VL model as the frozen encoder: two neighbouring frames a patch."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForImageTextToText
from transformers.models.qwen2_vl.configuration_qwen2_vl import Qwen2VLVisionConfig
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VisionTransformerPretrainedModel

from strefer.videollm.architecture.attention import sinusoids

MODEL_TYPE = "qwen2_vl"
_MOST_PX = 448  # side of a frame, where the processor allows more
_PROCESSOR_FILES = ("processor_config.json", "preprocessor_config.json")


class QwenTower(nn.Module):
    """Normalized frames → patch features, as the merger for the model's own LLM sees them: after
    its norm. The tower knows only the patches' relative positions, and its own LLM gets their
    absolute ones as position ids: here each feature also contains an encoding of its position."""

    def __init__(self, config: dict[str, Any], image_size: int) -> None:
        super().__init__()
        self.model = Qwen2VisionTransformerPretrainedModel(Qwen2VLVisionConfig(**config))
        self.model.merger = self.model.merger.ln_q
        sizes = self.model.config
        self.together, self.merge = sizes.temporal_patch_size, sizes.spatial_merge_size
        self.patch_size, self.width = sizes.patch_size, sizes.embed_dim
        self.image_size = image_size

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """pixels [F, 3, H, W], neighbours in time → [F, S, S, D]. Frames that are seen together
        have the same features; a frame left over is seen twice."""
        n_frames, side = len(pixels), self.image_size // self.patch_size
        missing = -n_frames % self.together
        pixels = torch.cat([pixels, pixels[-1:].expand(missing, -1, -1, -1)])
        # The order of transformers' processor: blocks of merged patches, then channels and frames.
        blocks = side // self.merge
        cut = pixels.unflatten(0, (-1, self.together))
        cut = cut.unflatten(3, (blocks, self.merge, self.patch_size))
        cut = cut.unflatten(6, (blocks, self.merge, self.patch_size))
        patches = cut.permute(0, 3, 6, 4, 7, 2, 1, 5, 8).flatten(5).flatten(0, 4)
        grid = torch.tensor([[1, side, side]], device=pixels.device)
        states = self.model(patches, grid_thw=grid.repeat(len(cut), 1)).pooler_output
        states = states.view(len(cut), blocks, blocks, self.merge, self.merge, self.width)
        states = states.transpose(2, 3).flatten(1, 2).flatten(2, 3)
        states = states + place_codes(side, self.width).to(states)
        return states.repeat_interleave(self.together, dim=0)[:n_frames]


def place_codes(side: int, width: int) -> torch.Tensor:
    """Codes of the rows and columns of a grid, [side, side, width]."""
    codes = sinusoids(torch.arange(side), width // 2, longest=float(side))
    rows, columns = codes[:, None].expand(-1, side, -1), codes[None].expand(side, -1, -1)
    return torch.cat([rows, columns], dim=-1)


def qwen_spec(model: str, config: Any) -> dict[str, Any]:
    """The specification of the encoder in a folder (or hub id) of a Qwen2-VL."""
    seen = _processor(model)
    vision, dropped = config.to_diff_dict(), {"model_type", "dtype", "transformers_version"}
    step = config.patch_size * config.spatial_merge_size
    side = min(math.isqrt(int(seen["size"]["longest_edge"])), _MOST_PX) // step * step
    return {
        "library": MODEL_TYPE,
        "config": {k: v for k, v in vision.items() if k not in dropped},
        "image_size": side,
        "mean": list(seen["image_mean"]),
        "std": list(seen["image_std"]),
    }


def _processor(model: str) -> dict[str, Any]:
    folder = Path(model)
    if not folder.is_dir():
        from huggingface_hub import hf_hub_download

        return json.loads(Path(hf_hub_download(model, _PROCESSOR_FILES[1])).read_text())
    for name in _PROCESSOR_FILES:
        if (folder / name).is_file():
            found = json.loads((folder / name).read_text(encoding="utf-8"))
            return found.get("image_processor", found)
    raise ValueError(f"vision model {model!r}: none of {', '.join(_PROCESSOR_FILES)} in the folder")


def load_qwen_tower(tower: QwenTower, model: str) -> None:
    """Fill a tower with the weights of a Qwen2-VL."""
    whole = AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32)
    known = tower.model.state_dict().keys()
    weights = whole.model.visual.state_dict()
    source = {k.replace("merger.ln_q.", "merger."): v for k, v in weights.items()}
    tower.model.load_state_dict({k: v for k, v in source.items() if k in known})
