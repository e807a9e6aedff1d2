"""The eight groups of instruction data, by how questions refer and who words them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from strefer.instructions.metadata.film import Film
from strefer.instructions.proposals import pick_descriptions as pick
from strefer.instructions.proposals.pick_tasks import pick_tasks
from strefer.instructions.proposals.places import Places
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.wording.phrasings import Phrasings
from strefer.instructions.wording.word_descriptions import worded
from strefer.records import Instruction

Kind = Callable[[Places], list[pick.Candidate]]


@dataclass(frozen=True)
class Group:
    """One group.

    Attributes:
        name: "G1" … "G8".
        title: its description.
        phrasings: the phrasings file, without its extension.
        masks: whether questions refer to entities by regions.
        timed: whether questions refer to times by timestamps.
        kinds: the descriptions it is made from; if empty, the question writer words its tasks.
    """

    name: str
    title: str
    phrasings: str
    masks: bool
    timed: bool
    kinds: tuple[Kind, ...] = ()

    def propose(
        self, film: Film, phrasings: Phrasings, n: int, random: Random
    ) -> list[Instruction] | list[Task]:
        """Up to n pairs, or up to n tasks for the question writer."""
        if not self.kinds:
            return pick_tasks(film, masks=self.masks, timed=self.timed, n=n, random=random)
        places = Places(film, masks=self.masks, timed=self.timed, random=random)
        pools = [kind(places) for kind in self.kinds]
        return worded(places, self.name, pick.take_in_turn(pools, n, random), phrasings)


_WORDS = (
    pick.deeds, pick.timelines, pick.groups, pick.stories, pick.casts, pick.attendances,
    pick.numbers, pick.lengths,
)  # fmt: skip
_TIMES = (
    pick.deeds, pick.runs, pick.groups, pick.attendances, pick.numbers, pick.moments, pick.stays,
)  # fmt: skip
_MASKS = (
    pick.deeds, pick.timelines, pick.whole_portraits, pick.portraits, pick.appearances, pick.groups,
    pick.lengths,
)  # fmt: skip
_MASKS_AND_TIMES = (
    pick.deeds, pick.portraits, pick.runs, pick.groups, pick.moments, pick.stays,
)  # fmt: skip
# fmt: off
GROUPS: dict[str, Group] = {
    group.name: group
    for group in (
        Group("G1", "words, described", "words", masks=False, timed=False, kinds=_WORDS),
        Group("G2", "words, asked", "questions", masks=False, timed=False),
        Group("G3", "timestamps, described", "timestamps", masks=False, timed=True, kinds=_TIMES),
        Group("G4", "timestamps, asked", "questions", masks=False, timed=True),
        Group("G5", "masks, described", "regions", masks=True, timed=False, kinds=_MASKS),
        Group("G6", "masks, asked", "questions", masks=True, timed=False),
        Group(
            "G7", "masks and timestamps, described", "regions_timestamps", masks=True, timed=True,
            kinds=_MASKS_AND_TIMES,
        ),
        Group("G8", "masks and timestamps, asked", "questions", masks=True, timed=True),
    )
}
# fmt: on
WRITTEN = tuple(group.name for group in GROUPS.values() if not group.kinds)
