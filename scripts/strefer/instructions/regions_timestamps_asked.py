"""G8: questions, referring by masks and timestamps."""

from __future__ import annotations

from random import Random

from strefer.instructions.film import Film
from strefer.instructions.phrasings import Phrasings
from strefer.instructions.task_drawing import draw_tasks
from strefer.instructions.tasks import Task


def propose(film: Film, phrasings: Phrasings, n: int, random: Random) -> list[Task]:
    """Up to n tasks for the question writer: on a window and its neighbours."""
    return draw_tasks(film, masks=True, timed=True, n=n, random=random)
