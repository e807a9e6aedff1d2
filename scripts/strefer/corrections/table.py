"""The table of corrections: what a person decided about a run, a row a decision.

It is read where the Snakefile runs. Each job gets its stage's and its shard's rows as plain
dictionaries, in the table's order and without who and when: only changes to the decisions
themselves rerun the job. docs/corrections.md describes the table.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from strefer.agents.replies import same_expression
from strefer.corrections.kinds import ABOUT, ALWAYS, COLUMNS, KINDS, RENAMES, Row, in_words
from strefer.files import digest_of_file
from strefer.videos.tables import read_table


class Corrections:
    """Read the rows of tables, in order."""

    def __init__(self, paths: str | Sequence[str]) -> None:
        """
        Args:
            paths: one or more .csv, .tsv or .parquet.

        Raises:
            ValueError: if one is wrong; the text names the file, the row and the column.
        """
        self._rows: dict[str, list[Row]] = {}
        for path in [paths] if isinstance(paths, str) else paths:
            try:
                for place, fields in read_table(path, ALWAYS, COLUMNS):
                    row = _parsed(place, fields, Path(path))
                    self._rows.setdefault(row["film"], []).append(row)
            except ValueError as error:
                raise ValueError(f"corrections: {error}") from None
        for rows in self._rows.values():
            _add_names(rows)

    def of(self, stage: str, films: Iterable[str]) -> list[Row]:
        """The rows that correct a stage's results for some films.

        Of a film that a person drops, no other rows count.
        """
        found = []
        for film in films:
            rows = self._rows.get(film, [])
            dropped = [row for row in rows if row["what"] == "drop_film"]
            found += [row for row in dropped or rows if KINDS[row["what"]].stage == stage]
        return found

    def without_film(self, films: Iterable[str]) -> list[str]:
        """Describe the rows about films that are not in the run."""
        return [
            f"{film}: {in_words(row)}: there is no such film in the run"
            for film in self._rows.keys() - set(films)
            for row in self._rows[film]
        ]


def _parsed(place: str, given: Mapping[str, str], table: Path) -> Row:
    try:
        return _row(given, table)
    except ValueError as error:
        raise ValueError(f"{table}: {place}: {error}") from None


def _row(given: Mapping[str, str], table: Path) -> Row:
    """A row, checked. An empty field is the same as none."""
    fields = {name: text.strip() for name, text in given.items() if text.strip()}
    for column in ALWAYS:
        if column not in fields:
            raise ValueError(f"{column!r} is empty")
    what = fields["what"]
    if what not in KINDS:
        near = difflib.get_close_matches(what, KINDS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(KINDS)}"
        raise ValueError(f"'what' is {what!r}; {hint}")
    kind = KINDS[what]
    for column in kind.needs:
        if column not in fields:
            raise ValueError(f"{what} needs {column!r}")
    for column, text in fields.items():
        if column not in (*ALWAYS, *ABOUT, *kind.needs, *kind.may):
            raise ValueError(f"{what} does not use {column!r}")
        if "\n" in text and column != "why":
            raise ValueError(f"{column!r} has more than one line")
    row: Row = {name: fields.get(name, "") for name in COLUMNS if name not in ("who", "when")}
    row |= {name: _seconds(name, row[name]) for name in ("start_s", "end_s")}
    if (row["start_s"] is None) != (row["end_s"] is None):
        raise ValueError("'start_s' and 'end_s' belong together")
    if row["start_s"] is not None and row["start_s"] > row["end_s"]:
        raise ValueError(f"'start_s' is {row['start_s']:g}, after 'end_s', {row['end_s']:g}")
    if what == "replace_masklet":
        row["value"] = str(table.parent / row["value"])
        try:
            row["digest"] = digest_of_file(row["value"])
        except OSError as error:
            raise ValueError(f"'value': {row['value']}: {error.strerror}") from None
    return row


def _seconds(column: str, text: str) -> float | None:
    try:
        seconds = float(text) if text else None
    except ValueError:
        seconds = -1.0
    if seconds is not None and not 0 <= seconds < float("inf"):
        raise ValueError(f"{column!r} is {text!r}, but must be seconds, such as 3.2")
    return seconds


def _add_names(rows: Iterable[Row]) -> None:
    """Give each of a film's rows all names that its expressions have in the table: a row also
    applies to an expression's earlier and later names. The row's own name comes first."""
    rows = list(rows)
    alike: dict[str, list[str]] = {}
    for row in rows:
        if row["what"] in RENAMES:
            of_both = [alike.get(key, [key]) for key in map(same_expression, _named(row))]
            names = list(dict.fromkeys(name for names in of_both for name in names))
            alike |= dict.fromkeys(names, names)
    gone = [same_expression(row["entity"]) for row in rows if row["what"] == "drop_entity"]
    dropped = {name for key in gone for name in alike.get(key, [key])}
    for row in rows:
        keys = [same_expression(name) for name in _named(row)]
        row["names"] = [[key, *(n for n in alike.get(key, ()) if n != key)] for key in keys]
        # Someone who drops an expression knows that other decisions about it lose their object.
        row["dormant"] = row["what"] != "drop_entity" and any(key in dropped for key in keys)


def _named(row: Row) -> list[str]:
    """The expressions that a row names."""
    of_value = row["what"] in (*RENAMES, "masklet_of")
    return [row["entity"], *([row["value"]] if of_value else [])] if row["entity"] else []
