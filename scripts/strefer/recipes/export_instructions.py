"""Exports: a run's pairs as the published JSON, JSON Lines, and Parquet with a dataset card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from strefer.agents.cards import licence_of
from strefer.files import atomic_write, dumps
from strefer.recipes.published_format import PUBLISHED_FIELDS, Sample, own_pairs, published_sample
from strefer.records import Instruction, to_json
from strefer.stage.fingerprint import model_files

ROWS_A_GROUP = 4096  # rows that are in memory at once
_TURN = pa.struct([("from", pa.string()), ("value", pa.string())])
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("video", pa.string()),
        ("path", pa.string()),
        ("group", pa.string()),
        ("form", pa.string()),
        ("conversations", pa.list_(_TURN)),
        ("start_time", pa.string()),
        ("end_time", pa.string()),
        ("clip_timestamps", pa.list_(pa.string())),
        ("annotation", pa.string()),  # JSON: frame numbers as keys make no columns
        ("evidence", pa.string()),  # JSON
    ]
)


def export_instructions(
    instructions: Sequence[Path],
    masklets: Sequence[Path],
    videos: Sequence[Path],
    output: Path,
    about: Mapping[str, Any],
) -> None:
    """Write a folder: strefer.json, strefer.jsonl, rejected.jsonl, data/train.parquet, README.md.

    Args:
        instructions, masklets, videos: shard files, in the same order.
        output: the folder.
        about: for the card: `run`, `agents` (specifications by role), `prompts` (digests by role),
            `warning` (what a reader must know first, or None).
    """
    counts: Counter[tuple[str, str, str]] = Counter()

    def counted() -> Iterator[tuple[Sample, Instruction]]:
        for video_id, video, masks, pair in own_pairs(instructions, masklets, videos):
            fault = (pair.rejected or "").partition(":")[0]
            counts[pair.group, pair.form, fault] += 1
            if pair.rejected is not None:
                rejected.write(dumps({"video": video_id} | to_json(pair)) + "\n")
                continue
            yield published_sample(pair, video_id, video, masks), pair

    with (
        atomic_write(output / "strefer.json") as published,
        atomic_write(output / "strefer.jsonl") as lines,
        atomic_write(output / "rejected.jsonl") as rejected,
        atomic_write(output / "data" / "train.parquet", "wb") as table,
        pq.ParquetWriter(table, SCHEMA) as writer,
    ):
        rows: list[dict[str, Any]] = []
        for number, (sample, pair) in enumerate(counted()):
            fields = {name: sample[name] for name in PUBLISHED_FIELDS if name in sample}
            published.write(("[\n" if number == 0 else ",\n") + dumps(fields))
            evidence = to_json(pair.evidence)
            lines.write(dumps(sample | {"evidence": evidence}) + "\n")
            rows.append(_row(sample, evidence))
            if len(rows) == ROWS_A_GROUP:
                writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
                rows = []
        published.write("[]\n" if not sum(_kept(counts).values()) else "\n]\n")
        writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
    with atomic_write(output / "README.md") as card:
        card.write(dataset_card(counts, about))


def _row(sample: Sample, evidence: dict[str, Any]) -> dict[str, Any]:
    row = {name: sample.get(name) for name in SCHEMA.names}
    if "annotation" in sample:
        row["annotation"] = json.dumps(sample["annotation"], sort_keys=True)
    return row | {"evidence": json.dumps(evidence, sort_keys=True)}


def _kept(counts: Mapping[tuple[str, str, str], int]) -> dict[tuple[str, str], int]:
    return {(group, form): n for (group, form, fault), n in counts.items() if not fault}


def dataset_card(counts: Mapping[tuple[str, str, str], int], about: Mapping[str, Any]) -> str:
    """The card: how many pairs, from which models and prompts, and what verification took out.

    Args:
        counts: pairs by (group, form, fault); fault "" is an accepted pair.
        about: see `export_instructions`.
    """
    kept = _kept(counts)
    head = {
        "pretty_name": f"Strefer instruction data, run {about['run']}",
        "task_categories": ["visual-question-answering", "video-text-to-text"],
        "language": ["en"],
        "configs": [{"config_name": "default", "data_files": "data/train.parquet"}],
    }
    text = ["---", yaml.safe_dump(head, sort_keys=False).strip(), "---", ""]
    text += [f"# Instruction data of the run {about['run']}", ""]
    text += [f"> **Warning.** {about['warning']}", ""] if about["warning"] else []
    text += [
        f"{sum(kept.values())} question-answer pairs about videos, referring to regions and times, "
        "made from raw videos by the models below, without human labels. `strefer.json` is in "
        "the published format, `strefer.jsonl` has the same pairs with their evidence, and "
        "`rejected.jsonl` has the pairs that verification rejected. How, from what and when "
        "they were made: "
        "[provenance.json](../provenance.json).",
        "",
        *_groups_table(counts),
        "",
        *_rejections_table(counts),
        "",
        *_models_table(about["agents"]),
        "",
        "| prompt | SHA-256 |",
        "|---|---|",
        *(f"| {role} | `{digest}` |" for role, digest in sorted(about["prompts"].items())),
        "",
        "For other trainers: `python -m strefer convert strefer.jsonl --form FORM --output OUT`, "
        "where FORM is `llava`, `llama_factory` (`dataset: strefer`), `ms_swift`, `videorefer`, "
        "`trl` (`load_dataset` reads its train.parquet, which has pictures for films) or "
        "`webdataset`. Regions become boxes in the text of the first three, and outlines on the "
        "pictures of `trl`.",
        "",
    ]
    return "\n".join(text)


def _groups_table(counts: Mapping[tuple[str, str, str], int]) -> list[str]:
    rows = [
        "| group | open | yes/no | choice | accepted | rejected | share accepted |",
        "|---|---|---|---|---|---|---|",
    ]
    kept = _kept(counts)
    for group in sorted({group for group, _, _ in counts}):
        forms = [kept.get((group, form), 0) for form in ("open", "yes_no", "choice")]
        out = sum(n for (g, _, fault), n in counts.items() if g == group and fault)
        accepted = sum(forms)
        cells = [group, *forms, accepted, out, f"{accepted / (accepted + out):.1%}"]
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return rows


def _rejections_table(counts: Mapping[tuple[str, str, str], int]) -> list[str]:
    total = sum(counts.values())
    faults: Counter[str] = Counter()
    for (_, _, fault), n in counts.items():
        if fault:
            faults[fault] += n
    rows = ["| rejected for | pairs | share |", "|---|---|---|"]
    return rows + [f"| {fault} | {n} | {n / total:.1%} |" for fault, n in sorted(faults.items())]


def _models_table(agents: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = ["| role | model | revision | licence |", "|---|---|---|---|"]
    for role, spec in sorted(agents.items()):
        model, revision = str(spec.get("model")), spec.get("revision")
        if revision is None and model_files(spec):
            revision = "local files"
        rows.append(f"| {role} | {model} | {revision or 'newest'} | {licence_of(model)} |")
    return rows
