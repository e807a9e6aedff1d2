"""The embedder: images and texts in one space, by SigLIP-class models of open_clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from strefer.agents.devices import device_of
from strefer.agents.environments import telling_of_packages
from strefer.agents.halving import HalvingBatches
from strefer.stage.meter import metered

DEFAULT_MAX_BATCH = 16  # images or texts


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

    def match(self, texts: np.ndarray, images: np.ndarray) -> np.ndarray:
        """The model's probability that each text describes each image.

        Args:
            texts: float32 [E, D], embeddings of this model.
            images: float32 [N, D], the same.

        Returns:
            float64 [E, N], probabilities in [0, 1].
        """
        ...


@telling_of_packages("embedder")
def load_embedder(spec: Mapping[str, Any]) -> Embedder:
    """Load the embedder that a specification names.

    Raises:
        ValueError: if the adapter is unknown.
    """
    adapter = spec.get("adapter")
    if adapter == "open_clip":
        return OpenClipEmbedder(spec)
    raise ValueError(
        f"configuration: agents.embedder.adapter is {adapter!r}; it must be 'open_clip'"
    )


# Alternatives to the texts in question, for models that only compare texts.
SOMETHING_ELSE = ("something else", "a photo", "the background")


def sigmoid_match(cosines: np.ndarray, scale: float, bias: float) -> np.ndarray:
    """SigLIP's probabilities (arXiv 2303.15343): each pair of a text and an image is judged by
    itself, sigmoid(scale * cosine + bias)."""
    return 1 / (1 + np.exp(-(scale * cosines.astype(np.float64) + bias)))


def softmax_match(cosines: np.ndarray, others: np.ndarray, scale: float) -> np.ndarray:
    """CLIP's probabilities (arXiv 2103.00020): the texts compete for each image, here also with
    texts for something else, so that an image that shows none of them gives none of them much.

    Args:
        cosines: [E, N], of the texts with the images.
        others: [M, N], of `SOMETHING_ELSE` with the images.
    """
    logits = scale * np.concatenate([cosines, others]).astype(np.float64)
    shares = np.exp(logits - logits.max(axis=0))
    return (shares / shares.sum(axis=0))[: len(cosines)]


class OpenClipEmbedder:
    """open_clip's models: a local folder, or `<architecture>/<pretrained tag>` as open_clip names
    them (for example ViT-SO400M-14-SigLIP-384/webli).

    Attributes:
        scale, bias: the checkpoint's own, of the logit of a text and an image; `bias` is None for
            models of CLIP's kind, which were trained with a softmax.
    """

    def __init__(self, spec: Mapping[str, Any]) -> None:
        import open_clip
        import torch

        name, tag = str(spec["model"]), None
        if Path(name).is_dir():
            name = f"local-dir:{name}"
        elif "/" in name and not name.startswith("hf-hub:"):
            name, tag = name.rsplit("/", 1)
        device = device_of(spec.get("device"))
        self._torch, self._device = torch, device
        self._batches = HalvingBatches(int(spec.get("max_batch") or DEFAULT_MAX_BATCH))
        self.model, self._transform = open_clip.create_model_from_pretrained(
            name, pretrained=tag, device=device
        )
        # Read before the weights lose precision: the scale is an exponent.
        self.scale = float(self.model.logit_scale.detach().exp())
        bias = getattr(self.model, "logit_bias", None)
        self.bias = None if bias is None else float(bias.detach())
        self._others: np.ndarray | None = None
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

    @metered
    def embed_images(self, frames: np.ndarray) -> np.ndarray:
        return self._embed(lambda batch: self.model.encode_image(self._to_pixels(batch)), frames)

    @metered
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        def encode(batch: Sequence[str]) -> Any:
            return self.model.encode_text(self._tokenizer(list(batch)).to(self._device))

        return self._embed(encode, texts)

    def _embed(self, encode: Callable[[Any], Any], items: Any) -> np.ndarray:
        def rows(_: int, batch: Any) -> list[np.ndarray]:
            # A row's last digits depend on how many are computed together, on a CPU for fewer than
            # four. What is missing is filled up, so that they do not depend on other films.
            count, size = len(batch), self._batches.size
            least = min(4, size) if self._device == "cpu" else size
            if count < least:
                batch = np.concatenate([batch, np.repeat(batch[:1], least - count, axis=0)])
            with self._torch.inference_mode():
                # In float32: a half's digits are too few for the length of a unit vector.
                encoded = self._torch.nn.functional.normalize(encode(batch).float(), dim=-1)
            return [encoded[:count].cpu().numpy()]

        parts = list(self._batches.run(rows, items))
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)

    def match(self, texts: np.ndarray, images: np.ndarray) -> np.ndarray:
        cosines = texts @ images.T
        if self.bias is not None:
            return sigmoid_match(cosines, self.scale, self.bias)
        if self._others is None:
            self._others = self.embed_texts(SOMETHING_ELSE)
        return softmax_match(cosines, self._others @ images.T, self.scale)

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
