"""The page, the table and the text of a rehearsal: what came back from each agent on a few films,
what looks wrong, and what the whole run would take."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from strefer.agents.chat.recording_file import read_recording
from strefer.files import atomic_write
from strefer.rehearsal.concerns import find_concerns
from strefer.rehearsal.measured import look_ahead, measure_jobs
from strefer.rehearsal.shown import show_films, show_prompts
from strefer.rehearsal.told import as_options, row_of, sum_up, tell
from strefer.report.chain import count_chain, read_stages
from strefer.videos.film_lengths import films_of_lengths

TEMPLATE = Path(__file__).with_name("rehearsal.html.j2")
COLUMNS = ("stage", "prompt", "frames", "reply", "read", "refused", "tokens_read", "tokens_written")


def rehearse(
    run: Path,
    stages: Mapping[str, Sequence[Path]],
    recordings: Mapping[str, Path],
    jobs: Mapping[str, Mapping[str, Any]],
    whole: Mapping[str, Any],
    page: Path,
    table: Path,
    text: Path,
    warning: str | None = None,
) -> None:
    """Write the page, complete in itself, the table of all prompts and replies (CSV), and what the
    terminal shows at the end.

    Args:
        run: the rehearsal's folder.
        stages: shard files of the data stages, by stage, in the order of the chain.
        recordings: by folder of results, where its chat models recorded.
        jobs: by folder of results, the `rule` of its jobs, `asks` (whose resources they ask for)
            and their `agents` (models by role).
        whole: the run that was rehearsed: `run`, `count` films, `lengths_s` of those that are
            known, `gpus` by stage, and `files_a_shard`.
        warning: what a reader must know first.
    """
    lines = read_stages(stages)
    asked = {job: read_recording(path) for job, path in recordings.items() if path.is_file()}
    measured = measure_jobs(run, {folder: job["rule"] for folder, job in jobs.items()})
    tried_s = [one.record["duration_s"] for one in lines["videos"] if one.record]
    pairs = [one.record for one in lines.get("instructions", []) if one.record]
    outlook = look_ahead(
        run,
        measured,
        films_of_lengths(whole["count"], whole["lengths_s"] or tried_s),
        sum(tried_s) / 60,
        tried_pairs=sum(pair["rejected"] is None for pair in pairs),
        asks={folder: job["asks"] for folder, job in jobs.items()},
        gpus=whole["gpus"],
        files_a_shard=whole["files_a_shard"],
    )
    concerns = list(find_concerns(lines, asked))
    rows = [row_of(m, jobs[m.folder]["agents"], asked.get(m.folder, [])) for m in measured]
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["code"] = _as_code
    shown = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        run=whole["run"],
        warning=warning,
        concerns=concerns,
        chain=count_chain(lines),
        agents=rows,
        outlook=sum_up(outlook),
        snippet="\n".join(as_options(outlook)),
        tried_s=sum(tried_s),
        films=list(show_films(lines)),
        prompts={job: show_prompts(asked[job], recordings[job]) for job in asked},
        counts={job: len(requests) for job, requests in asked.items()},
        table=table.name,
    )
    with atomic_write(page) as file:
        file.write(shown)
    _write_table(asked, table)
    with atomic_write(text) as file:
        file.writelines(f"{line}\n" for line in tell(concerns, rows, outlook))


def _as_code(text: str) -> Markup:
    """What stands in backticks as code; the rest is escaped."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


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
