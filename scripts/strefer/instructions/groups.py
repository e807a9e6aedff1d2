"""The eight groups of instruction data, by how questions refer and who words them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from strefer.instructions import (
    regions_asked,
    regions_described,
    regions_timestamps_asked,
    regions_timestamps_described,
    timestamps_asked,
    timestamps_described,
    words_asked,
    words_described,
)
from strefer.instructions.film import Film
from strefer.instructions.phrasings import Phrasings
from strefer.instructions.tasks import Task
from strefer.records import Instruction


@dataclass(frozen=True)
class Group:
    """One group.

    Attributes:
        name: "G1" … "G8".
        title: in words.
        phrasings: the phrasings file, without its extension.
        masks: whether questions refer by regions.
        propose: (film, phrasings, n, random) -> pairs, or tasks for the question writer.
    """

    name: str
    title: str
    phrasings: str
    masks: bool
    propose: Callable[[Film, Phrasings, int, Random], list[Instruction] | list[Task]]


GROUPS: dict[str, Group] = {
    group.name: group
    for group in (
        Group("G1", "words, described", "words", False, words_described.propose),
        Group("G2", "words, asked", "questions", False, words_asked.propose),
        Group("G3", "timestamps, described", "timestamps", False, timestamps_described.propose),
        Group("G4", "timestamps, asked", "questions", False, timestamps_asked.propose),
        Group("G5", "masks, described", "regions", True, regions_described.propose),
        Group("G6", "masks, asked", "questions", True, regions_asked.propose),
        Group(
            "G7", "masks and timestamps, described", "regions_timestamps", True,
            regions_timestamps_described.propose,
        ),
        Group(
            "G8", "masks and timestamps, asked", "questions", True,
            regions_timestamps_asked.propose,
        ),
    )
}  # fmt: skip
WRITTEN = ("G2", "G4", "G6", "G8")  # by the question writer
