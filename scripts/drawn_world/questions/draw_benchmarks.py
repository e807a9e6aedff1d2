"""The demo's benchmark films and the five files in the official formats."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drawn_world.draw_films import write_world
from drawn_world.questions.qvhighlights import highlights
from drawn_world.questions.tempcompass import TEMPCOMPASS_FORMS, tempcompass
from drawn_world.questions.videomme import videomme
from drawn_world.questions.videorefer import descriptions, questions
from drawn_world.truth import load_truth
from strefer.files import atomic_write, dumps


def draw_benchmarks(out_dir: Path, n_films: int, seed: int) -> None:
    """Write films of the split `benchmark` and the files that ask about them.

    Args:
        out_dir: gets `videos/`, `truth/`, `videorefer_d.json`, `videorefer_q.json`,
            `qvhighlights.jsonl`, `tempcompass/questions_<form>.json` and `videomme.json`.
        n_films: how many films.
        seed: of the choice of questions.
    """
    described: list[dict] = []
    asked: list[dict] = []
    lines: list[dict] = []
    compass: dict[str, dict[str, Any]] = {form: {} for form in TEMPCOMPASS_FORMS}
    mme: list[dict] = []
    for film in write_world("benchmark", n_films, out_dir):
        truth = load_truth(out_dir / "truth" / f"{film}.json")
        drawn = random.Random(f"{seed} {film}")
        described += descriptions(truth, film)
        asked += questions(truth, film, drawn)
        lines += highlights(truth, film)
        for form, by_aspect in tempcompass(truth, drawn).items():
            if by_aspect:
                compass[form][film] = by_aspect
        mme.append(videomme(truth, film, drawn))
    _write(out_dir / "videorefer_d.json", _numbered(described, "id"))
    _write(out_dir / "videorefer_q.json", _numbered(asked, "id"))
    with atomic_write(out_dir / "qvhighlights.jsonl") as file:
        file.writelines(dumps(line) + "\n" for line in _numbered(lines, "qid"))
    for form, by_film in compass.items():
        _write(out_dir / "tempcompass" / f"questions_{form}.json", by_film)
    _write(out_dir / "videomme.json", mme)


def _numbered(entries: Iterable[dict], key: str) -> list[dict]:
    return [{key: number} | entry for number, entry in enumerate(entries)]


def _write(path: Path, content: Any) -> None:
    with atomic_write(path) as file:
        json.dump(content, file, indent=1)
