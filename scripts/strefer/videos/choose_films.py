"""Leaves films out by name, or all but the first."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping, Sequence

from strefer.videos.tables import read_table


def choose_films(
    films: Mapping[str, str], exclude: str | Sequence[Mapping[str, str]], limit: int | None
) -> dict[str, str]:
    """The films of a run, by id, ids in order.

    Args:
        films: all that were found.
        exclude: films to set aside, as a list of {"film": id, "reason": text} or the path of a
            table (.csv, .tsv) with these columns.
        limit: how many of the others there are at most; None takes all.

    Raises:
        ValueError: if the table cannot be read, a film is not there, a reason is missing, or no
            film is left.
    """
    set_aside = dict(_exclusions(exclude))
    for film, reason in set_aside.items():
        if not reason.strip():
            raise ValueError(f"exclude: {film!r} has no reason; say why it is set aside")
        if film not in films:
            near = difflib.get_close_matches(film, films, 1)
            hint = (
                f"did you mean {near[0]!r}?" if near else "ids are paths inside the films' folder"
            )
            raise ValueError(f"exclude: there is no film {film!r}; {hint}")
    left = {film: path for film, path in films.items() if film not in set_aside}
    if not left:
        raise ValueError(f"exclude: all {len(films)} films are set aside; leave one")
    return dict(itertools.islice(left.items(), limit))


def _exclusions(exclude: str | Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    if not isinstance(exclude, str):
        return [(row["film"], row["reason"]) for row in exclude]
    try:
        return [(row["film"], row["reason"]) for _, row in read_table(exclude, ("film", "reason"))]
    except ValueError as error:
        raise ValueError(f"exclude: {error}") from None
