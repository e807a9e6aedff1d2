"""One film of a run as a recording of Rerun (https://rerun.io), for its viewer.

Needs the package rerun-sdk, which no environment has: nothing else uses it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from strefer.gallery.proxies import ending_if_played, proxy_of
from strefer.gallery.show_films import Film
from strefer.masks import box_of_mask, decode_mask
from strefer.records import Instruction, Masklets, Video, from_json
from strefer.report.samples import COLOURS, fill_times

TIMELINE = "film"


def write_rerun(film: Film, proxies: Path, output: Path) -> None:
    """Write an .rrd: the film, its masklets as classes of a segmentation image and as boxes, the
    transcript, and the pairs, all on one timeline in seconds.

    Args:
        film: its records; see `show_films.read_films`.
        proxies: where a copy is kept of a film that is not H.264 or AV1 in MP4.

    Raises:
        ValueError: if rerun-sdk is missing, or the film failed before it had records.
        DecodingError: if the film cannot be decoded.
    """
    os.environ.setdefault("RERUN_ANALYTICS", "0")  # nothing is sent anywhere
    try:
        import rerun as rr
    except ImportError:
        raise ValueError("rerun-sdk is not installed: pip install rerun-sdk") from None
    if not film["videos"]:
        raise ValueError(f"{film['id']} failed: {'; '.join(why for _, why in film['failures'])}")
    video = from_json(Video, film["videos"][0])
    recording = rr.RecordingStream("strefer", recording_id=film["id"])
    output.parent.mkdir(parents=True, exist_ok=True)
    recording.save(output)
    _log_frames(rr, recording, video, proxies)
    for record in film["masklets"]:
        _log_masklets(rr, recording, from_json(Masklets, record))
    entities = [e["expression"] for record in film["references"] for e in record["entities"]]
    for line in film["transcripts"]:
        recording.set_time(TIMELINE, duration=line["start_s"])
        recording.log("transcript", rr.TextDocument(_segment(line, entities)))
    for start_s, level, text in sorted(map(_pair, film["instructions"])):
        recording.set_time(TIMELINE, duration=start_s)
        recording.log("pairs", rr.TextLog(text, level=level))
    recording.disconnect()


def _log_frames(rr: Any, recording: Any, video: Video, proxies: Path) -> None:
    as_it_is = ending_if_played(video.path) == ".mp4"
    asset = rr.AssetVideo(path=video.path if as_it_is else proxy_of(video, proxies))
    times_ns = asset.read_frame_timestamps_nanos()
    recording.log("video", asset, static=True)
    recording.send_columns(
        "video",
        indexes=[rr.TimeColumn(TIMELINE, duration=times_ns * 1e-9)],
        columns=rr.VideoFrameReference.columns_nanos(times_ns),
    )


def _log_masklets(rr: Any, recording: Any, masklets: Masklets) -> None:
    classes = [
        rr.AnnotationInfo(m.entity + 1, m.expression, COLOURS[m.entity % len(COLOURS)])
        for m in masklets.masklets
    ]
    recording.log("video", rr.AnnotationContext(classes), static=True)
    for index, time_s in enumerate(masklets.frame_times_s):
        recording.set_time(TIMELINE, duration=time_s)
        image = np.zeros((masklets.height_px, masklets.width_px), np.uint16)
        boxes, numbers = [], []
        for number, mask in _masks(masklets, index):
            image[mask] = number
            boxes.append(box_of_mask(mask))
            numbers.append(number)
        recording.log("video/masks", rr.SegmentationImage(image, opacity=0.5))
        shape = {"array": boxes, "array_format": rr.Box2DFormat.XYXY} if boxes else {"sizes": []}
        recording.log("video/boxes", rr.Boxes2D(**shape, class_ids=numbers))


def _masks(masklets: Masklets, index: int) -> Iterator[tuple[int, np.ndarray]]:
    for masklet in masklets.masklets:
        if rle := masklet.masks.get(str(index)):
            mask = decode_mask(rle)
            if mask.any():
                yield masklet.entity + 1, mask


def _segment(line: Mapping[str, Any], entities: list[str]) -> str:
    said = [
        text or f"({name}: not there)" for name, text in zip(entities, line["lines"], strict=True)
    ]
    return "\n".join([f"{line['start_s']:.1f} to {line['end_s']:.1f} s", *said])


def _pair(fields: Mapping[str, Any]) -> tuple[float, str, str]:
    pair = from_json(Instruction, {k: v for k, v in fields.items() if k != "item"})
    options = "".join(
        f" ({letter}) {text}" for letter, text in zip("ABCD", pair.options, strict=False)
    )
    text = fill_times(f"{pair.group}: {pair.question}{options} → {pair.answer}", pair)
    start_s = pair.start_s if pair.start_s is not None else (pair.clip_s or (0.0,))[0]
    return start_s, "WARN" if pair.rejected else "INFO", f"{text} [{pair.rejected or 'kept'}]"
