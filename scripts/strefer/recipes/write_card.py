"""The card of a run's exported pairs: what they are, and how they were made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from strefer.agents.cards import licence_of
from strefer.files import atomic_write
from strefer.recipes.export_instructions import Counts, read_counts
from strefer.stage.fingerprint import model_files


def write_card(accepted: Sequence[Path], output: Path, about: Mapping[str, Any]) -> None:
    """Write the dataset card.

    Args:
        accepted: the shards' Parquet files.
        output: the card, in the folder that holds theirs.
        about: `run`, `agents` (specifications by role), `prompts` (digests by role), `warning`
            (what a reader must know first, or None).
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    for file in accepted:
        counts.update(read_counts(file))
    with atomic_write(output) as card:
        card.write(dataset_card(counts, about))


def _kept(counts: Counts) -> dict[tuple[str, str], int]:
    return {(group, form): n for (group, form, fault), n in counts.items() if not fault}


def dataset_card(counts: Counts, about: Mapping[str, Any]) -> str:
    """The card: how many pairs, from which models and prompts, and what verification took out.

    Args:
        counts: pairs by (group, form, fault); fault "" is an accepted pair.
        about: see `write_card`.
    """
    kept = _kept(counts)
    head = {
        "pretty_name": f"Strefer instruction data, run {about['run']}",
        "task_categories": ["visual-question-answering", "video-text-to-text"],
        "language": ["en"],
        "configs": [
            {"config_name": name, "data_files": f"{folder}/*.parquet"}
            for name, folder in (("default", "data"), ("rejected", "rejected"))
        ],
    }
    text = ["---", yaml.safe_dump(head, sort_keys=False).strip(), "---", ""]
    text += [f"# Instruction data of the run {about['run']}", ""]
    text += [f"> **Warning.** {about['warning']}", ""] if about["warning"] else []
    text += [
        f"{sum(kept.values())} question-answer pairs about videos, referring to regions and times, "
        "made from raw videos by the models below, without human labels. `data` has the accepted "
        "pairs, `rejected` those that verification rejected, with the reasons; each has one file "
        "per shard, and `datasets.load_dataset` opens the folder. How, from what and when they "
        "were made: "
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
        "In other formats: `strefer convert FOLDER --form FORM --output OUT`, where FOLDER is this "
        "one, and FORM is `published` (the paper's JSON), `lines` (the same as JSON Lines, with "
        "evidence), or, for other trainers, `llava`, `llama_factory` (`dataset: strefer`), "
        "`ms_swift`, `videorefer`, `trl` (`load_dataset` reads its train.parquet, which has "
        "pictures for films) or "
        "`webdataset`. Regions become boxes in the text of `llava`, `llama_factory` and "
        "`ms_swift`, and outlines on the pictures of `trl`.",
        "",
    ]
    return "\n".join(text)


def _groups_table(counts: Counts) -> list[str]:
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


def _rejections_table(counts: Counts) -> list[str]:
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
