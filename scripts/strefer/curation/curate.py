"""Step `curation`: which films are better left out, by what the clipper saw of them.

Two segments look the same if their mean embeddings are no further apart than frames of one scene
are. Of films that look the same, the longest is kept; if they are equally long, the one with more
pixels, then the first by name.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from strefer.clips.appearance import unpacked
from strefer.files import atomic_write
from strefer.records import Appearance, Clips, Video
from strefer.stage.run import read_records

SAME = 1.0  # of that distance
SHARE = 0.8  # a film is like another if so much of its length looks the same
BLACK = 4.0  # grey levels (0-255) of all frames spread by less
STILL = 1.5  # grey levels of no frame differ by more from the first's on average
DROPS, ALIKE = "drop.csv", "alike.csv"

Row = Sequence[str | float]


@dataclass(frozen=True, eq=False)
class Film:
    """The features of a film that are compared.

    Attributes:
        looks: float32 [S, D], the segments' mean embeddings, of unit length.
        lengths_s: [S].
        of_benchmark: whether it is one that benchmarks ask about.
    """

    name: str
    video: Video
    appearance: Appearance
    looks: np.ndarray
    lengths_s: np.ndarray
    of_benchmark: bool = False


def curate(
    videos: Sequence[Path],
    clips: Sequence[Path],
    of_benchmarks: tuple[Path, Path] | None,
    output: Path,
) -> None:
    """Write two tables into a folder: drop.csv, a table of corrections that drops films, each with
    its reason; and alike.csv, films of which a part looks like another film, with the part.

    Args:
        videos, clips: shard files, in the same order.
        of_benchmarks: the like two files of the films that benchmarks ask about; None for none.
        output: the folder.
    """
    films = [film for files in zip(videos, clips, strict=True) for film in _read(*files)]
    others = list(_read(*of_benchmarks, of_benchmark=True)) if of_benchmarks else []
    alike = list(_alike(films, others))
    reasons = _duplicates(alike) | dict(_of_benchmarks(alike)) | dict(_unseen(films))
    drops = [(film, "drop_film", "curation", reasons[film]) for film in sorted(reasons)]
    parts = [(film.name, other.name, f"{part:.2f}") for film, other, part, _ in alike]
    _write(output / DROPS, ("film", "what", "who", "why"), drops)
    _write(output / ALIKE, ("film", "other", "part"), sorted(parts))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with atomic_write(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)


def _read(videos: Path, clips: Path, of_benchmark: bool = False) -> Iterator[Film]:
    cut = read_records(clips, Clips)
    for name, (video,) in read_records(videos, Video).items():
        for found in cut.get(name, []):
            if found.appearance is not None:
                lengths_s = np.array([s.end_s - s.start_s for s in found.segments])
                looks = unpacked(found.appearance, len(found.segments))
                yield Film(name, video, found.appearance, looks, lengths_s, of_benchmark)


def _unseen(films: Sequence[Film]) -> Iterator[tuple[str, str]]:
    for film in films:
        if film.appearance.contrast < BLACK:
            yield film.name, f"black: grey levels spread by {film.appearance.contrast:g}"
        elif film.appearance.motion < STILL:
            yield film.name, f"still: grey levels change by {film.appearance.motion:g}"


Alike = tuple[Film, Film, float, float]
"""Two films, and the parts of both that look like something in the other."""


def _alike(films: Sequence[Film], others: Sequence[Film]) -> Iterator[Alike]:
    known = [*films, *others]
    if not known:
        return
    looks = np.concatenate([film.looks for film in known])
    counts = [len(film.looks) for film in known]
    first = np.cumsum([0, *counts[:-1]])
    noise = np.repeat([film.appearance.noise for film in known], counts)
    for film in films:
        near = SAME * np.minimum(noise, film.appearance.noise)
        same = 1 - film.looks @ looks.T <= near  # [S, all segments]
        by_film = np.logical_or.reduceat(same, first, axis=1)  # [S, films]
        for place in np.flatnonzero(by_film.any(axis=0)):
            other = known[place]
            if other is not film:
                there = same[:, first[place] : first[place] + counts[place]].any(axis=0)
                part = film.lengths_s[by_film[:, place]].sum() / film.lengths_s.sum()
                yield film, other, part, other.lengths_s[there].sum() / other.lengths_s.sum()


def _duplicates(alike: Sequence[Alike]) -> dict[str, str]:
    def rank(film: Film) -> tuple[float, int, str]:
        return -film.video.duration_s, -film.video.width_px * film.video.height_px, film.name

    reasons: dict[str, str] = {}
    for film, other, part, _ in sorted(alike, key=lambda found: rank(found[0])):
        kept = not other.of_benchmark and other.name not in reasons
        if kept and part >= SHARE and rank(other) < rank(film):
            reasons.setdefault(film.name, f"duplicate: {part:.0%} of it looks like {other.name}")
    return reasons


def _of_benchmarks(alike: Sequence[Alike]) -> Iterator[tuple[str, str]]:
    for film, other, part, of_other in alike:
        if other.of_benchmark and max(part, of_other) >= SHARE:
            yield film.name, f"benchmark: {part:.0%} of it looks like {other.name}"
