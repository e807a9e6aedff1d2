"""Draws the pairs that people judge.

The rule: pairs are in strata by group and form (and by verdict, if rejected pairs are drawn too).
One pair of each stratum is taken in turn until the sheet is full, so that rare strata are judged as
well as large ones; within a stratum the order is that of digests of seed, film and pair. Each row
says how many pairs of the run its stratum has, from which `count_answers` weighs the strata.
"""

from __future__ import annotations

import csv
import heapq
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from strefer.corrections.pairs import pair_item
from strefer.files import atomic_write, digest_of

OF = {"kept": (True,), "rejected": (False,), "all": (True, False)}  # which pairs, by verdict


@dataclass(frozen=True)
class Drawn:
    """A pair of the sheet. `item` is its key, `of` the number of pairs in its stratum."""

    film: str
    item: str
    group: str
    form: str
    verdict: str
    of: int

    @property
    def stratum(self) -> tuple[str, str, str]:
        return self.group, self.form, self.verdict


def draw_sheet(run: Path, n_pairs: int, seed: int, of: str) -> tuple[str, list[Drawn]]:
    """Draw a sheet from a run's pairs and write it: `judging/sheet.csv`, and `gallery/sheet.js` for
    the gallery's page for judges.

    Args:
        run: the run's folder, with its gallery.
        of: which pairs: "kept", "rejected" or "all".

    Returns:
        The sheet's name (a digest), and its pairs.

    Raises:
        ValueError: if the run has no gallery, or no such pairs.
    """
    if not (run / "gallery" / "index.html").is_file():
        raise ValueError(f"{run} has no gallery; make it with the target `gallery`")
    sizes: Counter[tuple[str, str, str]] = Counter()
    first: dict[tuple[str, str, str], list[tuple[str, str, str]]] = {}
    for film, pair in _pairs(run):
        if (pair["rejected"] is None) not in OF[of]:
            continue
        verdict = "kept" if pair["rejected"] is None else "rejected"
        stratum = pair["group"], pair["form"], verdict
        sizes[stratum] += 1
        item = pair_item(pair)
        entry = digest_of([seed, film, item]), film, item
        heap = first.setdefault(stratum, [])
        heap.append(entry)
        if len(heap) >= 2 * n_pairs:
            heap[:] = heapq.nsmallest(n_pairs, heap)
    if not sizes:
        raise ValueError(f"{run} has no {'' if of == 'all' else of + ' '}pairs")
    columns = [[(s, e) for e in heapq.nsmallest(n_pairs, set(first[s]))] for s in sorted(first)]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*columns))
    chosen = itertools.islice((one for one in in_turn if one), n_pairs)
    drawn = [Drawn(film, item, *s, of=sizes[s]) for s, (_, film, item) in chosen]
    name = digest_of([asdict(one) for one in drawn])[:12]
    _write(run, name, drawn)
    return name, drawn


def _pairs(run: Path) -> Iterator[tuple[str, dict]]:
    for path in _shards(run, "instructions"):
        with open(path, encoding="utf-8") as file:
            for line in map(json.loads, file):
                if "failure" not in line:
                    yield line.pop("video_id"), line


def _shards(run: Path, stage: str) -> list[Path]:
    return sorted((run / stage).glob("*-of-*.jsonl"))


def _write(run: Path, name: str, drawn: list[Drawn]) -> None:
    with atomic_write(run / "judging" / "sheet.csv") as file:
        table = csv.writer(file)
        table.writerow(["sheet", *(field.name for field in fields(Drawn))])
        table.writerows([name, *asdict(one).values()] for one in drawn)
    places = _places(run)
    pairs = [[*places[one.film], one.item] for one in drawn]
    with atomic_write(run / "gallery" / "sheet.js") as file:
        file.write(f"strefer.sheet({json.dumps({'sheet': name, 'pairs': pairs})})\n")


def _places(run: Path) -> dict[str, tuple[str, int]]:
    """The place of each film in the gallery: its shard's folder, and its number there."""
    places = {}
    for path in _shards(run, "videos"):
        with open(path, encoding="utf-8") as file:
            films = dict.fromkeys(json.loads(line)["video_id"] for line in file)
        places |= {film: (path.stem, number) for number, film in enumerate(films)}
    return places


def read_sheet(path: Path) -> tuple[str, list[Drawn]]:
    """A sheet's name and pairs.

    Raises:
        ValueError: if it is not a sheet; the message names the file.
    """
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        drawn = [Drawn(**{f.name: row[f.name] for f in fields(Drawn)}) for row in rows]
        return rows[0]["sheet"], [_counted(one) for one in drawn]
    except (KeyError, ValueError, IndexError, TypeError):
        raise ValueError(f"{path}: not a sheet of `strefer judge draw`") from None


def _counted(one: Drawn) -> Drawn:
    return Drawn(**(asdict(one) | {"of": int(one.of)}))
