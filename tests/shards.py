"""Shard files for tests of stages."""

import json
from pathlib import Path

from strefer.frames import measure
from strefer.records import Video, to_json


def write_shard(path, records):
    """Write (video id, record or failure's reason, parts of the line) as a shard file."""
    lines = []
    for video_id, record, *part in records:
        fields = {"video_id": video_id} | (part[0] if part else {})
        if isinstance(record, str):
            fields["failure"] = {"stage": "before", "reason": record}
        else:
            fields |= to_json(record)
        lines.append(json.dumps(fields) + "\n")
    Path(path).write_text("".join(lines))
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
