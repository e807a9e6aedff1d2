"""Our samples in the published format, and in those of other people's trainers, for models without
region or time tokens.

    published      strefer.json: the paper's format
    lines          strefer.jsonl: the same, a sample a line, with its group, form and evidence
    llava          llava.json: {"id", "video", "conversations": [{"from", "value"}, …]}
    llama_factory  data.json: {"messages": [{"role", "content"}, …], "videos": [path]}, and
                   dataset_info.json, which names it `strefer`
    ms_swift       data.jsonl: the same fields as llama_factory, a sample a line
    videorefer     videorefer.json: {"id", "video", "conversations", "annotation"}, <region> and
                   masks as they are, by the film's own frame numbers
    trl            train.parquet: {"messages", "images": pictures}, since TRL takes no films: some
                   frames of each film, with their times, and regions outlined on them
    webdataset     strefer-000000.tar, …: of each film <key>.mp4 (or its own ending) and <key>.json
                   with its samples as they are, masks included

In llava, llama_factory and ms_swift, a region is written as a box in thousandths of width and
height, with its frame's time. In these, videorefer and trl, times are written in seconds, and a
sample about a clip gets the clip as a separate film in the folder `clips`, because these trainers
read whole files.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from strefer.files import atomic_write, dumps
from strefer.films.storage import is_remote
from strefer.frames import Shape, sample_times
from strefer.masks import encode_mask
from strefer.recipes.clip_films import clip_film
from strefer.recipes.outlined_frames import Region, middle, outlined_frames
from strefer.recipes.published_format import NUM_FRAMES, Sample
from strefer.recipes.sample_files import write_lines, write_published
from strefer.times import seconds_of
from strefer.videollm.architecture.tokens import END_TIME, REGION, START_TIME, VIDEO
from strefer.videollm.data.film_shape import film_shape
from strefer.videollm.data.shapes import mask_of_shape
from strefer.videollm.qwen_vl.region_drawing import COLOURS, outlined_in

_TAR_BYTES = 1e9
_ROLES = {"human": "user", "gpt": "assistant", "system": "system"}


def write_for_trainer(samples: Iterable[Sample], form: str, output: Path) -> int:
    """Write samples in a trainer's format.

    Args:
        samples: in the published format.
        form: a key of `FORMS`.
        output: the folder.

    Returns:
        How many samples were written.

    Raises:
        ValueError: for an unknown form, or a sample whose region has no mask.
        DecodingError: if a film cannot be decoded.
    """
    if form not in FORMS:
        raise ValueError(f"unknown trainer format {form!r}; known: {', '.join(FORMS)}")
    return FORMS[form](samples, Path(output))


def _llava(samples: Iterable[Sample], output: Path) -> int:
    entries = [
        {"id": sample.get("id", str(number)), "conversations": turns}
        | ({"video": film} if film else {})
        for number, (sample, film, turns, _) in enumerate(_prepared(samples, output, _as_boxes))
    ]
    _write(output / "llava.json", [json.dumps(entries, indent=1, ensure_ascii=False)])
    return len(entries)


def _videorefer(samples: Iterable[Sample], output: Path) -> int:
    entries = []
    for number, (sample, film, turns, regions) in enumerate(_prepared(samples, output, _as_tokens)):
        entry = {"id": sample.get("id", str(number)), "conversations": turns}
        if film:
            fps = film_shape(film).fps
            entry["video"] = film
            entry["annotation"] = [
                {str(round(t * fps)): {"segmentation": encode_mask(m)} for t, m in region.items()}
                for region in regions
            ]
        entries.append(entry)
    _write(output / "videorefer.json", [json.dumps(entries, ensure_ascii=False)])
    return len(entries)


def _llama_factory(samples: Iterable[Sample], output: Path) -> int:
    entries = list(_messages(samples, output))
    columns = {"messages": "messages", "videos": "videos"}
    tags = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    }
    about = {"file_name": "data.json", "formatting": "sharegpt", "columns": columns, "tags": tags}
    _write(output / "data.json", [json.dumps(entries, indent=1, ensure_ascii=False)])
    _write(output / "dataset_info.json", [json.dumps({"strefer": about}, indent=1)])
    return len(entries)


def _ms_swift(samples: Iterable[Sample], output: Path) -> int:
    entries = list(_messages(samples, output))
    _write(output / "data.jsonl", map(dumps, entries))
    return len(entries)


def _messages(samples: Iterable[Sample], output: Path) -> Iterator[dict[str, Any]]:
    for _, film, turns, _ in _prepared(samples, output, _as_boxes):
        yield {"messages": _with_roles(turns), "videos": [film] if film else []}


def _with_roles(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"role": _ROLES[turn["from"]], "content": turn["value"]} for turn in turns]


def _trl(samples: Iterable[Sample], output: Path) -> int:
    text = datasets.Value("string")
    schema = datasets.Features(
        {
            "messages": [{"role": text, "content": text}],
            "images": datasets.Sequence(datasets.Image()),
        }
    ).arrow_schema
    few = (s for s in samples if len(s.get("annotation", ())) <= len(COLOURS))
    count = 0
    with (
        atomic_write(output / "train.parquet", "wb") as file,
        pq.ParquetWriter(file, schema) as writer,
    ):
        for _, film, turns, regions in _prepared(few, output, _as_outlines):
            messages, images = _with_roles(turns), []
            if film:
                times_s, images = outlined_frames(film, regions)
                told = ", ".join(f"{time_s:.1f}" for time_s in times_s)
                asked = next(m for m in messages if m["role"] == "user")
                question = asked["content"].replace("<video>", "").strip()
                asked["content"] = f"Frames of a video, at {told} seconds.\n{question}"
            row = {"messages": messages, "images": images}
            writer.write_table(pa.Table.from_pylist([row], schema))
            count += 1
    return count


def _write(file: Path, lines: Iterable[str]) -> None:
    with atomic_write(file) as written:
        written.writelines(f"{line}\n" for line in lines)


def _prepared(
    samples: Iterable[Sample], output: Path, say: Callable[[list[Region]], Iterable[str]]
) -> Iterator[tuple[Sample, str | None, list[dict[str, str]], list[Region]]]:
    """Samples, their film (an absolute path) if they have one, their turns with times in words, and
    their regions. `say` returns the text for each region."""
    for sample in samples:
        film, clip_s, regions = None, None, []
        if sample.get("path"):
            film = sample["path"] if is_remote(sample["path"]) else os.path.abspath(sample["path"])
            if "clip_timestamps" in sample:
                start_s, end_s = (seconds_of(time) for time in sample["clip_timestamps"])
                clip_s = (start_s, end_s)
            regions = list(_regions(sample, film_shape(film), clip_s))
            if clip_s is not None:
                film = clip_film(film, clip_s, output / "clips")
        words = iter(say(regions))
        turns = []
        for turn in sample["conversations"]:
            pieces = turn["value"].replace(VIDEO, "<video>").split(REGION)
            text = pieces[0] + "".join(next(words) + piece for piece in pieces[1:])
            for mark, name in ((START_TIME, "start_time"), (END_TIME, "end_time")):
                if mark in text:
                    text = text.replace(mark, f"{seconds_of(sample[name]):.1f} seconds")
            turns.append({"from": turn["from"], "value": text})
        yield sample, film, turns, regions


def _regions(sample: Sample, shape: Shape, clip_s: tuple[float, float] | None) -> Iterator[Region]:
    """Each region's masks by seconds of the film or clip."""
    start_s, end_s = clip_s or (0.0, shape.duration_s)
    times_s = sample_times(end_s - start_s, NUM_FRAMES, shape.fps)
    raw = sample.get("frame_keys", "sampled") == "raw"
    for number, region in enumerate(sample.get("annotation", ())):
        found = {}
        for key in sorted(region, key=int):
            mask = mask_of_shape(region[key], shape.height_px, shape.width_px)
            if mask is not None:
                found[int(key) / shape.fps - start_s if raw else times_s[int(key)]] = mask
        if not found:
            raise ValueError(f"{sample['path']}: region {number} has no mask with pixels")
        yield found


