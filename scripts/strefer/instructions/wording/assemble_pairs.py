"""Builds the pair from a task and the writer's reply."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from strefer.instructions.metadata.film import Film
from strefer.instructions.proposals.build_tasks import holds
from strefer.instructions.proposals.tasks import Cell, Task
from strefer.instructions.verification.claims import every
from strefer.instructions.verification.form import LETTERS
from strefer.instructions.wording.ask_writer import Written
from strefer.instructions.wording.check_reply import written_fault
from strefer.instructions.wording.question_prompt import ReplyError, options_of, published
from strefer.records import Evidence, Instruction


def assemble(
    film: Film,
    group: str,
    number: int,
    task: Task,
    written: Written,
    random: Random,
    written_by: str,
    cells: Sequence[Cell] = (),
    by_words: bool = True,
) -> Instruction:
    """The pair of a task. Where the writer failed it is there too, rejected and with the reason.

    Args:
        number: counts the group's pairs in the film.
        random: draws the right option's letter.
        written_by: whose words they are.
        cells: what the writer cites; the pair rests on them too.
        by_words: whether a reply has to be in the words of its task: where nobody proof-reads it.
    """
    question, answer, regions, options = "", "", (), ()
    fault = f"reply: {written}" if isinstance(written, str) else None
    if not isinstance(written, str):
        try:
            question, answer, regions = published(task, written)
        except ReplyError as error:
            fault = f"reply: {error}"
    if fault is None and by_words:
        wrong = written_fault(task, written)
        fault = f"writer: {wrong}" if wrong else None
    if task.form == "choice":
        worded = [] if fault else options_of(written)
        right, *others = worded or (task.answer, *task.wrong)
        options, letter = _lettered(right, others, random)
        answer = answer if fault else letter
    start_s, end_s = task.scope.limits_s or (None, None)
    claims = [task.claim] + [holds(film, cell) for cell in cells]
    return Instruction(
        pair_id=f"{film.digest[:12]}-{group}-{number:03d}",
        group=group,
        form=task.form,
        question=question,
        answer=answer,
        options=options,
        regions=regions,
        start_s=start_s,
        end_s=end_s,
        clip_s=task.scope.clip_s,
        evidence=Evidence(task.segments, task.scope.subjects, every(claims)),
        rejected=fault,
        written_by=written_by,
    )


def _lettered(right: str, wrong: Sequence[str], random: Random) -> tuple[tuple[str, ...], str]:
    options = list(wrong)
    random.shuffle(options)
    place = random.randrange(len(LETTERS))
    options.insert(place, right)
    return tuple(options), LETTERS[place]
