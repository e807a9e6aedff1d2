"""A balanced draw of tasks from what a film allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from random import Random

from strefer.instructions.metadata.film import Film
from strefer.instructions.proposals.choice_tasks import choice_candidates
from strefer.instructions.proposals.open_tasks import open_candidates
from strefer.instructions.proposals.places import Places
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.proposals.yes_no_tasks import yes_no_candidates


def pick_tasks(film: Film, masks: bool, timed: bool, n: int, random: Random) -> list[Task]:
    """Up to n tasks, the three forms in even parts as far as the film allows. A form that the film
    gives too little of leaves its part to the others; as many yes as no are asked.

    Args:
        film: the metadata.
        masks: whether entities are named by regions.
        timed: whether a time window is asked about; otherwise a clip or the whole film.
        n: how many at most.
        random: draws; the same state gives the same tasks.
    """
    places = Places(film, masks, timed, random)
    pools = [open_candidates(places), choice_candidates(places), yes_no_candidates(places)]
    tasks: list[Task] = []
    known: set[tuple] = set()
    for pool, quota in zip(pools, even_shares(n, [sum(map(len, p)) for p in pools]), strict=True):
        random.shuffle(pool)
        for candidates in pool:
            if quota < len(candidates):
                break  # a couple of yes and no is not torn apart
            drawn = [candidate() for candidate in candidates]
            keys = {(t.form, t.ask, t.scope.window, t.scope.clip, t.scope.subjects) for t in drawn}
            if keys & known:
                continue  # the same statement at the same place, in another couple
            known |= keys
            couple = len(tasks) if len(drawn) > 1 else None
            tasks += [dataclasses.replace(task, couple=couple) for task in drawn]
            quota -= len(drawn)
    return tasks


def even_shares(n: int, available: Sequence[int]) -> list[int]:
    """Even parts of n; what one part lacks, the others give. The smallest is served first."""
    quota = [0] * len(available)
    order = sorted(range(len(available)), key=lambda i: available[i])
    for place, i in enumerate(order):
        quota[i] = min(available[i], -(-n // (len(order) - place)))
        n -= quota[i]
    return quota
