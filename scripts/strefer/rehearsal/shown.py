"""Films and prompts of a rehearsal, as its page shows them."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from strefer.agents.chat.recording_file import pictures_of
from strefer.frames import read_frames
from strefer.records import Instruction, Masklets, Tracks, Video, from_json
from strefer.report.samples import COLOURS, draw_masks, fill_times
from strefer.stage.run import Line

FRAMES, FRAMES_A_ROW, WIDTH_PX = 6, 3, 480  # of a film, and of each frame
PICTURE_PX = 2000  # the widest picture of what a model saw
READ, REFUSED = 3, 5  # prompts of a kind that are shown
PAIRS = 6
_BOX = (255, 255, 255)


def show_films(lines: Mapping[str, Sequence[Line]]) -> Iterator[dict[str, Any]]:
    """What the page shows for each film, up to the stage that it reached."""
    films: dict[str, dict[str, list[Any]]] = {}
    for stage, of_stage in lines.items():
        for line in of_stage:
            of_film = films.setdefault(line.video_id, {})
            if line.record is not None:
                of_film.setdefault(stage, []).append(line.record)
    for film, records in films.items():
        yield _show_film(film, records)


def _show_film(film: str, records: Mapping[str, list[Any]]) -> dict[str, Any]:
    [references] = records.get("references") or [{"entities": []}]
    [masklets] = records.get("masklets") or [None]
    names = [entity["expression"] for entity in references["entities"]]
    found = {one["entity"]: one["score"] for one in masklets["masklets"]} if masklets else {}
    dropped = masklets["dropped"] if masklets else {}
    pairs = records.get("instructions", [])
    kept = [pair for pair in pairs if pair["rejected"] is None]
    rejected = Counter(p["rejected"] for p in pairs if p["rejected"] is not None)
    strip = None
    if "videos" in records and "tracks" in records:
        strip = draw_frames(records["videos"][0], records["tracks"][0], masklets)
    return {
        "film": film,
        "duration_s": records["videos"][0]["duration_s"] if "videos" in records else None,
        "strip": strip,
        "entities": [
            {
                "colour": f"rgb{COLOURS[i % len(COLOURS)]}",
                "name": name,
                "noun": references["entities"][i]["generalized_noun"],
                "came": f"masklet, score {found[i]:.2f}" if i in found else "no masklet: "
                + dropped.get(str(i), "not tracked"),
            }
            for i, name in enumerate(names)
        ],
        "segments": [
            {
                "time": f"{one['start_s']:.1f}–{one['end_s']:.1f} s",
                "cells": [
                    (name, _cell(one, entity)) for entity, name in enumerate(names)
                ],
            }
            for one in records.get("transcripts", [])
        ],
        "pairs": [_show_pair(pair) for pair in kept[:: max(1, len(kept) // PAIRS)][:PAIRS]],
        "counts": f"{len(kept)} pairs kept, {len(pairs) - len(kept)} rejected",
        "rejected": rejected.most_common(4),
    }  # fmt: skip


def _show_pair(fields: Mapping[str, Any]) -> dict[str, Any]:
    pair = from_json(Instruction, dict(fields))
    texts = (pair.question, "; ".join(pair.options), pair.answer)
    question, options, answer = (fill_times(text, pair) for text in texts)
    return {"group": pair.group, "question": question, "options": options, "answer": answer}


def _cell(transcript: Mapping[str, Any], entity: int) -> str:
    unread = transcript["unknown"].get(str(entity))
    return (unread and f"unknown: {unread}") or transcript["lines"][entity] or "not there"


def draw_frames(video: dict, tracks: dict, masklets: dict | None) -> str:
    """A few sampled frames, the starting frames among them, with the detector's boxes (label and
    score) and the masks of the masklets, as base64 JPEG."""
    film, tracked = from_json(Video, video), from_json(Tracks, tracks)
    times = tracked.frame_times_s
    even = np.linspace(0, len(times) - 1, FRAMES).round().astype(int).tolist()
    starting = list(tracked.starting_frames)[: FRAMES // 2]
    chosen = sorted(dict.fromkeys([*starting, *even][:FRAMES]))
    frames = read_frames(film.path, [times[i] for i in chosen])
    detections = [one for track in tracked.tracks for one in track.detections]
    strip = []
    for index, frame in zip(chosen, frames, strict=True):
        if masklets:
            frame = draw_masks(frame, from_json(Masklets, masklets), index)
        scale = WIDTH_PX / frame.shape[1]
        picture = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for one in (one for one in detections if one.frame == index):
            x0, y0, x1, y1 = (round(side * scale) for side in one.box)
            cv2.rectangle(picture, (x0, y0), (x1, y1), _BOX, 1)
            place = (x0 + 2, max(y0 - 3, 10))
            text = f"{one.label} {one.score:.2f}"
            for colour, width in (((0, 0, 0), 3), (_BOX, 1)):
                cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, width)
        strip.append(picture)
    strip += [np.zeros_like(strip[0])] * (-len(strip) % FRAMES_A_ROW)
    rows = [np.hstack(strip[i : i + FRAMES_A_ROW]) for i in range(0, len(strip), FRAMES_A_ROW)]
    return _encoded(cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def _encoded(picture: np.ndarray) -> str:
    """A picture, uint8 BGR [H, W, 3], as base64 JPEG."""
    done, jpeg = cv2.imencode(".jpg", picture)
    if not done:
        raise RuntimeError("the frames cannot be encoded as JPEG")
    return base64.b64encode(jpeg.tobytes()).decode()


def _picture(path: Path) -> str | None:
    """A picture of frames as the page has it, not wider than it can show."""
    picture = cv2.imread(str(path))
    if picture is None:
        return None
    scale = min(1.0, PICTURE_PX / picture.shape[1])
    return _encoded(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def show_prompts(requests: Sequence[Mapping[str, Any]], recording: Path) -> list[dict[str, Any]]:
    """Some prompts of a stage with all that is known of them: the first of each call, so that each
    question is there, and some whose replies were refused.

    Args:
        recording: the file that they are from, for the pictures of frames.
    """
    first = sorted(requests, key=lambda one: "call" not in one)[:READ]
    refused = [one for one in requests if "refused" in one][:REFUSED]
    chosen = {one["digest"]: one for one in [*first, *refused]}
    shown: set[str] = set()
    return [_show_prompt(one, recording, shown) for one in chosen.values()]


def _told_frames(count: int, height: int, width: int) -> str:
    return f"{count} frames of {width}×{height} px"


def _show_prompt(request: Mapping[str, Any], recording: Path, shown: set[str]) -> dict[str, Any]:
    """A prompt of the page; frames that are in `shown` are there already."""
    frames = request["frames"]
    is_again = frames is not None and frames["digest"] in shown
    shown |= {frames["digest"]} if frames else set()
    return {
        "prompt": request.get("call", {}).get("prompt") or request["text"],
        "frames": frames and _told_frames(*frames["shape"][:3]),
        "fps": frames and frames["fps"],
        "is_again": is_again,
        "picture": _picture(pictures_of(recording) / f"{frames['digest']}.jpg")
        if frames and not is_again
        else None,
        "reply": request["reply"],
        "tokens": request.get("tokens") or [None, None],
        "read": json.dumps(request["read"], ensure_ascii=False, indent=1)
        if "read" in request
        else None,
        "refused": request.get("refused"),
    }
