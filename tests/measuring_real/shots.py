"""Detectors of shots on films that are joined of others, with transitions that are known.

The films given are of one shot each. Pieces of them, neighbours never of the same film, are joined
twice: by 40 hard cuts, and by 40 dissolves and fades of half a second to a second and a half.
"""

import itertools
import tempfile
import time
from pathlib import Path
from random import Random

import av
import numpy as np

from strefer.clips.hard_cuts import SHOT_DETECTORS, load_shot_detector
from strefer.frames import iterate_pictures

SEED, N_TRANSITIONS, FPS, SIZE = 1, 40, 25, (640, 360)
TAIL = 3 * FPS // 2  # frames of a piece that are kept for the transition after it
OPTIONS = {"content_threshold": 20.0}
TOLERANCE_S = {"hard": 0.1, "gradual": 0.3}  # around a transition's extent


def measure(films, **_):
    """F1 of each detector on either joined film, and its seconds of the processor a minute."""
    paths = sorted(films.glob("*.mp4"))
    if len(paths) < 2:
        print(f"fewer than two films of one shot in {films}")
        return {}
    pool = [frames_of(path) for path in paths]
    figures, spent = {}, dict.fromkeys(SHOT_DETECTORS, 0.0)
    length_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for kind in TOLERANCE_S:
            path = Path(folder) / f"{kind}.mp4"
            extents_s, film_s = write_joined(path, pool, kind)
            length_s += film_s
            for name in SHOT_DETECTORS:
                began = time.process_time()
                found_s = cuts_of(path, name)
                spent[name] += time.process_time() - began
                figures[f"shots.{kind}_f1@{name}"] = f1(found_s, extents_s, TOLERANCE_S[kind])
    for name, seconds in spent.items():
        figures[f"shots.cpu_seconds_a_minute@{name}"] = 60 * seconds / length_s
    return figures | {"shots.transitions": 2 * N_TRANSITIONS}


def frames_of(path):
    """uint8 [N, H, W, 3] of a film, at FPS frames a second."""
    shown, next_s = [], 0.0
    for picture in iterate_pictures(str(path)):
        if picture.time_s >= next_s - 1e-6:
            shown.append(picture.pixels(SIZE))
            next_s += 1 / FPS
    return np.stack(shown)


def write_joined(path, pool, kind):
    """Write a joined film. Returns each transition's (first, last) second, and the film's length.

    A piece is shown alone for 1 to 3 seconds between two transitions."""
    random, extents, shown = Random(f"{SEED}-{kind}"), [], 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "20"}
        source, last = None, None
        for number in range(N_TRANSITIONS + 1):
            source = random.choice([n for n in range(len(pool)) if n != source])
            gradual = kind == "gradual" and number
            blend = random.randint(FPS // 2, TAIL) if gradual else 0
            needed = blend + random.randint(FPS, 3 * FPS) + TAIL
            first = random.randrange(len(pool[source]) - needed)
            piece = pool[source][first : first + needed]
            if number:
                extents.append((shown / FPS, (shown + blend) / FPS))
            through_black = number % 3 == 0
            for step in range(blend):
                share = (step + 1) / (blend + 1)
                picture = mixed(last[step], piece[step], share, through_black)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            alone = piece[blend : len(piece) - TAIL]
            for picture in alone:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            shown += blend + len(alone)
            last = piece[-TAIL:]
        container.mux(stream.encode(None))
    return extents, shown / FPS


def mixed(before, after, share, through_black):
    """A frame of a dissolve, or of a fade out and in."""
    if not through_black:
        weights = 1 - share, share
    else:
        weights = max(0.0, 1 - 2 * share), max(0.0, 2 * share - 1)
    return (before * weights[0] + after * weights[1]).astype(np.uint8)


def cuts_of(path, name):
    """Times of the cuts that a detector finds, in seconds."""
    detector = load_shot_detector(OPTIONS | {"shot_detector": name}, float(FPS), SIZE)
    found = []
    for picture in iterate_pictures(str(path)):
        small = picture.pixels(detector.size, interpolation="FAST_BILINEAR")
        found += detector.feed(picture.time_s, small)
    return [cut.time_s for cut in itertools.chain(found, detector.finish())]


def f1(found_s, extents_s, tolerance_s):
    """Of cuts against transitions: each of either counts once."""
    left, hits = sorted(found_s), 0
    for first_s, last_s in extents_s:
        near = [t for t in left if first_s - tolerance_s <= t <= last_s + tolerance_s]
        if near:
            hits += 1
            left.remove(near[0])
    return 2 * hits / (len(found_s) + len(extents_s))
