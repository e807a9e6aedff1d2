"""Step 4 as the paper has it: expressions to boxes of the starting frame, by generalized noun.

Source: Strefer (arXiv 2509.03501), masklet generator, step 4. Where the paper is silent, the choice
is ours and marked: an expression that is just its noun takes the first box that is free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from strefer.records import Entity

Ask = Callable[[Sequence[int], str], list[int]]


@dataclass
class Assignment:
    """The track of each entity, and why the others have none; entities by position."""

    track_of: dict[int, int] = field(default_factory=dict)
    dropped: dict[int, str] = field(default_factory=dict)


def assign_paper(entities: Sequence[Entity], track_nouns: Sequence[str], ask: Ask) -> Assignment:
    """Assign the tracks of one starting frame to the expressions.

    Args:
        track_nouns: the label of each track's box.
        ask: the assigner: candidate tracks (their positions) and an expression, to the candidates
            it refers to, by their place among the candidates.
    """
    assignment = Assignment()
    nouns = [entity.generalized_noun.strip().lower() for entity in entities]
    for noun in dict.fromkeys(nouns):
        members = [i for i, n in enumerate(nouns) if n == noun]
        candidates = [k for k, n in enumerate(track_nouns) if n == noun]
        if not candidates:
            for i in members:
                assignment.dropped[i] = f"no box of a {noun} on the starting frame"
        elif len(members) == len(candidates) == 1:
            assignment.track_of[members[0]] = candidates[0]
        else:
            _assign_partition(entities, members, candidates, ask, assignment)
    return assignment


def _assign_partition(
    entities: Sequence[Entity],
    members: Sequence[int],
    candidates: Sequence[int],
    ask: Ask,
    assignment: Assignment,
) -> None:
    """Ask for each expression; then single answers first, several next, bare nouns last."""
    asked = [i for i in members if not is_bare_noun(entities[i])]
    answers = {i: [candidates[c] for c in ask(candidates, entities[i].expression)] for i in asked}
    claims = Counter(answer[0] for answer in answers.values() if len(answer) == 1)
    contested = [track for track, claimed in claims.items() if claimed > 1]
    if contested:
        for i in members:
            assignment.dropped[i] = "two expressions of its kind claim the same box"
        return
    taken = {}
    for i in asked:
        if len(answers[i]) == 1:
            taken[i] = answers[i][0]
    for i in asked:
        if len(answers[i]) > 1:
            _take_first_free(i, answers[i], taken)
    for i in members:
        if i not in asked:
            _take_first_free(i, candidates, taken)
    for i in members:
        if i in taken:
            assignment.track_of[i] = taken[i]
        elif i in answers and not answers[i]:
            assignment.dropped[i] = "the assigner found it in no box"
        else:
            assignment.dropped[i] = "all boxes it may refer to are taken"


def _take_first_free(entity: int, boxes: Sequence[int], taken: dict[int, int]) -> None:
    free = next((box for box in boxes if box not in taken.values()), None)
    if free is not None:
        taken[entity] = free


def is_bare_noun(entity: Entity) -> bool:
    """True if an expression is just its noun: nothing in it could choose among boxes."""
    words = entity.expression.strip().lower()
    return words in (entity.noun.strip().lower(), entity.generalized_noun.strip().lower())
