"""The frozen vision encoder: frames → a grid of patch features.

SigLIP-class encoders of two libraries, open_clip and transformers (the features are those after
the last block and its norm), and the vision tower of a Qwen2-VL.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from strefer.videollm.architecture.vision_qwen import MODEL_TYPE as QWEN
from strefer.videollm.architecture.vision_qwen import QwenTower, load_qwen_tower, qwen_spec

# Images of SigLIP are brought to [-1, 1]; open_clip folders say their own values.
_HALF = [0.5, 0.5, 0.5]
_OPEN_CLIP = "open_clip:"
_WEIGHTS = "open_clip_model.safetensors"


class VisionEncoder(nn.Module):
    """uint8 frames → patch features [F, S, S, D], without gradients. `together` neighbouring frames
    are encoded as one; each film's number of frames must be a multiple of it."""

    together = 1

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__()
        self.library = spec["library"]
        self.mean, self.std = tuple(spec["mean"]), tuple(spec["std"])
        if self.library == "open_clip":
            from open_clip.model import _build_vision_tower  # the class depends on the settings

            self.tower = _build_vision_tower(spec["embed_dim"], spec["vision_cfg"])
            self.image_size, self.patch_size, self.width = _open_clip_sizes(self.tower)
        elif self.library == "siglip":
            from transformers import SiglipVisionConfig, SiglipVisionModel

            config = SiglipVisionConfig(**spec["config"], vision_use_head=False)
            self.tower = SiglipVisionModel(config)
            self.image_size, self.patch_size = config.image_size, config.patch_size
            self.width = config.hidden_size
        elif self.library == QWEN:
            self.tower = QwenTower(spec["config"], spec["image_size"])
            self.image_size, self.patch_size = self.tower.image_size, self.tower.patch_size
            self.width, self.together = self.tower.width, self.tower.together
        else:
            raise ValueError(f"vision library is {self.library!r}, not open_clip, siglip or {QWEN}")
        self.requires_grad_(False)
        self.eval()

    @property
    def side(self) -> int:
        """Cells along a side of the feature grid."""
        return self.image_size // self.patch_size

    def train(self, mode: bool = True) -> VisionEncoder:
        """Stays in evaluation mode: it is frozen."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """frames uint8 RGB [F, H, W, 3] of any size → [F, S, S, D]."""
        kind = next(self.tower.parameters()).dtype
        pixels = frames.permute(0, 3, 1, 2).float() / 255
        if pixels.shape[-2:] != (self.image_size, self.image_size):
            pixels = nn.functional.interpolate(
                pixels, (self.image_size, self.image_size), mode="bicubic", antialias=True
            ).clamp(0, 1)
        mean, std = pixels.new_tensor(self.mean), pixels.new_tensor(self.std)
        pixels = ((pixels - mean[:, None, None]) / std[:, None, None]).to(kind)
        if self.library == QWEN:
            return self.tower(pixels)
        if self.library == "siglip":
            grid = self.tower(pixel_values=pixels).last_hidden_state
            return grid.unflatten(1, (self.side, self.side))
        found = self.tower.forward_intermediates(
            pixels, indices=1, normalize_intermediates=True, intermediates_only=True
        )
        return found["image_intermediates"][-1].permute(0, 2, 3, 1)


def _open_clip_sizes(tower: nn.Module) -> tuple[int, int, int]:
    """Image size, patch size and feature width of an open_clip tower."""
    trunk = getattr(tower, "trunk", None)
    if trunk is not None:  # a model of timm
        return trunk.patch_embed.img_size[0], trunk.patch_embed.patch_size[0], trunk.num_features
    if not hasattr(tower, "patch_size"):
        raise ValueError(
            "open_clip tower without patches: the Video LLM needs a vision transformer"
        )
    return tower.image_size[0], tower.patch_size[0], tower.conv1.out_channels


def local_folder(model: str) -> Path | None:
    """The folder that a model's name is, if it is one."""
    folder = Path(model.removeprefix(_OPEN_CLIP))
    return folder if folder.is_dir() else None


def vision_spec(model: str) -> dict[str, Any]:
    """The specification of an encoder: a local folder of either library (`open_clip:` may stand
    in front), `open_clip:<architecture>/<weights>`, or an id of the hub (SigLIP, Qwen2-VL).

    Raises:
        ValueError: if the folder does not contain such a model.
    """
    folder = local_folder(model)
    if folder is None and model.startswith(_OPEN_CLIP):
        from open_clip import get_model_config

        name = model.removeprefix(_OPEN_CLIP).split("/")[0]
        found = get_model_config(name)
        if found is None:
            raise ValueError(f"vision model {model!r}: open_clip has no architecture {name!r}")
        return _open_clip_spec(found, {"mean": _HALF, "std": _HALF})
    if folder is not None and (folder / "open_clip_config.json").is_file():
        described = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))
        return _open_clip_spec(described["model_cfg"], described.get("preprocess_cfg", {}))
    if folder is not None and not (folder / "config.json").is_file():
        raise ValueError(f"vision model {model!r}: neither open_clip_config.json nor config.json")
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder or model)
    whole, config = config.model_type, getattr(config, "vision_config", config)
    if whole == QWEN:
        return qwen_spec(model, config)
    if config.model_type != "siglip_vision_model":
        raise ValueError(f"vision model {model!r} is {whole!r}, not SigLIP or Qwen2-VL")
    return {"library": "siglip", "config": _plain(config), "mean": _HALF, "std": _HALF}


def _plain(config: Any) -> dict[str, Any]:
    dropped = {"vision_use_head", "model_type", "transformers_version"}
    return {k: v for k, v in config.to_diff_dict().items() if k not in dropped}


def _open_clip_spec(model: dict[str, Any], preprocess: dict[str, Any]) -> dict[str, Any]:
    cfg = {k: v for k, v in model["vision_cfg"].items() if k != "timm_model_pretrained"}
    if "timm_model_name" in cfg:
        cfg["timm_model_pretrained"] = False
    return {
        "library": "open_clip",
        "embed_dim": model["embed_dim"],
        "vision_cfg": cfg,
        "mean": list(preprocess.get("mean") or _HALF),
        "std": list(preprocess.get("std") or _HALF),
    }


def load_vision_weights(encoder: VisionEncoder, model: str) -> None:
    """Fill an encoder built from `vision_spec(model)` with the model's weights."""
    from safetensors.torch import load_file

    if encoder.library == "open_clip":
        folder = local_folder(model)
        if folder is None:
            import open_clip

            name, _, tag = model.removeprefix(_OPEN_CLIP).partition("/")
            source = open_clip.create_model(name, pretrained=tag).visual.state_dict()
        else:
            weights = load_file(folder / _WEIGHTS)
            source = {
                k.removeprefix("visual."): v for k, v in weights.items() if k.startswith("visual.")
            }
        encoder.tower.load_state_dict(source)
        return
    if encoder.library == QWEN:
        load_qwen_tower(encoder.tower, model)
        return
    from transformers import SiglipVisionModel

    source = SiglipVisionModel.from_pretrained(model).state_dict()
    known = encoder.tower.state_dict().keys()
    encoder.tower.load_state_dict({k: v for k, v in source.items() if k in known})
