"""Tables that people write: .csv, .tsv and .parquet, every field as text."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

ENDINGS = (".csv", ".tsv", ".parquet")
Row = tuple[str, dict[str, str]]  # where it is in the file; the fields by column


def read_table(
    path: str | Path, needed: Sequence[str], known: Sequence[str] | None = None
) -> Iterator[Row]:
    """The rows of a table. An id may be `NA` or `007`; an empty field is "".

    Args:
        needed: the columns that it must have.
        known: the columns that it may have; others are an error. None takes any.

    Raises:
        ValueError: if the file does not exist, is not such a table, or lacks a column; the message
            names the file and the place.
    """
    path = Path(path)
    try:
        rows = _parquet_rows(path) if path.suffix.lower() == ".parquet" else _text_rows(path)
        _, header = next(rows)
        _check_header(header, needed, known)
        for place, fields in rows:
            yield place, dict(zip(header, fields, strict=True))
    except FileNotFoundError:
        raise ValueError(f"there is no table {path}") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _check_header(
    header: Sequence[str], needed: Sequence[str], known: Sequence[str] | None
) -> None:
    for name in dict.fromkeys((*needed, *(header if known else ()))):
        if header.count(name) != 1:
            found = "two columns" if name in header else "no column"
            raise ValueError(f"header: {found} {name!r} (the columns are {', '.join(header)})")
        if known and name not in known:
            raise ValueError(f"header: unknown column {name!r} (known: {', '.join(known)})")


def _text_rows(path: Path) -> Iterator[tuple[str, Sequence[str]]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = next(reader, [])
            yield "header", header
            for fields in reader:
                place = f"line {reader.line_num}"
                if not fields:
                    continue  # an empty line
                if len(fields) != len(header):
                    raise ValueError(
                        f"{place}: {len(fields)} fields, but the header has {len(header)}"
                    )
                yield place, fields
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num}: {error}") from None
        except UnicodeDecodeError:
            raise ValueError("not UTF-8; save it as UTF-8") from None


def _parquet_rows(path: Path) -> Iterator[tuple[str, Sequence[str]]]:
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except FileNotFoundError:
        raise
    except Exception as error:  # any error means: not such a table
        raise ValueError(f"not a parquet table: {error}") from None
    yield "header", [str(name) for name in table.columns]
    for number, values in enumerate(table.itertuples(index=False, name=None), 1):
        yield f"row {number}", ["" if pd.isna(value) else str(value) for value in values]
