"""Compares two runs: what came out, which pairs came, went or changed and why, and the scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strefer.benchmarks.registry import BENCHMARKS
from strefer.benchmarks.score_predictions import compare as compare_scores
from strefer.report.chain import count_chain, read_stages
from strefer.report.losses import in_general, why_gone
from strefer.stage.run import Line

STAGES = (
    "videos", "clips", "entities", "references", "tracks", "masklets", "transcripts", "statements",
    "instructions",
)  # fmt: skip
Lines = Mapping[str, Sequence[Line]]
Pair = dict[str, Any]


@dataclass(frozen=True)
class PairChange:
    """A pair that one run has and the other has not, or has with another answer.

    Attributes:
        kind: "added", "lost" or "changed".
        reason: what made the difference.
        before, after: the pair in either run, or None.
    """

    kind: str
    film: str
    reason: str
    before: Pair | None
    after: Pair | None


def read_run(folder: Path) -> dict[str, list[Line]]:
    """All lines of a run, by stage; a stage that it has not reached has none."""
    return read_stages({stage: sorted((folder / stage).glob("*-of-*.jsonl")) for stage in STAGES})


def compare_pairs(first: Lines, second: Lines) -> list[PairChange]:
    """The pairs kept that differ, film by film. A pair is the same if it asks the same of the same
    expressions, films and times; it has changed if its answer has."""
    before, after = _Pairs(first), _Pairs(second)
    changed = _first_difference(first, second)
    found = []
    for key in dict.fromkeys((*before.kept, *after.kept)):
        film = key[0]
        old, new = before.kept.get(key), after.kept.get(key)
        if old and new and old["answer"] == new["answer"] and old["options"] == new["options"]:
            continue
        if old and new:
            reason = (
                "by hand" if new["written_by"] == "person" else changed.get(film, "the wording")
            )
            found.append(PairChange("changed", film, reason, old, new))
        elif old:
            reason = after.why_not(key) or changed.get(film, "no longer proposed")
            found.append(PairChange("lost", film, reason, old, None))
        else:
            reason = changed.get(film, "not proposed before")
            if rejected := before.why_not(key):
                reason = f"was rejected: {rejected}"
            found.append(PairChange("added", film, reason, None, new))
    return found


class _Pairs:
    """A run's pairs: those kept, and why others are not."""

    def __init__(self, run: Lines) -> None:
        names = {
            line.video_id: [entity["expression"] for entity in line.record["entities"]]
            for line in run["references"]
            if line.record
        }
        self.kept: dict[tuple, Pair] = {}
        self._rejected: dict[tuple, str] = {}
        self._gone = why_gone(run)
        self._films = {line.video_id for line in run["videos"]}
        for line in run["instructions"]:
            if pair := line.record:
                regions = tuple(names[line.video_id][entity] for entity in pair["regions"])
                times = (pair["start_s"], pair["end_s"], *(pair["clip_s"] or ()))
                key = (line.video_id, pair["group"], pair["form"], pair["question"], regions, times)
                if pair["rejected"] is None:
                    self.kept[key] = pair
                else:
                    self._rejected[key] = pair["rejected"]

    def why_not(self, key: tuple) -> str | None:
        """Why a pair is not kept, if known."""
        film = key[0]
        if film not in self._films:
            return "the film is not in the run"
        return self._rejected.get(key) or self._gone.get(film)


def _first_difference(first: Lines, second: Lines) -> dict[str, str]:
    """The first stage whose results differ, by film, in words."""
    found: dict[str, str] = {}
    for stage in STAGES[:-1]:
        before, after = _records(first[stage]), _records(second[stage])
        for film in before.keys() & after.keys():
            if before[film] != after[film]:
                found.setdefault(film, f"other {stage} before it")
    return found


def _records(lines: Sequence[Line]) -> dict[str, list]:
    records: dict[str, list] = {}
    for line in lines:
        fields = {name: v for name, v in (line.record or {}).items() if name != "path"}
        records.setdefault(line.video_id, []).append(fields)
    return records


def compare_benchmarks(first: Path, second: Path) -> list[dict[str, Any]]:
    """Rows as `score_predictions.compare` gives them, for each student that both runs scored: the
    first run's score, the second's, and the difference with its interval. `fault` says why there
    is none."""
    rows = []
    for path in sorted((first / "scores").glob("*/*.json")):
        student, benchmark = path.parent.name, path.stem
        other = second / "scores" / student / path.name
        if benchmark not in BENCHMARKS or not other.is_file():
            continue
        try:
            files = {("first", benchmark): path, ("second", benchmark): other}
            rows += [row | {"student": student} for row in compare_scores(files)]
        except ValueError as error:
            rows.append({"student": student, "benchmark": benchmark, "fault": str(error)})
    return rows


def in_words(first: Path, second: Path, examples: int) -> Iterator[str]:
    """The comparison as lines of text.

    Args:
        examples: pairs shown of each kind and reason.
    """
    runs = read_run(first), read_run(second)
    yield f"A = {first.name}, B = {second.name}"
    yield ""
    for old, new in zip(*map(count_chain, runs), strict=True):
        for run, row in (("A", old), ("B", new))[: 1 if old == new else 2]:
            failed = f", {row['failed']} failed" if row["failed"] else ""
            both = "A, B" if old == new else run
            yield f"{row['stage']:<13} {both:<5} {row['done']} done{failed}: {row['outcome']}"
    yield ""
    yield from _pairs_in_words(compare_pairs(*runs), examples)
    scores = compare_benchmarks(first, second)
    if scores:
        yield ""
        yield f"{'score':<14} {'student':<14} {'A':>7} {'B':>7}  B - A (95% interval)"
    for row in scores:
        yield _score_in_words(row)


def _pairs_in_words(changes: Sequence[PairChange], examples: int) -> Iterator[str]:
    kinds = Counter(change.kind for change in changes)
    yield "pairs: " + ", ".join(f"{kinds[kind]} {kind}" for kind in ("added", "lost", "changed"))
    by_reason: dict[tuple[str, str], list[PairChange]] = {}
    for change in changes:
        by_reason.setdefault((change.kind, in_general(change.reason)), []).append(change)
    for (kind, reason), alike in sorted(
        by_reason.items(), key=lambda one: (one[0][0], -len(one[1]))
    ):
        yield f"  {len(alike):>6} {kind:<8} {reason}"
        for change in alike[:examples]:
            pair = change.before or change.after
            answer = pair["answer"]
            if change.kind == "changed":
                answer = f"{change.before['answer']}  =>  {change.after['answer']}"
            yield f"           {change.film}, {pair['group']}: {pair['question']} {answer}"


def _score_in_words(row: Mapping[str, Any]) -> str:
    head = f"{row['benchmark']:<14} {row['student']:<14}"
    if "fault" in row:
        return f"{head} {row['fault']}"
    values = [f"{v:7.3f}" if v is not None else "      –" for v in row["values"].values()]
    found = row["differences"].get("second")
    shown = found and f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
    return f"{head} {' '.join(values)}  {shown or 'not decided'}"
