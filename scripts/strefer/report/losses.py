"""Count what was lost at each step (films, expressions, lines and pairs), with the reasons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from strefer.corrections.apply import LOST, SET_ASIDE
from strefer.stage.run import Line

# The parts of a reason that differ between cases: quoted text, numbers, paths.
_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|\S*/\S+|\d+(\.\d+)?(e-?\d+)?")


@dataclass
class Step:
    """One step of the flow: of `total` things, those that are lost, by reason."""

    what: str
    total: int
    lost: Counter[str] = field(default_factory=Counter)

    @property
    def left(self) -> int:
        """How many pass."""
        return self.total - sum(self.lost.values())


def count_losses(stages: Mapping[str, Sequence[Line]]) -> list[Step]:
    """The flow of a run: films, their expressions, what is said of them by segment, pairs."""
    films = {line.video_id for line in stages["videos"]}
    steps = [Step("films", len(films), Counter(map(in_general, why_gone(stages).values())))]
    records = {
        stage: [line.record for line in lines if line.record] for stage, lines in stages.items()
    }
    dropped = [why for record in records["masklets"] for why in record["dropped"].values()]
    found = sum(len(record["masklets"]) for record in records["masklets"])
    steps.append(_step("expressions get masklets", found, dropped))
    steps.append(_lines_step(records["transcripts"], records["statements"]))
    rejected = [pair["rejected"] for pair in records["instructions"] if pair["rejected"]]
    steps.append(_step("pairs", len(records["instructions"]) - len(rejected), rejected))
    return steps


def why_gone(stages: Mapping[str, Sequence[Line]]) -> dict[str, str]:
    """By film, why it did not come through whole: what first went wrong with it, or why it was set
    aside."""
    why: dict[str, str] = {}
    for stage, lines in stages.items():
        for line in lines:
            if line.failure and line.failure["stage"] != LOST:
                where = SET_ASIDE if line.failure["stage"] == SET_ASIDE else stage
                why.setdefault(line.video_id, f"{where}: {line.failure['reason']}")
    return why


def _lines_step(transcripts: Iterable[Mapping], statements: Iterable[Mapping]) -> Step:
    """Lines of the transcripts: what is said to be there, unless it is unknown or unread."""
    unknown = [why for record in transcripts for why in record["unknown"].values()]
    cells = [
        (shown, statement)
        for record in statements
        for reading in record["segments"]
        for shown, statement in zip(reading["shown"], reading["statements"], strict=True)
        if shown
    ]
    read = sum(statement is not None for _, statement in cells)
    return _step("lines are read", read, [*unknown, *["not read"] * (len(cells) - read)])


def _step(what: str, kept: int, reasons: Sequence[str]) -> Step:
    return Step(what, kept + len(reasons), Counter(map(in_general, reasons)))


def in_general(reason: str) -> str:
    """A reason without its details, so that equal reasons can be counted."""
    return _PARTICULAR.sub("…", reason)
