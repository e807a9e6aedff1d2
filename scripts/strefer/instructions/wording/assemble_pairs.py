"""Builds the pair from a task and the writer's reply."""

from __future__ import annotations

from random import Random

from strefer.instructions.metadata.film import Film
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.verification.form import LETTERS
from strefer.instructions.wording.ask_writer import Written
from strefer.instructions.wording.check_reply import written_fault
from strefer.instructions.wording.question_prompt import (
    ReplyError,
    published,
)
from strefer.records import Evidence, Instruction


def reply_fault(task: Task, written: Written) -> str | None:
    """Why a reply is not the task's pair ("reply: …", "writer: …"), or None."""
    if isinstance(written, str):
        return f"reply: {written}"
    try:
        published(task, written)
    except ReplyError as error:
        return f"reply: {error}"
    wrong = written_fault(task, written)
    return f"writer: {wrong}" if wrong else None


def assemble(
    film: Film,
    group: str,
    number: int,
    task: Task,
    written: Written,
    random: Random,
    written_by: str = "llm",
) -> Instruction:
    """The pair of a task. Where the writer failed it is there too, rejected and with the reason.

    Args:
        number: counts the group's pairs in the film.
        random: draws the right option's letter.
        written_by: whose words they are.
    """
    question, answer, regions, options = "", "", (), ()
    fault = reply_fault(task, written)
    if fault is None or fault.startswith("writer"):
        question, answer, regions = published(task, written)
    if task.form == "choice":
        options, letter = _lettered(task, random)
        answer = letter if fault is None else answer
    start_s, end_s = task.scope.limits_s or (None, None)
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
        evidence=Evidence(task.segments, task.scope.subjects, task.claim),
        rejected=fault,
        written_by=written_by,
    )


def _lettered(task: Task, random: Random) -> tuple[tuple[str, ...], str]:
    options = list(task.wrong)
    random.shuffle(options)
    place = random.randrange(len(LETTERS))
    options.insert(place, task.answer)
    return tuple(options), LETTERS[place]
