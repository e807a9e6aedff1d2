"""The writer without a model: a correct pair for a task, from phrasings.

The demo's text teacher learns from it, and `question_writer: phrasings` uses it in place of an LLM.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from strefer.instructions.english import sentence
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.wording.phrasings import Phrasings

REFUSAL = "That is not so"  # how the answer to a false premise begins


@dataclass(frozen=True)
class Reply:
    """A writer's reply: as in the prompt, regions are <region1>, <region2>. For a choice, the
    answer is the text of the right option.

    Attributes:
        options: all options of a choice, the right one first, if the writer worded them.
        statements: numbers of the facts that the writer cites.
    """

    question: str
    answer: str
    options: tuple[str, ...] = ()
    statements: tuple[int, ...] = ()


def write_reply(task: Task, phrasings: Phrasings, random: Random) -> Reply:
    """One correct question and answer for the task.

    Args:
        phrasings: of `questions.txt`: sections by form and focus.
    """
    section = f"{task.form}.{task.focus}"
    if task.slots.get("bare", "") is None:
        section += "_inflected"  # the action cannot follow "does"
    question = random.choice(phrasings[section]).format_map(task.slots)
    return Reply(task.scope.film.agreeing(question), right_answer(task))


def right_answer(task: Task) -> str:
    """The task's answer, in the words of the facts it cites."""
    if task.form == "choice":
        return task.answer
    if task.premise:
        return f"{REFUSAL}: {reason(task)}."
    if task.form == "yes_no":
        return f"{'Yes' if task.truth else 'No'}, {reason(task)}."
    return sentence(reason(task))


def reason(task: Task) -> str:
    """The facts that the task's answer rests on, as one clause."""
    cited = [task.facts[number - 1].text for number in task.cited]
    return " and then ".join(cited) if task.focus == "order" else " and ".join(cited)
