"""The films of one shard as the gallery's pages load them: a script each, and an index of all.

Pages that are opened from disk may load scripts, but no data. So data are calls: `strefer.film(…)`.
They are ASCII, and text from films and models is inside of JSON strings only.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2

from strefer.corrections.pairs import pair_item
from strefer.files import atomic_write
from strefer.films.film_faults import DecodingError
from strefer.films.storage import is_remote
from strefer.frames import fit_size, iterate_frames_at
from strefer.gallery.proxies import ending_if_played, proxy_of
from strefer.records import Masklets, Video, from_json
from strefer.report.samples import draw_masks

# Stages whose records a page shows. Of the others it shows failures alone.
SHOWN = ("videos", "clips", "entities", "references", "masklets", "transcripts", "instructions")
FILMS_A_CHUNK = 100  # whose texts are searched at once
THUMB_PIXELS = 240 * 135
# The parts of a reason that differ between pairs: quoted text and numbers.
_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|\d+(\.\d+)?")
Film = dict[str, Any]


def show_films(stages: Mapping[str, Path], proxies: Path, output: Path) -> None:
    """Write a shard's folder: `<n>.js` of film n, a picture `<n>.jpg`, the film itself or a link to
    it, `index.js`, and `text-<m>.js` with the texts of pairs by which films are searched.

    Args:
        stages: the shard's files, by stage; `videos` first.
        proxies: where copies of films are kept that no browser plays.
        output: the folder; one that is there is replaced.

    Raises:
        ValueError: if a stage's lines are not in the order of the films.
    """
    shutil.rmtree(output, ignore_errors=True)
    reasons: dict[str, int] = {}
    texts: list[list[str]] = []
    with atomic_write(output / "index.js") as index:
        index.write('strefer.index({"films": [')
        number = 0
        for number, film in enumerate(read_films(stages), 1):
            name = str(number - 1)
            film |= _media(film, output / name, proxies)
            for pair in film["instructions"]:
                pair["item"] = pair_item(pair)
            with atomic_write(output / f"{name}.js") as file:
                file.write(f"strefer.film({json.dumps(film)})\n")
            index.write(f"{',' * (number > 1)}\n{json.dumps(_row(film, reasons))}")
            texts.append([_text(pair) for pair in film["instructions"]])
            if number % FILMS_A_CHUNK == 0:
                _write_texts(output, number, texts)
        index.write(f'\n], "reasons": {json.dumps(list(reasons))}}})\n')
        if texts:
            _write_texts(output, number + FILMS_A_CHUNK - 1, texts)


def read_films(stages: Mapping[str, Path]) -> Iterator[Film]:
    """The records of a shard's films, one film after the other: its `id`, its `failures` (stage and
    reason), and by stage the lines. The shard's files are read alongside.

    Raises:
        ValueError: if a stage's lines are not in the order of the films.
    """
    failures: dict[str, list[list[str]]] = {}
    for path in stages.values():
        for line in _lines(path, failed=True):
            reason = [line["failure"]["stage"], line["failure"]["reason"]]
            failures.setdefault(line["video_id"], []).append(reason)
    by_stage = {stage: _groups(stages[stage]) for stage in SHOWN}
    waiting = {stage: next(groups, None) for stage, groups in by_stage.items()}
    for video_id in dict.fromkeys(_ids(stages["videos"])):
        film: Film = {"id": video_id, "failures": failures.get(video_id, [])}
        for stage, one in waiting.items():
            is_next = one is not None and one[0] == video_id
            film[stage] = [_without_id(line) for line in one[1]] if is_next else []
            if is_next:
                waiting[stage] = next(by_stage[stage], None)
        yield film
    for stage, one in waiting.items():
        if one is not None:
            raise ValueError(f"{stages[stage]}: the line of {one[0]!r} is not in the films' order")


def _groups(path: Path) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    return itertools.groupby(_lines(path, failed=False), lambda line: line["video_id"])


def _ids(path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8") as file:
        for text in file:
            yield json.loads(text)["video_id"]


def _lines(path: Path, failed: bool) -> Iterator[dict[str, Any]]:
    """The lines that are failures, or those that are not. Most are long, and parsed once."""
    with open(path, encoding="utf-8") as file:
        for text in file:
            if failed and '"failure"' not in text:
                continue
            line = json.loads(text)
            if ("failure" in line) == failed:
                yield line


def _without_id(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "video_id"}


def _media(film: Film, path: Path, proxies: Path) -> dict[str, str | None]:
    """Put the film and a picture of it beside the film's script: `file` is the film's name there,
    `copied` is true for a copy, and `unplayed` says why there is none."""
    if not film["videos"]:
        return {"file": None, "unplayed": "the film was not read"}
    video = from_json(Video, film["videos"][0])
    if not is_remote(video.path) and not os.path.exists(video.path):
        return {"file": None, "unplayed": f"{video.path} no longer exists"}
    try:
        _draw_thumb(video, film, path.with_suffix(".jpg"))
        if ending := ending_if_played(video.path):
            path.with_suffix(ending).symlink_to(Path(video.path).resolve())
            return {"file": path.name + ending, "copied": None}
        proxy = proxy_of(video, proxies)
    except DecodingError as error:
        return {"file": None, "unplayed": str(error)}
    os.link(proxy, path.with_suffix(".mp4"))
    return {"file": f"{path.name}.mp4", "copied": "a small copy without sound"}


def _draw_thumb(video: Video, film: Film, path: Path) -> None:
    """Draw the frame on which most masklets are seen."""
    time_s, index, masklets = video.duration_s / 3, 0, None
    if film["masklets"]:
        masklets = from_json(Masklets, film["masklets"][0])
        seen = [sum(str(i) in m.masks for m in masklets.masklets) for i in _range(masklets)]
        index = max(_range(masklets), key=seen.__getitem__)
        time_s = masklets.frame_times_s[index]
    (frame,) = iterate_frames_at(video.path, [time_s])
    frame = draw_masks(frame, masklets, index) if masklets else frame
    size = fit_size((video.width_px, video.height_px), THUMB_PIXELS)
    frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))


def _range(masklets: Masklets) -> range:
    return range(len(masklets.frame_times_s))


def _row(film: Film, reasons: dict[str, int]) -> dict[str, Any]:
    """The facts about a film that the list of films and its filters need. A pair consists of its
    group's number, its form, its reason's index in `reasons` (-1: kept), how many entities it is
    about, and those."""
    scores = {m["entity"]: m["score"] for r in film["masklets"] for m in r["masklets"]}
    entities = [e for record in film["references"] for e in record["entities"]]
    pairs: list[int] = []
    for pair in film["instructions"]:
        about = sorted({*pair["evidence"]["entities"], *pair["regions"]})
        reason = pair["rejected"] and _PARTICULAR.sub("…", pair["rejected"])
        code = -1 if reason is None else reasons.setdefault(reason, len(reasons))
        pairs += [int(pair["group"][1:]), FORMS.index(pair["form"]), code, len(about), *about]
    return {
        "id": film["id"],
        "seconds": film["videos"][0]["duration_s"] if film["videos"] else None,
        "drawn": film["file"] is not None,
        "entities": [[e["expression"], e["noun"], scores.get(i)] for i, e in enumerate(entities)],
        "pairs": pairs,
        "failures": film["failures"],
    }


FORMS = ("open", "yes_no", "choice")


def _text(pair: Mapping[str, Any]) -> str:
    parts = (pair["question"], pair["answer"], *pair["options"], pair["rejected"] or "")
    return "\n".join(parts)


def _write_texts(output: Path, number: int, texts: list[list[str]]) -> None:
    with atomic_write(output / f"text-{number // FILMS_A_CHUNK - 1}.js") as file:
        file.write(f"strefer.texts({json.dumps(texts)})\n")
    texts.clear()
