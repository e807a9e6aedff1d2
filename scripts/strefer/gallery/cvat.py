"""A film's masks to CVAT (https://cvat.ai) and back, in its format "CVAT for images 1.1".

A task contains the film's sampled frames as pictures, and each label is an expression. CVAT stores
a mask as the run lengths of its rows within its box, alternately outside and inside.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np

from strefer.corrections.kinds import COLUMNS
from strefer.files import atomic_write, digest_of
from strefer.frames import iterate_frames_at
from strefer.gallery.show_films import Film
from strefer.masks import decode_mask, encode_mask
from strefer.records import Masklets, Rle, Video, from_json
from strefer.report.samples import COLOURS


def write_task(film: Film, output: Path) -> int:
    """Write `frames/<index>.png`, `labels.json` (for a task's "Raw" labels) and `annotations.xml`.

    Returns:
        How many frames there are.

    Raises:
        ValueError: if the film has no masklets.
        DecodingError: if it cannot be decoded.
    """
    masklets, names = _masklets_of(film), _expressions(film)
    video = from_json(Video, film["videos"][0])
    (output / "frames").mkdir(parents=True, exist_ok=True)
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    frames = iterate_frames_at(video.path, masklets.frame_times_s)
    for index, frame in enumerate(frames):
        name = f"{index:06d}.png"
        cv2.imwrite(str(output / "frames" / name), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        size = {"width": str(masklets.width_px), "height": str(masklets.height_px)}
        image = ElementTree.SubElement(root, "image", id=str(index), name=name, **size)
        for masklet in masklets.masklets:
            if rle := masklet.masks.get(str(index)):
                about = {"label": names[masklet.entity], "source": "auto", "occluded": "0"}
                ElementTree.SubElement(image, "mask", **about, **to_runs(rle), z_order="0")
    ElementTree.ElementTree(root).write(output / "annotations.xml", "utf-8", True)
    colours = ["#{:02x}{:02x}{:02x}".format(*COLOURS[i % len(COLOURS)]) for i in range(len(names))]
    labels = [
        {"name": name, "color": colour, "type": "mask", "attributes": []}
        for name, colour in zip(names, colours, strict=True)
    ]
    with atomic_write(output / "labels.json") as file:
        json.dump(labels, file, ensure_ascii=False, indent=1)
    return len(masklets.frame_times_s)


def read_task(film: Film, annotations: Path, output: Path) -> list[str]:
    """Write what was changed in CVAT as rows of the corrections table, `corrections.csv`, with a
    file of masks for each expression whose masks differ.

    Returns:
        Those expressions.

    Raises:
        ValueError: if a label or a frame is not the film's, or the file has another format.
    """
    masklets, names = _masklets_of(film), _expressions(film)
    try:
        drawn = _read(annotations, masklets, names)
    except (ElementTree.ParseError, KeyError, TypeError) as error:
        raise ValueError(f"{annotations}: not in the format CVAT for images 1.1: {error}") from None
    before = {names[m.entity]: m.masks for m in masklets.masklets}
    rows = []
    for name in names:
        if drawn.get(name, {}) == before.get(name, {}):
            continue
        row = {"film": film["id"], "what": "cut_masklet", "entity": name, "why": "drawn in CVAT"}
        if name in drawn:
            row |= {
                "what": "replace_masklet",
                "value": f"{digest_of([film['id'], name])[:16]}.json",
            }
            with atomic_write(output / row["value"]) as file:
                json.dump({"masks": drawn[name]}, file)
        rows.append(row)
    with atomic_write(output / "corrections.csv") as file:
        table = csv.DictWriter(file, COLUMNS, restval="")
        table.writeheader()
        table.writerows(rows)
    return [row["entity"] for row in rows]


def _read(path: Path, masklets: Masklets, names: list[str]) -> dict[str, dict[str, Rle]]:
    """The masks of a file by expression and sampled frame; several of one are joined."""
    size = masklets.height_px, masklets.width_px
    found: dict[str, dict[str, Rle]] = {}
    for image in ElementTree.parse(path).getroot().iter("image"):
        frame = int(Path(image.attrib["name"]).stem)
        if not 0 <= frame < len(masklets.frame_times_s):
            raise ValueError(f"{path}: the film has no sampled frame {frame}")
        for mask in image.iter("mask"):
            name = mask.attrib["label"]
            if name not in names:
                raise ValueError(
                    f"{path}: label {name!r} is not one of the film's expressions ({names})"
                )
            pixels = from_runs(mask.attrib, size)
            of_name = found.setdefault(name, {})
            if str(frame) in of_name:
                pixels |= decode_mask(of_name[str(frame)])
            if pixels.any():
                of_name[str(frame)] = encode_mask(pixels)
    return {name: masks for name, masks in found.items() if masks}


def to_runs(rle: Rle) -> dict[str, str]:
    """A mask as the attributes of CVAT's element."""
    mask = decode_mask(rle)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    ends = np.flatnonzero(np.diff(box.ravel(), prepend=False, append=not box[-1, -1]))
    place = {"left": columns[0], "top": rows[0], "width": box.shape[1], "height": box.shape[0]}
    runs = ", ".join(map(str, np.diff(ends, prepend=0)))
    return {"rle": runs, **{name: str(value) for name, value in place.items()}}


def from_runs(attributes: dict[str, str], size: tuple[int, int]) -> np.ndarray:
    """The mask, bool [H, W], of the attributes of CVAT's element.

    Raises:
        ValueError: if the runs do not fill the box, or the box is not in the picture.
    """
    left, top, width, height = (
        round(float(attributes[name])) for name in ("left", "top", "width", "height")
    )
    runs = [int(run) for run in attributes["rle"].split(",")]
    inside = min(left, top) >= 0 and left + width <= size[1] and top + height <= size[0]
    if not inside or min(runs) < 0 or sum(runs) != width * height:
        raise ValueError(f"a mask of {width} x {height} pixels at {left}, {top} does not fit")
    mask = np.zeros(size, bool)
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    mask[top : top + height, left : left + width] = values.reshape(height, width)
    return mask


def _masklets_of(film: Film) -> Masklets:
    if not film["masklets"]:
        raise ValueError(f"{film['id']} has no masklets")
    return from_json(Masklets, film["masklets"][0])


def _expressions(film: Film) -> list[str]:
    return [e["expression"] for record in film["references"] for e in record["entities"]]
