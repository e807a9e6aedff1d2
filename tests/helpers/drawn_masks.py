"""What a tracker gives, as pixels."""

from strefer.masks import decode_mask


def drawn(masks):
    """The pixels of an object's masks by frame."""
    return {frame: decode_mask(code) for frame, code in masks.items()}


def track(tracker, *arguments, **options):
    tracked = tracker.track(*arguments, **options)
    return {object_id: drawn(masks) for object_id, masks in tracked.items()}


def propagate(tracker, *arguments, **options):
    return [drawn(masks) for masks in tracker.propagate(*arguments, **options)]
