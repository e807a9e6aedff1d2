"""Video-MME: multiple choice on films of up to an hour, with or without subtitles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.files import (
    LIST,
    TEXT,
    entries_of,
    field,
    find_film,
    log,
    read_rows,
    texts,
)
from strefer.benchmarks.letters import videomme_letter
from strefer.benchmarks.questions import (
    Ask,
    Predictions,
    Question,
    Row,
    Scored,
    human,
    mean,
    means_by,
    predicted,
    share_answered,
)
from strefer.benchmarks.readings import read_letter

HEADLINE = "accuracy"
BEFORE = (
    "Select the best answer to the following multiple-choice question based on the video. "
    "Respond with only the letter (A, B, C, or D) of the correct option."
)
_WITH_SUBTITLES = "This video's subtitles are listed below:\n{subtitles}\n"
_BY = ("duration", "domain", "sub_category", "task_type")
_OF_FILM = ("video_id", "duration", "domain", "sub_category")
_COUNTER = re.compile(r"\d+|.*-->.*")
_MARKUP = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")  # font tags, and positions such as {\an8}


def load(annotations: Path, videos: Path, options: Mapping[str, Any]) -> list[Question]:
    """Load questions from the data set (its parquet file or the folder with it), from the same rows
    as JSON, or from a file in the nested result format (`response` is not needed).

    Args:
        videos: the folder with the films, by YouTube id (`videoID`) or by `video_id`.
        options: `subtitles`: a folder with a .srt file by either name, or None.

    Raises:
        ValueError: if an entry lacks a field; names the film.
    """
    questions = []
    subtitles = _Subtitles(options.get("subtitles"))
    films: dict[str, str] = {}
    for where, row in _rows(read_rows(annotations), annotations):
        about = {key: field(row, key, TEXT, where) for key in _BY}
        names = [row.get("videoID"), field(row, "video_id", TEXT, where)]
        names = [name for name in names if isinstance(name, str) and name]
        if not names:
            raise ValueError(f"{where}: 'video_id' is empty")
        path = films.setdefault("\n".join(names), str(find_film(videos, *names)))
        lines = texts(row, "options", where)
        context = subtitles.of(names)
        asked = context + question_text(field(row, "question", TEXT, where), lines)
        sample = {"conversations": human(asked), "path": path, "options": lines}
        if context:
            sample["context"] = context.split("\n", 1)[1].rstrip("\n")
        gold = field(row, "answer", TEXT, where)
        questions.append(Question(field(row, "question_id", TEXT, where), sample, gold, about, 8))
    subtitles.report()
    _report_zipped(videos, films)
    return questions


def _report_zipped(videos: Path, films: Mapping[str, str]) -> None:
    """Say that films are still in the archives in which they are published."""
    if videos == Path(".") or any(Path(path).exists() for path in films.values()):
        return  # scoring names no folder, and opens no film
    if list(videos.glob("*.zip")):
        log.warning("%s: has .zip files and none of %d films; unzip them", videos, len(films))


def _rows(content: Any, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """A row for each question, whether the file nests questions in films or not."""
    for where, entry in entries_of(content, path):
        where = f"{path}, film {entry['video_id']}" if entry.get("video_id") else where
        if "questions" not in entry:
            yield where, entry
            continue
        film = {key: field(entry, key, TEXT, where) for key in _OF_FILM}
        film |= {"videoID": entry.get("videoID")}
        for _, question in entries_of(field(entry, "questions", LIST, where), path):
            yield where, film | question


def question_text(question: str, options: Sequence[str]) -> str:
    """A question as the official prompt puts it."""
    return "\n".join([BEFORE, question, *options, "The best answer is:"])


class _Subtitles:
    """The subtitles of films, each read once, and a count of the films that have none."""

    def __init__(self, folder: str | None) -> None:
        self.folder = Path(folder) if folder else None
        self._read: dict[str, str] = {}

    def of(self, names: Sequence[str]) -> str:
        """The part of the prompt with a film's subtitles; "" if it has none, as the official run
        asks about such films."""
        if self.folder is None:
            return ""
        if names[0] not in self._read:
            places = (self.folder, self.folder / "subtitle")
            paths = (place / f"{name}.srt" for place in places for name in names)
            self._read[names[0]] = next((_spoken(path) for path in paths if path.exists()), "")
        return self._read[names[0]]

    def report(self) -> None:
        """Say how many films have no subtitles.

        Raises:
            ValueError: if none has any: the folder is the wrong one.
        """
        missing = [name for name, text in self._read.items() if not text]
        if missing and len(missing) == len(self._read):
            raise ValueError(
                f"{self.folder}: has subtitles for none of the {len(missing)} films (looked for "
                f"{missing[0]}.srt, also in {self.folder / 'subtitle'})"
            )
        if missing:
            some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
            log.warning("%s: %d of %d films have no subtitles and are asked about without: %s",
                        self.folder, len(missing), len(self._read), some)  # fmt: skip


def _spoken(path: Path) -> str:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = (_MARKUP.sub("", line).strip() for line in text.splitlines())
    spoken = [line for line in lines if line and not _COUNTER.fullmatch(line)]
    return _WITH_SUBTITLES.format(subtitles="\n".join(spoken)) if spoken else ""


def score(questions: Sequence[Question], predictions: Predictions, ask: Ask | None) -> Scored:
    """Percent right as the official script has it (unparsable answers leave the denominator),
    pooled and by group. `accuracy_strict` counts them as wrong; `strict` also reads the answer with
    care, so that "The correct option is C" is C."""
    rows = []
    for question in questions:
        said = predicted(predictions, question)
        letter = None if said is None else videomme_letter(said)
        points = None if letter is None else 100.0 * (letter == question.gold)
        strict = 100.0 * (read_letter(said, question.sample["options"]) == question.gold)
        rows.append(Row(question.id, points, question.about, strict=strict))
    metrics = {
        HEADLINE: mean(row.points for row in rows),
        "accuracy_strict": mean(row.points or 0.0 for row in rows),
        "strict": mean(row.strict for row in rows),
        "answered": share_answered(questions, predictions),
    }
    for key in _BY:
        metrics |= means_by(rows, key)
    return Scored(metrics, rows)
