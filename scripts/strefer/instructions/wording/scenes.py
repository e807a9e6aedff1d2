"""Scenes: tasks about one window, clip or film, which one call of the writer words.

A task numbers its regions and facts for itself; a scene numbers those of all its tasks together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from strefer.instructions.proposals.facts import Fact
from strefer.instructions.proposals.tasks import Cell, Scope, Task
from strefer.instructions.wording.word_tasks import Reply, reason

MOST_REGIONS = 4  # of a scene
FORMS = {"open": "open", "yes_no": "yes/no", "choice": "multiple-choice"}
REGION = re.compile(r"<region(\d+)>")


@dataclass(frozen=True)
class Scene:
    """Some tasks of one place. The subjects of `scope` are those of all of them."""

    tasks: tuple[Task, ...]
    scope: Scope

    def here(self, text: str, task: Task) -> str:
        """A text of a task with its regions numbered as in the scene."""
        return self._numbered(text, task.scope.subjects, self.scope.subjects)

    def there(self, text: str, task: Task) -> str:
        """A text of the scene with its regions numbered as in the task; 0 for one that the task
        does not have."""
        return self._numbered(text, self.scope.subjects, task.scope.subjects)

    def _numbered(self, text: str, old: tuple[int, ...], new: tuple[int, ...]) -> str:
        def renumbered(match: re.Match[str]) -> str:
            known = old[int(match[1]) - 1 : int(match[1])] if int(match[1]) else ()
            return f"<region{new.index(known[0]) + 1 if set(known) & set(new) else 0}>"

        return REGION.sub(renumbered, text) if self.scope.masks else text

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The facts of all tasks, each once, by segment and entity."""
        found = (replace(f, text=self.here(f.text, t)) for t in self.tasks for f in t.facts)
        known = dict.fromkeys(found)
        return tuple(sorted(known, key=lambda fact: fact.cell or (len(self.scope.film.deeds), 0)))

    def cited(self, task: Task) -> list[int]:
        """The numbers, from 1, of the facts that a task's answer rests on."""
        facts = [task.facts[number - 1] for number in task.cited]
        return [self.facts.index(replace(f, text=self.here(f.text, task))) + 1 for f in facts]

    def plans(self) -> list[dict[str, Any]]:
        """The tasks as a prompt's template shows them."""
        return [self._plan(number, task) for number, task in enumerate(self.tasks, 1)]

    def _plan(self, number: int, task: Task) -> dict[str, Any]:
        truth = None if task.truth is None else ("yes" if task.truth else "no")
        return {
            "number": number,
            "form": FORMS[task.form],
            "ask": self.scope.film.agreeing(self.here(task.ask, task)),
            "truth": truth,
            "premise": task.premise,
            "answer": self.here(task.answer or reason(task), task),
            "wrong": [self.here(text, task) for text in task.wrong],
            "cited": self.cited(task),
        }

    def reply(self, task: Task, written: Reply) -> Reply:
        """The reply to a task, with the task's own numbering."""
        return replace(
            written,
            question=self.there(written.question, task),
            answer=self.there(written.answer, task),
            options=tuple(self.there(option, task) for option in written.options),
        )

    def cells(self, written: Reply) -> list[Cell]:
        """The cells of the facts that a reply cites."""
        numbers = [number for number in written.statements if 1 <= number <= len(self.facts)]
        cells = (self.facts[number - 1].cell for number in numbers)
        return [cell for cell in cells if cell is not None]


def gather_scenes(tasks: Sequence[Task], size: int) -> list[list[int]]:
    """The tasks' places in the list, those of one scene together, at most `size` of them.

    In mask groups a scene has at most MOST_REGIONS regions, and no text in it describes one.
    """
    scenes: list[list[int]] = []
    for place in range(len(tasks)):
        for scene in scenes:
            together = [tasks[one] for one in (*scene, place)]
            if len(scene) < size and _same_place(together) and _fits(together):
                scene.append(place)
                break
        else:
            scenes.append([place])
    return scenes


def scene_of(tasks: Sequence[Task]) -> Scene:
    """The scene of tasks of one place."""
    subjects = dict.fromkeys(entity for task in tasks for entity in task.scope.subjects)
    return Scene(tuple(tasks), replace(tasks[0].scope, subjects=tuple(subjects)))


def _same_place(tasks: Sequence[Task]) -> bool:
    return len({(task.scope.window, task.scope.clip) for task in tasks}) == 1


def _fits(tasks: Sequence[Task]) -> bool:
    scene = scene_of(tasks)
    if not scene.scope.masks:
        return True
    texts = [fact.text for fact in scene.facts]
    texts += [text for task in tasks for text in (task.ask, task.answer, *task.wrong)]
    few = len(scene.scope.subjects) <= MOST_REGIONS
    return few and all(map(scene.scope.hides, texts))
