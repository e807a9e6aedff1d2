"""Files of samples: read from an export or a recipe, written as the paper's JSON or as lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from strefer.files import atomic_write, dumps
from strefer.recipes.export_instructions import read_export
from strefer.recipes.published_format import PUBLISHED_FIELDS, Sample


def read_samples(path: Path) -> Iterator[Sample]:
    """The samples of an export's folder, or of a recipe's JSON Lines file.

    Raises:
        ValueError: naming the folder if it holds none, or file and line of what is not JSON.
    """
    if path.is_dir():
        files = sorted(path.glob("data/*.parquet"))
        if not files:
            raise ValueError(f"{path}: no data/*.parquet; give the folder `export` of a run")
        yield from read_export(files)
        return
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from None


def write_published(samples: Iterable[Sample], output: Path) -> int:
    """Write strefer.json, which has the published fields and no others; returns how many."""
    count = 0
    with atomic_write(output / "strefer.json") as file:
        for count, sample in enumerate(samples, 1):
            fields = {name: sample[name] for name in PUBLISHED_FIELDS if name in sample}
            file.write(("[\n" if count == 1 else ",\n") + dumps(fields))
        file.write("\n]\n" if count else "[]\n")
    return count


def write_lines(samples: Iterable[Sample], output: Path) -> int:
    """Write strefer.jsonl, a sample a line, with all of its fields; returns how many."""
    count = 0
    with atomic_write(output / "strefer.jsonl") as file:
        for sample in samples:
            file.write(dumps(sample) + "\n")
            count += 1
    return count
