"""Stage `gallery`: the pages beside the films' folders that `show_films` writes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from strefer.corrections.kinds import ALWAYS, COLUMNS
from strefer.files import atomic_write
from strefer.gallery.show_films import FILMS_A_CHUNK, FORMS
from strefer.report.samples import COLOURS
from strefer.videos.tables import read_table

PAGE = Path(__file__).parent / "page"


def write_gallery(
    shards: Sequence[str],
    output: Path,
    run: str,
    warning: str | None = None,
    corrections: str | Sequence[str] = (),
) -> None:
    """Write `index.html`, its parts in `page/`, and `run.js`: what all its films have in common.

    Args:
        shards: names of the folders of `show_films`, in order.
        output: the gallery's folder.
        run: the run's name.
        warning: what a reader must know first.
        corrections: the table of corrections that the run was made with, or several; their rows
            are shown, and are in the table that the gallery writes.
    """
    tables = [corrections] if isinstance(corrections, str) else corrections
    about = {
        "run": run,
        "warning": warning,
        "shards": list(shards),
        "colours": [f"rgb({r}, {g}, {b})" for r, g, b in COLOURS],
        "forms": FORMS,
        "films_a_chunk": FILMS_A_CHUNK,
        "columns": COLUMNS,
        "corrections": [row for table in tables for _, row in read_table(table, ALWAYS, COLUMNS)],
    }
    shutil.rmtree(output / "page", ignore_errors=True)
    shutil.copytree(PAGE, output / "page", ignore=shutil.ignore_patterns("*.html"))
    with atomic_write(output / "run.js") as file:
        file.write(f"strefer.run({json.dumps(about)})\n")
    for page in PAGE.glob("*.html"):
        shutil.copyfile(page, output / page.name)
