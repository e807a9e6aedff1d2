"""Sample films for the report: frames with masklets drawn, transcripts and generated pairs."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from strefer.frames import read_frames
from strefer.masks import decode_mask
from strefer.records import Clips, Instruction, Masklets, References, Transcript, Video

# Eight colours that stay apart on film and on paper, also for most colour-blind readers.
COLOURS = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (0, 0, 0),
)
FRAMES_SHOWN = 6
PAIRS_SHOWN = 10
HEIGHT_PX = 240


def show_film(
    video: Video,
    clips: Clips,
    references: References,
    masklets: Masklets,
    transcripts: Sequence[Transcript],
    pairs: Sequence[Instruction],
    video_id: str,
    seed: int,
) -> dict[str, Any]:
    """The data about one film for the report's template."""
    found = {m.entity for m in masklets.masklets}
    segments = f"{len(clips.segments)} segment{'s' if len(clips.segments) != 1 else ''}"
    return {
        "video_id": video_id,
        "duration": f"{video.duration_s:.1f} s, {segments}",
        "strip": draw_strip(video, masklets),
        "legend": [
            {
                "colour": f"rgb{COLOURS[i % len(COLOURS)]}",
                "expression": entity.expression,
                "found": i in found,
            }
            for i, entity in enumerate(references.entities)
        ],
        "segments": [
            {
                "time": f"{t.start_s:.1f}–{t.end_s:.1f} s",
                "lines": [line for line in t.lines if line is not None],
            }
            for t in transcripts
        ],
        "pairs": [_show_pair(p) for p in _draw_pairs(pairs, seed)],
    }


def _draw_pairs(pairs: Sequence[Instruction], seed: int) -> list[Instruction]:
    kept = [p for p in pairs if p.rejected is None]
    drawn = random.Random(seed).sample(kept, min(PAIRS_SHOWN, len(kept)))
    return sorted(drawn, key=lambda p: p.group)


def _show_pair(pair: Instruction) -> dict[str, str]:
    question, answer = (fill_times(text, pair) for text in (pair.question, pair.answer))
    return {"group": pair.group, "question": question, "answer": answer}


def fill_times(text: str, pair: Instruction) -> str:
    """The text with the pair's times in seconds in place of `<start_time>` and `<end_time>`."""
    for time_s, token in ((pair.start_s, "<start_time>"), (pair.end_s, "<end_time>")):
        if time_s is not None:
            text = text.replace(token, f"{time_s:.1f} s")
    return text


def draw_strip(video: Video, masklets: Masklets) -> str:
    """Frames side by side with masklets drawn, as base64 JPEG."""
    count = len(masklets.frame_times_s)
    indices = np.linspace(0, count - 1, min(FRAMES_SHOWN, count)).round().astype(int)
    frames = read_frames(video.path, [masklets.frame_times_s[i] for i in indices])
    drawn = [draw_masks(f, masklets, int(i)) for f, i in zip(frames, indices, strict=True)]
    scale = HEIGHT_PX / drawn[0].shape[0]
    strip = [cv2.resize(f, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for f in drawn]
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(np.hstack(strip), cv2.COLOR_RGB2BGR))
    if not done:
        raise RuntimeError("the strip of frames cannot be encoded as JPEG")
    return base64.b64encode(jpeg.tobytes()).decode()


def draw_masks(frame: np.ndarray, masklets: Masklets, index: int) -> np.ndarray:
    """A copy of a frame, uint8 RGB [H, W, 3], with the masks of a sampled frame drawn on it."""
    frame = frame.copy()
    for masklet in masklets.masklets:
        rle = masklet.masks.get(str(index))
        if rle is None:
            continue
        mask = decode_mask(rle)
        colour = np.array(COLOURS[masklet.entity % len(COLOURS)])
        frame[mask] = (frame[mask] * 0.5 + colour * 0.5).astype(np.uint8)
        outline, _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(frame, outline, -1, tuple(int(c) for c in colour), 1)
    return frame
