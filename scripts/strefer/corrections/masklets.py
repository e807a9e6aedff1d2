"""Corrections of stage `masklets`: masks cut, replaced, or given to another expression."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from strefer.corrections.apply import MOST_APART_S, Change, Lines, NotFound, by_hand, position
from strefer.corrections.kinds import Row, in_words
from strefer.masks import decode_mask
from strefer.records import References, RegionPrompt, Rle, to_json
from strefer.stage.items import Item

Prompted = Callable[[Mapping[str, Rle]], Mapping[str, RegionPrompt]]


def masklet_changes(prompted: Prompted | None) -> Change:
    """The `Change` of a film's masklets.

    Args:
        prompted: gives the region prompts of masks by frame; None if masklets have none.
    """

    def change(item: Item, before: Lines, lines: Lines, row: Row) -> Lines:
        references: References = item.context[1]
        expressions = [entity.expression for entity in references.entities]
        at, line = position(row["names"][0], expressions), lines[0]
        inside = _frames_inside(line["frame_times_s"], row)
        if row["what"] == "cut_masklet":
            fresh = {}
            if not inside & _masks_of(line, at).keys():
                raise NotFound("there is no mask in this time range")
        elif row["what"] == "replace_masklet":
            fresh = _read_masks(row, line)
        else:
            fresh = _masks_of(before[0], position(row["names"][1], expressions))
        masks = {f: rle for f, rle in _masks_of(line, at).items() if f not in inside}
        masks |= {frame: rle for frame, rle in fresh.items() if frame in inside}
        masks = dict(sorted(masks.items(), key=lambda one: int(one[0])))
        others = [masklet for masklet in line["masklets"] if masklet["entity"] != at]
        dropped = {entity: why for entity, why in line["dropped"].items() if entity != str(at)}
        if not masks:
            dropped[str(at)] = by_hand("cut", row)
            return [line | {"masklets": others, "dropped": dropped}]
        old = next((one for one in line["masklets"] if one["entity"] == at), None)
        score = 1.0 if fresh or old is None else old["score"]  # a person is sure
        masklet = {
            "entity": at,
            "expression": expressions[at],
            "generalized_noun": references.entities[at].generalized_noun,
            "score": score,
            "masks": masks,
            "region_prompts": prompted and {f: to_json(p) for f, p in prompted(masks).items()},
        }
        masklets = sorted([*others, masklet], key=lambda one: one["entity"])
        return [line | {"masklets": masklets, "dropped": dropped}]

    return change


def _masks_of(line: Mapping[str, Any], entity: int) -> dict[str, Rle]:
    found = (one["masks"] for one in line["masklets"] if one["entity"] == entity)
    return next(found, {})


def _frames_inside(times_s: list[float], row: Row) -> set[str]:
    start_s = -1.0 if row["start_s"] is None else row["start_s"] - MOST_APART_S
    end_s = float("inf") if row["end_s"] is None else row["end_s"] + MOST_APART_S
    return {str(index) for index, time_s in enumerate(times_s) if start_s <= time_s <= end_s}


def _read_masks(row: Row, line: Mapping[str, Any]) -> dict[str, Rle]:
    """The masks of a file, by frame.

    Raises:
        ValueError: if they are not masks of this film's frames.
    """
    size = [line["height_px"], line["width_px"]]
    where = f"corrections: {in_words(row)}: {row['value']}"
    try:
        with open(row["value"], encoding="utf-8") as file:
            masks = json.load(file)["masks"]
        for frame, rle in masks.items():
            where_frame = f"frame {frame!r}"
            if frame not in map(str, range(len(line["frame_times_s"]))):
                raise ValueError(f"{where_frame}: the film has {len(line['frame_times_s'])} frames")
            if rle["size"] != size:
                raise ValueError(
                    f"{where_frame}: its size is {rle['size']}, but the film's is {size}"
                )
            if not decode_mask(rle).any():
                raise ValueError(f"{where_frame}: the mask is empty; leave the frame out")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = str(error) if type(error) is ValueError else 'not {"masks": {frame: {size, counts}}}'
        raise ValueError(f"{where}: {what}") from None
    return masks
