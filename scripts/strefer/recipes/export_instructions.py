"""Exports: a run's pairs as Parquet files, one a shard, that `datasets` opens as they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from strefer.files import atomic_write
from strefer.recipes.published_format import Sample, own_pairs, published_sample
from strefer.records import to_json

ROWS_A_GROUP = 4096  # rows that are in memory at once
_TURN = pa.struct([("from", pa.string()), ("value", pa.string())])
_IN_JSON = ("annotation", "evidence")  # frame numbers as keys make no columns
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("video", pa.string()),
        ("path", pa.string()),
        ("group", pa.string()),
        ("form", pa.string()),
        ("conversations", pa.list_(_TURN)),
        ("start_time", pa.string()),
        ("end_time", pa.string()),
        ("clip_timestamps", pa.list_(pa.string())),
        ("frame_keys", pa.string()),
        *((name, pa.string()) for name in _IN_JSON),
    ]
)
REJECTED_SCHEMA = pa.schema(
    [("video", pa.string()), ("reason", pa.string()), ("pair", pa.string())]  # pair: JSON
)
Counts = Mapping[tuple[str, str, str], int]  # by group, form, and fault ("" for an accepted pair)


def export_instructions(
    instructions: Path, masklets: Path, videos: Path, accepted: Path, rejected: Path
) -> None:
    """Write the pairs of one shard.

    Args:
        instructions, masklets, videos: shard files.
        accepted: the Parquet file of accepted pairs, as samples. It counts all pairs, too: see
            `read_counts`.
        rejected: that of pairs that verification took out, with the reasons.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    with _Table(accepted, SCHEMA) as samples, _Table(rejected, REJECTED_SCHEMA) as others:
        for video_id, video, masks, pair in own_pairs([instructions], [masklets], [videos]):
            fault = (pair.rejected or "").partition(":")[0]
            counts[pair.group, pair.form, fault] += 1
            if pair.rejected is None:
                sample = published_sample(pair, video_id, video, masks)
                samples.add(_row(sample | {"evidence": to_json(pair.evidence)}))
            else:
                others.add(
                    {"video": video_id, "reason": pair.rejected, "pair": json.dumps(to_json(pair))}
                )
        rows = [[*key, n] for key, n in sorted(counts.items())]
        samples.writer.add_key_value_metadata({"counts": json.dumps(rows)})


def read_counts(accepted: Path) -> Counts:
    """How many pairs a shard has, rejected ones too, from the end of its file alone."""
    rows = json.loads(pq.read_metadata(accepted).metadata[b"counts"])
    return {(group, form, fault): n for group, form, fault, n in rows}


def read_export(files: list[Path]) -> Iterator[Sample]:
    """The samples of these Parquet files, each with its evidence."""
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(ROWS_A_GROUP):
            for row in batch.to_pylist():
                sample = {name: value for name, value in row.items() if value is not None}
                yield sample | {k: json.loads(sample[k]) for k in _IN_JSON if k in sample}


def _row(sample: Sample) -> dict[str, Any]:
    row = {name: sample.get(name) for name in SCHEMA.names}
    return row | {k: json.dumps(sample[k], sort_keys=True) for k in _IN_JSON if k in sample}


class _Table:
    """A Parquet file that is written by groups of rows, and is there when it is whole."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file, self._schema, self._rows = atomic_write(path, "wb"), schema, []

    def __enter__(self) -> _Table:
        self.writer = pq.ParquetWriter(self._file.__enter__(), self._schema, compression="zstd")
        return self

    def add(self, row: Mapping[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) == ROWS_A_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:  # `datasets` cannot read an empty group
            self.writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._rows = []

    def __exit__(self, *error: Any) -> None:
        try:
            if error[0] is None:
                self._flush()
            self.writer.close()
        finally:
            self._file.__exit__(*error)
