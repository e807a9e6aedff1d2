"""Shard files for tests of stages."""

import tempfile
from pathlib import Path

import numpy as np

from strefer.frames import measure
from strefer.records import Video, to_json
from strefer.stage.run import Item, ItemFailure, Shard, one_by_one, run_stage


def write_shard(path, records):
    """Write (video id, record or failure's reason, parts of the line) as a shard file, as a stage
    named "before" writes it."""
    items = [
        Item(video_id, number, context=record, part=part[0] if part else {})
        for number, (video_id, record, *part) in enumerate(records)
    ]

    def result(item):
        if isinstance(item.context, str):
            raise ItemFailure(item.context)
        return to_json(item.context)

    with tempfile.TemporaryDirectory() as store:
        run_stage("before", items, lambda: one_by_one(result), Shard(Path(path), Path(store), {}))
    return Path(path)


def video_of(path, digest="0"):
    """The record of a film that is there."""
    return Video(str(path), digest, **vars(measure(path)))


class ScriptedChat:
    """A chat model whose replies are known; keeps what it was asked, call by call."""

    def __init__(self, answer):
        self.answer, self.calls = answer, []

    def reply(self, requests):
        self.calls.append(list(requests))
        return [self.answer(request) for request in requests]

    def room(self, request):
        return None


class MeanColour:
    """Embeds a frame as its mean colour: enough of an embedder to see what is made of it."""

    def best_size(self, size):
        return size

    def embed_images(self, images):
        means = images.reshape(len(images), -1, 3).mean(1) + 1e-3
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
