"""The embedder: images and texts in one space, by SigLIP-class models of open_clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from strefer.agents.environments import telling_of_packages


class Embedder(Protocol):
    """A loaded embedder. `image_px` is the side of the squares that it sees."""

    image_px: int

    def best_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The width and height in pixels to which frames of a film of `size` are best scaled before
        they are embedded: more would be looked at by nobody."""
        ...

    def embed_images(self, frames: np.ndarray) -> np.ndarray:
        """uint8 RGB [B, H, W, 3] → float32 [B, D], unit length."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """→ float32 [B, D], unit length."""
        ...


@telling_of_packages("embedder")
def load_embedder(spec: Mapping[str, Any]) -> Embedder:
    """Load the embedder that a specification names.

    Raises:
        ValueError: if there is no such adapter.
    """
    adapter = spec.get("adapter")
    if adapter == "open_clip":
        return OpenClipEmbedder(spec)
    raise ValueError(
        f"configuration: agents.embedder.adapter is {adapter!r}; it must be 'open_clip'"
    )


class OpenClipEmbedder:
    """open_clip's models: a local folder, or `<architecture>/<pretrained tag>` as open_clip names
    them (for example ViT-SO400M-14-SigLIP-384/webli)."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        import open_clip
        import torch

        name, tag = str(spec["model"]), None
        if Path(name).is_dir():
            name = f"local-dir:{name}"
        elif "/" in name and not name.startswith("hf-hub:"):
            name, tag = name.rsplit("/", 1)
        device = spec.get("device", "auto")
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._torch, self._device = torch, device
        self._max_batch = spec.get("max_batch", 16)
        self.model, self._transform = open_clip.create_model_from_pretrained(
            name, pretrained=tag, device=device
        )
        self.model.eval().to(getattr(torch, spec.get("dtype", "float32")))
        self._tokenizer = open_clip.get_tokenizer(name)
        self._preprocess = open_clip.get_model_preprocess_cfg(self.model)
        size = self._preprocess["size"]
        self._image_size = (size, size) if isinstance(size, int) else tuple(size)  # rows, columns
        self.image_px = int(min(self._image_size))

    def best_size(self, size: tuple[int, int]) -> tuple[int, int]:
        if self._preprocess["resize_mode"] == "squash":
            return self._image_size[::-1]
        # The model's own transform scales and crops: of a large film that is most work.
        factor = min(2 * self.image_px / min(size), 1.0)
        return round(size[0] * factor), round(size[1] * factor)

    def embed_images(self, frames: np.ndarray) -> np.ndarray:
        torch = self._torch
        parts = []
        with torch.inference_mode():
            for start in range(0, len(frames), self._max_batch):
                pixels = self._to_pixels(frames[start : start + self._max_batch])
                parts.append(self.model.encode_image(pixels, normalize=True).float().cpu())
        return torch.cat(parts).numpy() if parts else np.zeros((0, 0), np.float32)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        torch = self._torch
        parts = []
        with torch.inference_mode():
            for start in range(0, len(texts), self._max_batch):
                tokens = self._tokenizer(list(texts[start : start + self._max_batch]))
                encoded = self.model.encode_text(tokens.to(self._device), normalize=True)
                parts.append(encoded.float().cpu())
        return torch.cat(parts).numpy() if parts else np.zeros((0, 0), np.float32)

    def _to_pixels(self, frames: np.ndarray) -> Any:
        torch, rules = self._torch, self._preprocess
        if rules["resize_mode"] != "squash":
            from PIL import Image

            pixels = torch.stack([self._transform(Image.fromarray(f)) for f in frames])
        else:  # the same as the transform does, for a whole batch
            size = self._image_size
            pixels = torch.from_numpy(np.ascontiguousarray(frames)).to(self._device)
            pixels = pixels.permute(0, 3, 1, 2).float() / 255
            if pixels.shape[-2:] != size:
                pixels = torch.nn.functional.interpolate(
                    pixels, size, mode=rules["interpolation"], antialias=True
                ).clamp(0, 1)
            mean = torch.tensor(rules["mean"], device=self._device)[:, None, None]
            std = torch.tensor(rules["std"], device=self._device)[:, None, None]
            pixels = (pixels - mean) / std
        return pixels.to(self._device, next(self.model.parameters()).dtype)
