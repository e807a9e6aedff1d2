"""A run's records and the truth about its films, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from drawn_world.quality.measure_masklets import MaskletScores
from drawn_world.truth import EntityTruth, Truth, load_truth
from strefer.records import (
    Clips,
    Entities,
    Instruction,
    Masklets,
    References,
    Statements,
    Transcript,
    Video,
)
from strefer.stage.run import read_lines, read_records

KINDS = {
    "videos": Video,
    "clips": Clips,
    "entities": Entities,
    "references": References,
    "masklets": Masklets,
    "masklet_scores": MaskletScores,
    "transcripts": Transcript,
    "statements": Statements,
    "instructions": Instruction,
}


@dataclass(frozen=True)
class MeasuredFilm:
    """One film: its truth, and what each stage made of it (an empty list where it failed)."""

    truth: Truth
    records: Mapping[str, list]

    def one(self, stage: str):
        """The single record of a stage, or None."""
        found = self.records[stage]
        return found[0] if found else None

    @cached_property
    def true_entities(self) -> dict[int, EntityTruth]:
        """The true entity of each reference (by position) whose expression names one."""
        references = self.one("references")
        if references is None:
            return {}
        by_expression = {entity.expression: entity for entity in self.truth.entities}
        return {
            i: by_expression[entity.expression]
            for i, entity in enumerate(references.entities)
            if entity.expression in by_expression
        }


def read_run(stages: Mapping[str, Sequence[Path]], truth_dir: Path) -> list[MeasuredFilm]:
    """The films of a run.

    Args:
        stages: shard files by stage, of the stages in `KINDS`; others count as empty.
        truth_dir: contains `<film's name without extension>.json`.
    """
    by_stage: dict[str, dict[str, list]] = {}
    for stage, kind in KINDS.items():
        by_stage[stage] = {}
        for path in stages.get(stage, []):
            by_stage[stage].update(read_records(path, kind))
    return [
        MeasuredFilm(
            load_truth(truth_dir / f"{Path(film).stem}.json"),
            {stage: records.get(film, []) for stage, records in by_stage.items()},
        )
        for film in sorted(by_stage["videos"])
    ]


def parsed_share(stages: Mapping[str, Sequence[Path]]) -> float | None:
    """Share of the chat stages' items whose replies could all be parsed."""
    lines = [
        line
        for stage in ("entities", "references", "transcripts")
        for path in stages[stage]
        for line in read_lines(path)
    ]
    parsed = [
        line.record is not None and not (line.record.get("unknown") or line.record.get("unread"))
        for line in lines
    ]
    return sum(parsed) / len(parsed) if parsed else None