def _as_tokens(regions: list[Region]) -> list[str]:
    return [REGION] * len(regions)


def _as_boxes(regions: list[Region]) -> list[str]:
    return [_box(region) for region in regions]


def _as_outlines(regions: list[Region]) -> list[str]:
    return [outlined_in(name) for _, name in zip(regions, COLOURS, strict=False)]


def _box(region: Region) -> str:
    """A region as words: its box on the middle one of its frames."""
    time_s = middle(region)
    return f"box {box_in_thousandths(region[time_s])} at {time_s:.1f} seconds"


def box_in_thousandths(mask: np.ndarray) -> list[int]:
    """The box [x0, y0, x1, y1] around a mask [H, W], in thousandths of its width and height."""
    sides = []
    for along in (mask.any(axis=0), mask.any(axis=1)):
        inside = np.flatnonzero(along)
        sides.append((inside[0] / len(along), (inside[-1] + 1) / len(along)))
    (x0, x1), (y0, y1) = sides
    return [round(float(side) * 1000) for side in (x0, y0, x1, y1)]


def _webdataset(samples: Iterable[Sample], output: Path) -> int:
    by_film: dict[str, list[Sample]] = {}
    for sample in samples:
        by_film.setdefault(sample["path"], []).append(sample)
    output.mkdir(parents=True, exist_ok=True)
    number = 0
    for shard, films in enumerate(_shards_of(list(by_film))):
        with tarfile.open(output / f"strefer-{shard:06d}.tar", "w") as tar:
            for film in films:
                _add(tar, f"{number:08d}{Path(film).suffix.lower()}", Path(film).read_bytes())
                _add(tar, f"{number:08d}.json", dumps({"samples": by_film[film]}).encode())
                number += 1
    return sum(map(len, by_film.values()))


def _shards_of(films: list[str]) -> Iterator[list[str]]:
    """Films one after the other, about `_TAR_BYTES` of them at a time."""
    shard, size = [], 0
    for film in films:
        shard.append(film)
        size += os.stat(film).st_size
        if size >= _TAR_BYTES:
            yield shard
            shard, size = [], 0
    if shard:
        yield shard


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    about = tarfile.TarInfo(name)
    about.size = len(content)
    tar.addfile(about, io.BytesIO(content))


FORMS: Mapping[str, Callable[[Iterable[Sample], Path], int]] = {
    "published": write_published,
    "lines": write_lines,
    "llava": _llava,
    "videorefer": _videorefer,
    "llama_factory": _llama_factory,
    "ms_swift": _ms_swift,
    "trl": _trl,
    "webdataset": _webdataset,
}
