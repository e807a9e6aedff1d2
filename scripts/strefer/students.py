"""What students are called: a student is a recipe trained with one seed."""

from __future__ import annotations

from collections.abc import Sequence


def students_of(recipes: Sequence[str], n_seeds: int) -> list[str]:
    """The names of what is trained: `strefer` with the first seed, `strefer@1` with the next."""
    return [
        f"{recipe}@{number}" if number else recipe
        for recipe in recipes
        for number in range(n_seeds)
    ]


def recipe_of(student: str) -> str:
    """The recipe of a student's name."""
    return student.partition("@")[0]


def seed_number(student: str) -> int:
    """Which seed a student's name says, from 0."""
    return int(student.partition("@")[2] or 0)
