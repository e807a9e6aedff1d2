"""The masks of a sample's region by frame: what every student reads alike."""

from __future__ import annotations

import random

import numpy as np

from strefer.frames import Shape
from strefer.videollm.data.samples import Sample
from strefer.videollm.data.shapes import mask_of_shape
from strefer.videollm.data.unusable import Unusable


def masks_of_region(
    sample: Sample, number: int, n_frames: int, film: Shape, draw: random.Random | None
) -> dict[int, np.ndarray]:
    """The masks with pixels of a region, bool [H, W] by frame key.

    Frames of the film's own numbering that it does not have are passed over: base data has them.

    Args:
        n_frames: how many frames are sampled.
        draw: chooses one of the masks; None takes all, in the order of time.

    Raises:
        Unusable: if there is none, or a shape cannot be read.
    """
    where = f"{sample.path}: region {number}"
    region = sample.regions[number]
    known = n_frames if sample.frame_keys == "sampled" else film.n_frames
    keys = [key for key in sorted(region) if 0 <= key < known]
    if len(keys) < len(region) and (sample.frame_keys == "sampled" or not keys):
        beyond = max(set(region) - set(keys), key=abs)
        raise Unusable(
            "a region's frame is not in the film",
            f"{where}: frame {beyond} in annotation, but {known} are {_COUNTED[sample.frame_keys]}",
        )
    if draw is not None:
        keys = draw.sample(keys, len(keys))
    found = {}
    for key in keys:
        try:
            mask = mask_of_shape(region[key], film.height_px, film.width_px)
        except (ValueError, TypeError) as error:
            raise Unusable("a region cannot be read", f"{where}, frame {key}: {error}") from None
        if mask is not None:
            found[key] = mask
            if draw is not None:
                break
    if not found:
        raise Unusable("a region has no mask", f"{where} has no mask with pixels")
    return found


_COUNTED = {"sampled": "sampled", "raw": "in the film"}
