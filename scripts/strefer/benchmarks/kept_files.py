"""Files that a job makes for several benchmarks, kept so that only what has changed is made again.

Snakemake removes all outputs of a job before it runs. So each file is also kept under the digest of
everything that made it, and copied from there if nothing of that has changed.
"""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.questions import Question
from strefer.files import atomic_write, digest_of
from strefer.films.picture_folder import film_digest

log = logging.getLogger("strefer")


def make_files(
    store: Path,
    outputs: Mapping[str, Path],
    made_from: Mapping[str, Any],
    make: Callable[[str, Path], object],
) -> None:
    """Make a file for each benchmark, or copy it from the store.

    Args:
        store: the folder of kept files.
        outputs: the files to make, by benchmark.
        made_from: by benchmark, all that determines its file, as plain JSON.
        make: makes a benchmark's file at a path.
    """
    for name, output in outputs.items():
        kept = store / name / digest_of(made_from[name])
        if kept.is_file():
            log.info("%s: nothing has changed; copying its file from the store", name)
            _copy(kept, output)
        else:
            make(name, output)
            _copy(output, kept)


def _copy(source: Path, target: Path) -> None:
    with open(source, "rb") as old, atomic_write(target, "wb") as new:
        shutil.copyfileobj(old, new)


def content_of(questions: Sequence[Question], films: bool) -> list[dict[str, Any]]:
    """Questions as plain JSON, without the paths of their films.

    Args:
        films: True puts the digests of the films in their place.
    """
    paths = {str(question.sample["path"]) for question in questions if films}
    digests = {path: film_digest(path) if Path(path).exists() else None for path in paths}
    return [
        dataclasses.asdict(question)
        | {"sample": {**question.sample, "path": digests.get(str(question.sample["path"]))}}
        for question in questions
    ]
