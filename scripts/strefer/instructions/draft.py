"""One group's pairs of a film in the making: proposed, written, verified, proof-read, balanced."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from strefer.instructions.metadata.film import Film
from strefer.instructions.proposals.tasks import Cell, Task
from strefer.instructions.verification.verifier import Verifier
from strefer.instructions.wording.ask_writer import Written
from strefer.instructions.wording.assemble_pairs import assemble
from strefer.instructions.wording.phrasings import Phrasings
from strefer.instructions.wording.proof_read import Shown
from strefer.instructions.wording.scenes import Scene, gather_scenes, scene_of
from strefer.instructions.wording.word_tasks import write_reply
from strefer.records import Instruction

UNBALANCED = "balance: the same question with the other answer was rejected"


@dataclass(eq=False)
class Asked:
    """A task for the question writer, and what becomes of it.

    Attributes:
        number: counts the group's tasks in the film.
        random: for all that is drawn for this task.
        written: the reply, or why there is none.
        written_by: whose words they are: "llm" or "phrasings".
        cells: what the writer cites.
        pair: the task's pair.
    """

    number: int
    task: Task
    random: Random
    written: Written = "never asked"
    written_by: str = "llm"
    cells: Sequence[Cell] = ()
    pair: Instruction | None = None

    def word(self, phrasings: Phrasings) -> None:
        """Word the task by phrasings."""
        self.written = write_reply(self.task, phrasings, self.random)
        self.written_by = "phrasings"

    def reject(self, reason: str) -> None:
        """Keep the pair, with the reason why it is rejected."""
        self.pair = dataclasses.replace(self.pair, rejected=reason)


@dataclass(eq=False)
class AskedScene:
    """A scene and its tasks."""

    scene: Scene
    asked: Sequence[Asked]

    @property
    def seed(self) -> int:
        return self.asked[0].random.getrandbits(31)

    def take(self, replies: Sequence[Written]) -> None:
        """Keep what was written, a reply a task."""
        for one, reply in zip(self.asked, replies, strict=True):
            one.written = reply
            if not isinstance(reply, str):
                one.written = self.scene.reply(one.task, reply)
                one.cells = self.scene.cells(reply)

    @property
    def to_read(self) -> list[Asked]:
        """The tasks whose pairs have not been rejected yet."""
        return [one for one in self.asked if one.pair.rejected is None]

    def shown(self) -> list[Shown]:
        """The pairs that have not been rejected yet, with the scene's numbering."""
        return [
            (
                one.pair,
                self.scene.here(one.written.question, one.task),
                self.scene.here(one.written.answer, one.task),
            )
            for one in self.to_read
        ]


@dataclass
class Draft:
    """The proposals for a film's group: pairs worded by phrasings, or tasks for the writer, which
    are asked scene by scene."""

    film: Film
    group: str
    described: list[Instruction] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    scenes: list[AskedScene] = field(default_factory=list)

    @property
    def pairs(self) -> list[Instruction]:
        return [*self.described, *(one.pair for one in self.asked)]

    def gather(self, size: int) -> None:
        """Put the tasks into scenes of at most `size`."""
        for places in gather_scenes([one.task for one in self.asked], size):
            asked = [self.asked[place] for place in places]
            self.scenes.append(AskedScene(scene_of([one.task for one in asked]), asked))

    def assemble(self, by_words: bool) -> None:
        """Turn the written tasks into pairs.

        Args:
            by_words: whether what was written has to be in the words of its task.
        """
        for one in self.asked:
            one.pair = assemble(
                self.film, self.group, one.number, one.task, one.written, one.random,
                one.written_by, one.cells, by_words,
            )  # fmt: skip

    def verify(self, verifier: Verifier) -> None:
        """Reject what is contradicted."""
        verified = verifier.verify(self.pairs)
        count = len(self.described)
        self.described = verified[:count]
        for one, pair in zip(self.asked, verified[count:], strict=True):
            one.pair = pair

    def balance(self) -> None:
        """If verification left more of one answer than of the other to a kind of yes/no question,
        reject questions whose counterpart was rejected."""
        kinds: dict[str, dict[bool, list[Asked]]] = {}
        for one in self.asked:
            if one.task.couple is not None and one.pair.rejected is None:
                answers = kinds.setdefault(one.task.focus, {True: [], False: []})
                answers[bool(one.task.truth)].append(one)
        for answers in kinds.values():
            more, less = sorted(answers.values(), key=len, reverse=True)
            coupled = {one.task.couple for one in less}
            single = [one for one in more if one.task.couple not in coupled]
            for one in single[: len(more) - len(less)]:
                one.reject(UNBALANCED)
