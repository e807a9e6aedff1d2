"""Counts along the chain and the failures, from the stages' shard files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.corrections.apply import LOST, SET_ASIDE
from strefer.instructions.verification.checks import CHECKS, check_of
from strefer.stage.run import Line, read_lines


def read_stages(files: Mapping[str, Sequence[Path]]) -> dict[str, list[Line]]:
    """All lines of each stage, given its shard files."""
    return {
        stage: [line for path in paths for line in read_lines(path)]
        for stage, paths in files.items()
    }


def count_chain(stages: Mapping[str, Sequence[Line]]) -> list[dict[str, Any]]:
    """One row per stage: films done and failed, and a summary of the results."""
    rows = []
    for stage, lines in stages.items():
        records = [line.record for line in lines if line.record is not None]
        failed = {line.video_id for line in lines if line.failure and not _is_decision(line)}
        aside = {
            line.video_id for line in lines if line.failure and line.failure["stage"] == SET_ASIDE
        }
        rows.append(
            {
                "stage": stage,
                "done": len({line.video_id for line in lines} - failed - aside),
                "failed": len(failed),
                "outcome": _OUTCOMES[stage](records),
            }
        )
    return rows


def count_groups(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """A row an instruction group: pairs kept, pairs rejected, and the forms of the kept."""
    kept, rejected, forms = Counter(), Counter(), {}
    for line in lines:
        if line.record is None:
            continue
        group = line.record["group"]
        if line.record["rejected"] is None:
            kept[group] += 1
            forms.setdefault(group, Counter())[line.record["form"]] += 1
        else:
            rejected[group] += 1
    return [
        {
            "group": group,
            "kept": kept[group],
            "rejected": rejected[group],
            "forms": ", ".join(f"{n} {form}" for form, n in sorted(forms.get(group, {}).items())),
        }
        for group in sorted(kept.keys() | rejected.keys())
    ]


def count_checks(lines: Sequence[Line], figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per check, in order: how many of the pairs that reached it were rejected, how many of
    those were true, and whether that is more than half or none.

    Args:
        figures: against the truth, where it is known.
    """
    rejected = Counter(
        check_of(line.record["rejected"])
        for line in lines
        if line.record is not None and line.record["rejected"] is not None
    )
    reached, rows = sum(line.record is not None for line in lines), []
    for check, about in CHECKS.items():
        number = rejected[check]
        rows.append(
            {
                "check": check,
                "about": about,
                "rejected": number,
                "share": number / max(1, reached),
                "true": figures.get(f"checks.true_of_rejected_{check}"),
                "odd": "nothing" if not number else "more than half" * (number > reached / 2),
            }
        )
        reached -= number
    return rows


def _is_decision(line: Line) -> bool:
    return line.failure is not None and line.failure["stage"] in (SET_ASIDE, LOST)


def list_failures(
    stages: Mapping[str, Sequence[Line]], decisions: bool = False
) -> list[dict[str, str]]:
    """Every failure line: stage, film, reason.

    Args:
        decisions: instead of them, films that were set aside and corrections that find nothing.
    """
    return [
        {
            "stage": line.failure["stage"],
            "video_id": line.video_id,
            "reason": line.failure["reason"],
        }
        for lines in stages.values()
        for line in lines
        if line.failure and _is_decision(line) == decisions
    ]


def _minutes(records: list[dict]) -> str:
    return f"{sum(r['duration_s'] for r in records) / 60:.1f} minutes of film"


def _count(name: str, key: str):
    return lambda records: f"{sum(len(r[key]) for r in records)} {name}"


def _unread(records: list[dict]) -> str:
    unread = sum(len(record.get("unread", ())) for record in records)
    return f" ({unread} replies that cannot be parsed)" if unread else ""


def _transcripts(records: list[dict]) -> str:
    lines = [line for r in records for line in r["lines"]]
    there = sum(line is not None for line in lines)
    reasons = [reason for r in records for reason in r.get("unknown", {}).values()]
    unread = Counter(reason.partition(":")[0] for reason in reasons)
    counts = [f"{len(lines) - there - len(reasons)} absences"]
    counts += [f"{number} unreadable ({question})" for question, number in sorted(unread.items())]
    return f"{len(records)} segments, {there} lines ({', '.join(counts)})"


def _statements(records: list[dict]) -> str:
    cells = [
        (shown, statement)
        for record in records
        for reading in record["segments"]
        for shown, statement in zip(reading["shown"], reading["statements"], strict=True)
    ]
    there = [statement for shown, statement in cells if shown is not False]
    read = sum(statement is not None for statement in there)
    return f"{read} of {len(there)} lines read"


def _instructions(records: list[dict]) -> str:
    kept = [r for r in records if r["rejected"] is None]
    by_llm = sum(r["written_by"] == "llm" for r in kept)
    rejected = len(records) - len(kept)
    return f"{len(kept)} pairs, {by_llm} of them worded by the LLM ({rejected} more rejected)"


_OUTCOMES = {
    "videos": _minutes,
    "clips": _count("segments", "segments"),
    "entities": lambda records: f"{len(records)} texts{_unread(records)}",
    "references": lambda records: (
        _count("referring expressions", "entities")(records) + _unread(records)
    ),
    "tracks": _count("tracks", "tracks"),
    "masklets": _count("masklets", "masklets"),
    "transcripts": _transcripts,
    "statements": _statements,
    "instructions": _instructions,
}
