"""A rehearsal in plain text: for the terminal, and for those who have no browser where it ran."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from strefer.rehearsal.measured import Measured, Outlook

WIDTH = 100
_COLUMNS = (
    ("load s", "loading_s", 1),
    ("work s", "work_s", 1),
    ("engine s", "engine_s", 1),
    ("read/s", "read", 0),
    ("write/s", "written", 1),
    ("MB", "memory_mb", 0),
    ("GPU MB", "gpu_mb", 0),
)


def row_of(
    one: Measured, agents: Mapping[str, str], requests: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What page and terminal show of a job.

    Args:
        agents: models by role.
        requests: of its recording.
    """
    refused = sum("refused" in request for request in requests)
    return {
        "stage": one.folder,
        "agents": [f"{role}: {model}" for role, model in agents.items()],
        "loading_s": one.loading_s,
        "work_s": one.work_s,
        "engine_s": one.speed.get("engine_s"),
        "memory_mb": one.memory_mb,
        "gpu_mb": one.gpu_mb,
        "replies": f"{len(requests)} ({refused} refused)" if requests else "",
        "read": one.rate("prompt_tokens"),
        "written": one.rate("output_tokens"),
    }


def tell(
    concerns: Sequence[str], rows: Sequence[Mapping[str, Any]], outlook: Outlook
) -> Iterator[str]:
    """The lines: what looks wrong, the jobs, and what the whole run would take."""
    yield "WHAT LOOKS WRONG"
    for concern in concerns or ["nothing that a program can see"]:
        plain = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", concern)  # nothing that steers a terminal
        yield from textwrap.wrap(plain, WIDTH, initial_indent="  ", subsequent_indent="    ")
    titles = "".join(f"{title:>9}" for title, *_ in _COLUMNS)
    yield "WHAT IT TOOK (seconds, tokens a second, memory)"
    yield f"{'':16}{titles}  replies"
    for row in rows:
        numbers = "".join(_number(row[name], digits) for _, name, digits in _COLUMNS)
        yield f"  {row['stage']:14}{numbers}  {row['replies']}".rstrip()
    yield "THE WHOLE RUN"
    yield from textwrap.wrap(sum_up(outlook), WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield from (f"  {line}" for line in as_options(outlook))


def _number(value: float | None, digits: int) -> str:
    return " " * 9 if value is None else f"{value:9.{digits}f}"


def sum_up(outlook: Outlook) -> str:
    """What the whole run would take, in a sentence."""
    films = outlook.films
    gpus = f"{_time(outlook.gpu_hours)} of GPUs" if outlook.gpu_hours else "no GPU"
    return (
        f"{films.count} film(s), about {_time(films.minutes / 60)} ({films.known} lengths known): "
        f"about {_time(outlook.hours)} if one job runs at a time, {gpus}, "
        f"{_size(outlook.disk_gb)} and {outlook.files:,} files of results, "
        f"about {outlook.pairs:,} pairs."
    )


def _time(hours: float) -> str:
    return f"{hours:,.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"


def _size(gigabytes: float) -> str:
    return f"{gigabytes:,.1f} GB" if gigabytes >= 1 else f"{1000 * gigabytes:.1f} MB"


def as_options(outlook: Outlook) -> list[str]:
    """The outlook as lines for a configuration."""
    return [
        f"shards: {outlook.shards}",
        "resources:",
        *(
            f"  {job.stage}: {{mem_mb: {job.mem_mb}, runtime_min: {job.runtime_min}}}"
            for job in outlook.jobs
        ),
    ]
