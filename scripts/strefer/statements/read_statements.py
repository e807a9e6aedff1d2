"""Stage `statements`: reads each film's transcripts into statements that logic can work on.

Language is the reader's work: what a line says, in which number, and which statements say the same
or exclude each other. What comes after works on records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strefer.agents.chat.load import load_chat
from strefer.prompts import load_prompt
from strefer.records import Entity, References, Transcript, to_json
from strefer.stage.batches import in_batches
from strefer.stage.run import Item, Shard, Worker, read_records, run_stage
from strefer.statements.with_llm import read_by_llm


@dataclass(frozen=True)
class Film:
    """The statements of one film.

    Attributes:
        entities: the references.
        transcripts: one a segment.
        again: of the segments' parts, the second look.
    """

    entities: tuple[Entity, ...]
    transcripts: Sequence[Transcript]
    again: Sequence[Transcript]


def read_statements(
    references: Path,
    transcripts: Path,
    shard: Shard,
    options: Mapping[str, Any],
    prompts: Mapping[str, str],
    llm: Mapping[str, Any],
    second_looks: Path | None = None,
) -> None:
    """Write the shard file of `Statements` records, a line a film.

    Args:
        references, transcripts: shard files of these stages.
        second_looks: the shard file of transcripts of the segments' parts; None does without.
        options: `lines_per_call`; `max_new_tokens`, `attempts`, `retry_temperature`;
            `batch_films`; `seed`.
        prompts: `statement_reader` and `relation_reader`.
        llm: the LLM's specification.
    """
    items = list(_items(references, transcripts, second_looks))

    def start() -> Worker:
        chat = load_chat(llm)
        texts = {role: load_prompt(path) for role, path in prompts.items()}
        return lambda missing: in_batches(
            ((item, item.context) for item in missing),
            options["batch_films"],
            lambda batch: [
                to_json(read)
                for read in read_by_llm([_parts(film) for _, film in batch], chat, texts, options)
            ],
        )

    run_stage("statements", items, start, shard)


def _parts(film: Film) -> tuple[tuple[Entity, ...], Sequence[Transcript], Sequence[Transcript]]:
    for transcript in (*film.transcripts, *film.again):
        if len(transcript.lines) != len(film.entities):
            raise ValueError(
                f"transcript of segment {transcript.segment} has {len(transcript.lines)} lines for "
                f"{len(film.entities)} entities; delete the transcripts file and rerun"
            )
    return film.entities, film.transcripts, film.again


def _items(references: Path, transcripts: Path, second_looks: Path | None) -> Iterator[Item]:
    entities = read_records(references, References)
    looks = {} if second_looks is None else read_records(second_looks, Transcript)
    for video_id, said in read_records(transcripts, Transcript).items():
        if video_id not in entities:
            continue
        film = Film(entities[video_id][0].entities, said, looks.get(video_id, []))
        content = [[to_json(e) for e in film.entities]]
        content += [[to_json(look) for look in part] for part in (film.transcripts, film.again)]
        yield Item(video_id, content=content, context=film)
