"""A concept tracker that reads the truth of a drawn film."""

import numpy as np

from strefer.agents.concept_tracker.interface import Followed
from strefer.frames import iterate_pictures
from strefer.masks import box_of_rle, encode_mask


class TrueConcepts:
    """Knows a film's frames by their pixels, and of each what is to be seen.

    Attributes:
        calls: of each call the phrases, the numbers of the film's frames that it was given, and how
            many were to be kept.
    """

    def __init__(self, truth, film):
        self.truth = truth
        pictures = iterate_pictures(film)
        self.numbers = {p.pixels().tobytes(): number for number, p in enumerate(pictures)}
        self.calls = []

    def follow(self, frames, n_frames, phrases, every=1, max_objects=None):
        seen = [self.numbers[np.ascontiguousarray(frame).tobytes()] for frame in frames]
        assert len(seen) == n_frames
        self.calls.append((list(phrases), seen, every))
        found = []
        for phrase in phrases:
            for entity in self.truth.entities:
                masks = {
                    kept: encode_mask(mask)
                    for kept, number in enumerate(seen[::every])
                    if (mask := self.truth.mask(entity.entity_id, number)) is not None
                    and mask.any()
                }
                if phrase in (entity.generalized_noun, entity.expression) and masks:
                    first = min(masks)
                    box = box_of_rle(masks[first])
                    found.append(Followed(phrase, 0.9, first, box, masks))
        return found
