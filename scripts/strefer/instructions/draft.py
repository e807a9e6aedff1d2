"""A film's pairs in the making: what is proposed, written, verified and balanced."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from random import Random
from typing import Any

from strefer.instructions.metadata.film import Film
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.verification.verifier import Checks, Verifier
from strefer.instructions.wording.ask_writer import Written
from strefer.instructions.wording.assemble_pairs import assemble, reply_fault
from strefer.instructions.wording.phrasings import Phrasings
from strefer.instructions.wording.word_tasks import write_reply
from strefer.records import Instruction

UNBALANCED = "balance: the same question with the other answer was rejected"


@dataclass(eq=False)
class Asked:
    """A task for the question writer, and what becomes of it.

    Attributes:
        group: the group's name.
        number: counts the group's tasks in the film.
        random: for all that is drawn for this task.
        written: the reply, or why there is none.
        written_by: whose words they are: "llm" or "phrasings".
        replaced: whether phrasings worded it because the writer failed.
        pair: the task's pair.
    """

    group: str
    number: int
    task: Task
    random: Random
    written: Written = "never asked"
    written_by: str = "llm"
    replaced: bool = False
    pair: Instruction | None = None

    @property
    def couple(self) -> tuple[str, Any] | None:
        """What a yes/no question shares with its counterpart, if it has one."""
        return None if self.task.couple is None else (self.group, self.task.couple)

    def word(self, phrasings: Phrasings) -> None:
        """Word the task by phrasings."""
        self.written = write_reply(self.task, phrasings, self.random)
        self.written_by = "phrasings"

    def reject(self, reason: str) -> None:
        """Keep the pair, with the reason why it is rejected."""
        self.pair = dataclasses.replace(self.pair, rejected=reason)


@dataclass
class Draft:
    """A film with what is proposed for it: pairs that phrasings word, and tasks for the writer."""

    film: Film
    described: list[Instruction] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def pairs(self) -> list[Instruction]:
        return [*self.described, *(one.pair for one in self.asked)]

    def replace_failed(self, phrasings: Phrasings) -> None:
        """Word by phrasings what the LLM failed to write, and the counterpart of a yes/no question
        with it: who wrote a question must not give its answer away."""
        failed = [one for one in self.asked if reply_fault(one.task, one.written)]
        couples = {one.couple for one in failed} - {None}
        for one in self.asked:
            if one in failed or one.couple in couples:
                one.word(phrasings)
                one.replaced = True

    def assemble(self) -> None:
        """Turn the written tasks into pairs."""
        for one in self.asked:
            one.pair = assemble(
                self.film, one.group, one.number, one.task, one.written, one.random, one.written_by
            )

    def verify(self, checks: Checks) -> None:
        """Reject what is contradicted."""
        verified = Verifier(self.film, checks).verify(self.pairs)
        count = len(self.described)
        self.described = verified[:count]
        for one, pair in zip(self.asked, verified[count:], strict=True):
            one.pair = pair

    def balance(self) -> None:
        """Where verification left more of one answer than of the other to a kind of yes/no
        question, set questions apart whose counterpart was rejected."""
        kinds: dict[tuple[str, str], dict[bool, list[Asked]]] = {}
        for one in self.asked:
            if one.couple is not None and one.pair.rejected is None:
                answers = kinds.setdefault((one.group, one.task.focus), {True: [], False: []})
                answers[bool(one.task.truth)].append(one)
        for answers in kinds.values():
            more, less = sorted(answers.values(), key=len, reverse=True)
            coupled = {one.couple for one in less}
            single = [one for one in more if one.couple not in coupled]
            for one in single[: len(more) - len(less)]:
                one.reject(UNBALANCED)
