"""Features of films on disk: what one student has encoded, the next one reads.

All students of a run see the same films by the same frozen encoder. A file is named by what made
it: the code, the encoder's weights, the film's bytes and the times of its frames. So nothing has to
be thrown away when one of these changes, and nothing old is taken for new.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from strefer.files import atomic_write, digest_of
from strefer.films.picture_folder import film_digest
from strefer.videollm.architecture.vision import VisionEncoder
from strefer.workflow.code_digest import code_of

log = logging.getLogger("strefer")


class FeatureStore:
    """Features by film and times, for one encoder; safe for several processes at once.

    Args:
        folder: the folder of the files, which students with different encoders may share.
        encoder: the encoder that the features come from.
    """

    def __init__(self, folder: Path, encoder: VisionEncoder) -> None:
        self.folder, self.encoder = Path(folder), encoder
        self._films: dict[str, str] = {}

    def get(self, path: str, times_s: Sequence[float]) -> torch.Tensor | None:
        """The features as they were put, or None. A damaged file counts as absent."""
        file = self._file(path, times_s)
        try:
            return torch.from_numpy(np.load(file))
        except FileNotFoundError:
            return None
        except (ValueError, EOFError):
            log.warning("feature store: %s is damaged; encoding the film again", file)
            return None

    def put(self, path: str, times_s: Sequence[float], features: torch.Tensor) -> None:
        """Keep float16 features [T, S, S, D] of a film's frames at these times."""
        with atomic_write(self._file(path, times_s), "wb") as file:
            np.save(file, features.numpy())

    def _file(self, path: str, times_s: Sequence[float]) -> Path:
        if path not in self._films:
            self._films[path] = film_digest(path)
        making = {"encoder": self._encoder, "film": self._films[path], "times_s": list(times_s)}
        digest = digest_of(making)
        return self.folder / digest[:2] / f"{digest[2:]}.npy"

    @cached_property
    def _encoder(self) -> str:
        weights = hashlib.sha256()
        for name, tensor in sorted(self.encoder.state_dict().items()):
            weights.update(name.encode())
            weights.update(tensor.cpu().contiguous().view(torch.uint8).numpy())
        some = next(self.encoder.parameters())
        return digest_of(
            {
                "code": code_of("strefer/videollm/data/frame_source"),
                "torch": torch.__version__,
                "weights": weights.hexdigest(),
                "layers": str(self.encoder),
                "pixels": [self.encoder.image_size, *self.encoder.mean, *self.encoder.std],
                # Features of other hardware or precision are a little different.
                "arithmetic": [some.device.type, str(some.dtype)],
            }
        )
