"""The page and the table of a rehearsal: what came back from each agent on a few films, what looks
wrong, and what the whole run would take."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from strefer.agents.chat.recording_file import read_recording
from strefer.files import atomic_write
from strefer.rehearsal.concerns import find_concerns
from strefer.rehearsal.measured import Measured, Outlook, look_ahead, measure_stages
from strefer.rehearsal.shown import show_films, show_prompts
from strefer.report.chain import count_chain, read_stages
from strefer.videos.film_lengths import films_of_lengths

TEMPLATE = Path(__file__).with_name("rehearsal.html.j2")
COLUMNS = ("stage", "prompt", "frames", "reply", "read", "refused", "tokens_read", "tokens_written")


def rehearse(
    run: Path,
    stages: Mapping[str, Sequence[Path]],
    recordings: Mapping[str, Path],
    agents: Mapping[str, Mapping[str, str]],
    whole: Mapping[str, Any],
    page: Path,
    table: Path,
    warning: str | None = None,
) -> None:
    """Write the page, complete in itself, and the table of all prompts and replies (CSV).

    Args:
        run: the rehearsal's folder.
        stages: shard files of the data stages, by stage, in the order of the chain.
        recordings: by stage, where its chat models recorded.
        agents: by stage, the models of its agents by role.
        whole: the run that was rehearsed: `run`, `count` films, `lengths_s` of those that are
            known, and `resources` by stage.
        warning: what a reader must know first.
    """
    lines = read_stages(stages)
    asked = {stage: read_recording(path) for stage, path in recordings.items() if path.is_file()}
    measured = measure_stages(run, list(stages))
    tried_s = [one.record["duration_s"] for one in lines["videos"] if one.record]
    tried_min = sum(tried_s) / 60
    films = films_of_lengths(whole["count"], whole["lengths_s"] or tried_s)
    pairs = [one.record for one in lines.get("instructions", []) if one.record]
    kept = sum(pair["rejected"] is None for pair in pairs)
    outlook = look_ahead(run, measured, films, tried_min, kept, whole["resources"])
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        run=whole["run"],
        warning=warning,
        concerns=list(find_concerns(lines, asked)),
        chain=count_chain(lines),
        agents=[_row(one, agents.get(one.stage, {}), asked.get(one.stage, [])) for one in measured],
        outlook=outlook,
        snippet=as_options(outlook),
        tried_min=tried_min,
        films=list(show_films(lines)),
        prompts={stage: show_prompts(asked[stage], recordings[stage]) for stage in asked},
        counts={stage: len(requests) for stage, requests in asked.items()},
        table=table.name,
    )
    with atomic_write(page) as file:
        file.write(text)
    _write_table(asked, table)


def _row(
    one: Measured, agents: Mapping[str, str], requests: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    refused = sum("refused" in request for request in requests)
    return {
        "stage": one.stage,
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


def as_options(outlook: Outlook) -> str:
    """The outlook as lines for a configuration."""
    lines = [f"shards: {outlook.shards}", "resources:"]
    lines += [
        f"  {job.stage}: {{mem_mb: {job.mem_mb}, runtime_min: {job.runtime_min}}}"
        for job in outlook.jobs
    ]
    return "\n".join(lines)


def _write_table(asked: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> None:
    with atomic_write(path) as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for stage, requests in asked.items():
            for one in requests:
                shape = one["frames"] and "×".join(map(str, one["frames"]["shape"][:3]))
                read = json.dumps(one["read"], ensure_ascii=False) if "read" in one else None
                tokens = one.get("tokens") or [None, None]
                rows.writerow(
                    [stage, one["text"], shape, one["reply"], read, one.get("refused"), *tokens]
                )
