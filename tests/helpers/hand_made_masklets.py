"""Hand-made films, detections and tracks for the tests of the masklet procedures."""

import numpy as np

from strefer.agents.detector.interface import RawDetection
from strefer.agents.tracker.interface import Tracker
from strefer.masklets.options import AssignOptions, TrackOptions
from strefer.masklets.working_track import WorkingTrack
from strefer.masks import encode_mask
from strefer.records import Detection, Entity

SIDE = 32


def square(x, y, side=8):
    """bool [SIDE, SIDE], a square with its upper left corner at x, y."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[y : y + side, x : x + side] = True
    return mask


def box(x, y, side=8):
    return (float(x), float(y), float(x + side), float(y + side))


def raw(x, y, label="dog", score=0.9):
    return RawDetection(box(x, y), score, label)


def found(x, y, label="dog", score=0.9, frame=0):
    return Detection(frame, box(x, y), score, label)


def entity(expression, noun, generalized_noun=None):
    return Entity(expression, noun, generalized_noun or noun)


def working(x, y, frames, noun="dog", start=None):
    """A track that stays at a place."""
    frames = list(frames)
    start = frames[0] if start is None else start
    return WorkingTrack(
        noun, [found(x, y, noun, frame=start)], {f: encode_mask(square(x, y)) for f in frames}
    )


def track_options(**changed):
    options = {
        "procedure": "ours",
        "frames": 32,
        "box_threshold": 0.25,
        "text_threshold": 0.3,
        "min_score": 0.5,
        "max_objects": 50,
        "nms_iou": 0.7,
        "look_ahead": 7,
        "max_starting_frames": 4,
        "explained_iou": 0.4,
        "min_certainty": 0.0,
        "join_iou": 0.5,
        "window_s": 180.0,
        "overlap_s": 10.0,
    }
    return TrackOptions(**(options | changed))


def assign_options(**changed):
    options = {"procedure": "ours", "min_score": 0.1, "drift_margin": 0.5, "switch_cost": 3.0}
    options["region_prompts"] = False
    return AssignOptions(**(options | changed))


class ScriptedDetector:
    """Gives hand-made detections: `by_frame` maps the grey value of a frame to them."""

    def __init__(self, by_frame):
        self.by_frame = by_frame
        self.seen = []
        self.phrases = None

    def detect(self, frames, phrases, box_threshold, text_threshold):
        self.phrases = list(phrases)
        numbers = [int(frame[0, 0, 0]) for frame in frames]
        self.seen += numbers
        return [
            [d for d in self.by_frame.get(number, []) if d.score >= box_threshold]
            for number in numbers
        ]


class ScriptedTracker(Tracker):
    """Follows objects that stay where they are: `presence` maps the corner of an object's box to
    the frames on which it is there."""

    def __init__(self, presence):
        self.presence = presence
        self.sessions = 0
        self.passes = []
        self.certainties = set()

    def _take_in(self, frames):
        self.sessions += 1
        return [int(frame[0, 0, 0]) for frame in frames]

    def _follow(self, session, order, boxes, min_certainty):
        self.passes.append((order[0], order[-1]))
        self.certainties.add(min_certainty)
        for number, (x, y, _, _) in enumerate(boxes):
            there = self.presence[int(x), int(y)]
            for frame in order:
                drawn = square(int(x), int(y)) & (session.state[frame] in there)
                yield number, frame, drawn


def numbered_frames(count):
    """uint8 [count, SIDE, SIDE, 3]; each frame's grey value is its number."""
    frames = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    return frames + np.arange(count, dtype=np.uint8)[:, None, None, None]
