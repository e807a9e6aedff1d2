"""Where the frames of samples come from: decoded, or as features encoded once and kept.

The vision encoder is frozen, so a film's features never change during training. While they fit
into memory, a film is decoded and encoded once, however many questions there are about it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import torch

from strefer.frames import Shape, measure, read_frames, sample_times
from strefer.videollm.architecture.vision import VisionEncoder
from strefer.videollm.data.feature_store import FeatureStore


@dataclass(frozen=True)
class View:
    """What the model sees of a film: the frames at these times."""

    path: str
    times_s: tuple[float, ...]


@lru_cache(maxsize=4096)
def film_shape(path: str) -> Shape:
    """Length, rate and size of a film, measured once."""
    return measure(path)


def view_of(path: str, n_frames: int, clip_s: tuple[float, float] | None = None) -> View:
    """`n_frames` evenly spaced frames of a film or of a clip of it.

    Raises:
        ValueError: if the clip is empty or begins after the film's end.
    """
    shape = film_shape(path)
    if clip_s is None:
        return View(path, tuple(sample_times(shape.duration_s, n_frames, shape.fps)))
    start_s, end_s = clip_s[0], min(clip_s[1], shape.duration_s)
    if not 0 <= start_s < end_s:
        raise ValueError(f"{path}: no clip from {clip_s[0]:g} to {clip_s[1]:g} s")
    return View(path, tuple(sample_times(end_s - start_s, n_frames, shape.fps, start_s)))


class FrameSource(Protocol):
    """Gives the frames of a view, as uint8 [T, H, W, 3] or as features [T, S, S, D]."""

    encoded: bool

    def get(self, view: View) -> torch.Tensor: ...


class DecodedFrames:
    """Decodes at every call: for data that is seen once, in the loader's workers."""

    encoded = False

    def __init__(self, image_size: int) -> None:
        self.image_size = image_size

    def get(self, view: View) -> torch.Tensor:
        """uint8 [T, size, size, 3]."""
        frames = torch.from_numpy(read_frames(view.path, view.times_s))
        if frames.shape[1:3] == (self.image_size, self.image_size):
            return frames
        resized = torch.nn.functional.interpolate(
            frames.permute(0, 3, 1, 2).float(),
            (self.image_size, self.image_size),
            mode="bicubic",
            antialias=True,
        )
        return resized.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


class KeptFeatures:
    """Encodes a view once and keeps its features (float16) in memory, at most `most_mb` of them;
    beyond that the least recently used are encoded again, or read again.

    Args:
        folder: they are kept there too, for whoever else uses this encoder (see `FeatureStore`);
            None keeps them in memory alone.
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
