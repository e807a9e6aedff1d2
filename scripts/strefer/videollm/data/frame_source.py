"""Sources of samples' frames: decoded, or as features that are encoded once and kept.

The vision encoder is frozen, so a film's features never change during training. While they fit
into memory, a film is decoded and encoded once, however many questions there are about it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from strefer.frames import read_frames, sample_times
from strefer.videollm.architecture.vision import VisionEncoder
from strefer.videollm.data.feature_store import FeatureStore
from strefer.videollm.data.film_shape import film_shape
from strefer.videollm.data.unusable import Unusable

_MOST_PREPARED = 64  # views of a batch that are in memory


@dataclass(frozen=True)
class View:
    """The part of a film that the model sees: the frames at these times."""

    path: str
    times_s: tuple[float, ...]


def view_of(path: str, n_frames: int, clip_s: tuple[float, float] | None = None) -> View:
    """`n_frames` evenly spaced frames of a film or of a clip of it.

    Raises:
        Unusable: if there is no such film, or the clip is empty or begins after the film's end.
        DecodingError: if the film cannot be decoded.
    """
    shape = film_shape(path)
    if clip_s is None:
        return View(path, tuple(sample_times(shape.duration_s, n_frames, shape.fps)))
    start_s, end_s = clip_s[0], min(clip_s[1], shape.duration_s)
    if not 0 <= start_s < end_s:
        raise Unusable(
            "a clip is not in its film", f"{path}: no clip from {clip_s[0]:g} to {clip_s[1]:g} s"
        )
    return View(path, tuple(sample_times(end_s - start_s, n_frames, shape.fps, start_s)))


class FrameSource(Protocol):
    """Gives the frames of a view, as uint8 [T, H, W, 3] or as features [T, S, S, D]."""

    encoded: bool

    def get(self, view: View) -> torch.Tensor: ...

    def prepare(self, view: View) -> None:
        """Read a view that the next batch needs, so that a film at fault costs its sample alone."""


class DecodedFrames:
    """Frames at the encoder's size, for the batch that they are prepared for, in the loader's
    workers.

    Args:
        image_size: their side in pixels.
        read: gives the frames of a view, uint8 [T, size, size, 3]; None decodes the film.
    """

    encoded = False

    def __init__(self, image_size: int, read: Callable[[View], np.ndarray] | None = None) -> None:
        self.read = read or partial(decode_small, image_size=image_size)
        self._prepared: dict[View, torch.Tensor] = {}

    def prepare(self, view: View) -> None:
        if view not in self._prepared:
            self._prepared[view] = torch.from_numpy(self.read(view))
        while len(self._prepared) > _MOST_PREPARED:  # of samples that were left out after all
            del self._prepared[next(iter(self._prepared))]

    def get(self, view: View) -> torch.Tensor:
        """uint8 [T, size, size, 3]."""
        self.prepare(view)
        return self._prepared.pop(view)


def decode_small(view: View, image_size: int) -> np.ndarray:
    """The frames of a view, decoded: uint8 [T, size, size, 3].

    Raises:
        DecodingError: if the film cannot be decoded.
    """
    frames = torch.from_numpy(read_frames(view.path, view.times_s))
    if frames.shape[1:3] != (image_size, image_size):
        resized = torch.nn.functional.interpolate(
            frames.permute(0, 3, 1, 2).float(),
            (image_size, image_size),
            mode="bicubic",
            antialias=True,
        )
        frames = resized.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    return frames.numpy()


class KeptFeatures:
    """Encodes a view once and keeps its features (float16) in memory, at most `most_mb` of them;
    beyond that the least recently used are encoded again, or read again.

    Args:
        folder: features are also kept here, for others that use this encoder (see `FeatureStore`);
            None keeps them only in memory.
    """

    encoded = True

    def __init__(
        self,
        encoder: VisionEncoder,
        most_mb: float,
        folder: Path | None = None,
        batch_frames: int = 32,
    ) -> None:
        self.encoder = encoder
        self.batch_frames = batch_frames
        self._store = FeatureStore(folder, encoder) if folder else None
        self._most_bytes = most_mb * 1e6
        self._kept: OrderedDict[View, torch.Tensor] = OrderedDict()
        self._bytes = 0

    def prepare(self, view: View) -> None:
        self.get(view)

    def get(self, view: View) -> torch.Tensor:
        """float16 [T, S, S, D]."""
        if view in self._kept:
            self._kept.move_to_end(view)
            return self._kept[view]
        features = self._from_store(view) if self._store else self._encoded(view)
        self._kept[view] = features
        self._bytes += features.nbytes
        while self._bytes > self._most_bytes and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return features

    def _from_store(self, view: View) -> torch.Tensor:
        assert self._store is not None
        features = self._store.get(view.path, view.times_s)
        if features is None:
            features = self._encoded(view)
            self._store.put(view.path, view.times_s, features)
        return features

    def _encoded(self, view: View) -> torch.Tensor:
        frames = read_frames(view.path, view.times_s)
        device = next(self.encoder.parameters()).device
        parts = [
            self.encoder(part.to(device)).to("cpu", torch.float16)
            for part in torch.from_numpy(frames).split(self.batch_frames)
        ]
        return torch.cat(parts)
