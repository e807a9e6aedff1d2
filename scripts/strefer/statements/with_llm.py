"""Reading transcripts by a language model: for open language, as video LLMs write it.

Two kinds of questions are asked, all of a batch of films in one call of the engine:

- of each entity, what its lines say: shown or not, and what it does as one short clause in three
  forms. A clause with words that the line does not have is not kept;
- of the clauses about one category, which say the same and which exclude each other. Of the others
  nothing is known, and nothing is built on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from strefer.agents.chat.interface import Chat, ChatRequest, ask
from strefer.instructions.english import consonants
from strefer.prompts import Prompt
from strefer.records import Entity, Reading, Statement, Statements, Transcript
from strefer.statements.replies import (
    LINES_SCHEMA,
    RELATIONS_SCHEMA,
    LinesRead,
    Related,
    parse_lines,
    parse_relations,
)

MOST_CLAUSES = 12  # of one category: every two of them are compared
MOST_WORDS = 16  # of a clause
# Words that a reader may add: they say nothing by themselves.
# fmt: off
_ADDED = frozenset(consonants(
    "be been being and or of to in on at with from by for while then there who which that as into "
    "their his her its themselves himself herself itself one another each other something someone"
))
# fmt: on
Parts = tuple[Sequence[Entity], Sequence[Transcript], Sequence[Transcript]]


@dataclass
class _Film:
    """A film while it is read."""

    entities: Sequence[Entity]
    transcripts: Sequence[Transcript]
    again: Sequence[Transcript]
    read: dict[tuple[int, str], LinesRead.Line] = field(default_factory=dict)  # entity, line
    several: set[int] = field(default_factory=set)
    relations: dict[tuple[str, str], bool] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def lines(self, entity: int) -> list[str]:
        """What was said about the entity, each line once."""
        looks = (*self.transcripts, *self.again)
        return list(dict.fromkeys(t.lines[entity] for t in looks if t.lines[entity] is not None))

    def statement(self, entity: int, line: str | None) -> Statement | None:
        found = self.read.get((entity, line)) if line is not None else None
        return None if found is None or found.shown is not True else found.statement

    def shown(self, entity: int, line: str | None, told: bool | None) -> bool | None:
        """True if the entity is there: what the line itself says outweighs that there is one."""
        found = self.read.get((entity, line)) if line is not None else None
        return told if found is None or found.shown is True else None

    def clauses(self, noun: str) -> list[str]:
        """What entities of a category do, each clause once, by entity and time; clauses about a
        segment and about its parts are together."""
        looks = sorted((*self.transcripts, *self.again), key=lambda look: look.start_s)
        found = [
            self.statement(entity, look.lines[entity])
            for entity, known in enumerate(self.entities)
            if known.generalized_noun == noun
            for look in looks
        ]
        return list(dict.fromkeys(one.does for one in found if one is not None))

    def reading(self, transcript: Transcript) -> Reading:
        places = range(len(self.entities))
        return Reading(
            transcript.start_s,
            transcript.end_s,
            tuple(self.shown(e, transcript.lines[e], transcript.shown[e]) for e in places),
            tuple(self.statement(e, transcript.lines[e]) for e in places),
        )

    def result(self) -> Statements:
        return Statements(
            tuple(self.reading(t) for t in self.transcripts),
            tuple(self.reading(t) for t in self.again),
            tuple(sorted(self.several)),
            tuple((one, other, same) for (one, other), same in self.relations.items()),
            self.unread,
        )


def read_by_llm(
    films: Sequence[Parts], chat: Chat, prompts: Mapping[str, Prompt], options: Mapping[str, Any]
) -> list[Statements]:
    """The statements of films.

    Args:
        films: (entities, transcripts, transcripts of the segments' parts) of each.
        prompts: `statement_reader` and `relation_reader`.
        options: `lines_per_call`, `max_new_tokens`, `attempts`, `retry_temperature`, `seed`.
    """
    reading = [_Film(*parts) for parts in films]
    _read_lines(reading, chat, prompts["statement_reader"], options)
    _relate(reading, chat, prompts["relation_reader"], options)
    return [film.result() for film in reading]


def _ask(
    chat: Chat,
    texts: Sequence[str],
    schema: dict[str, Any],
    parse: Callable[[str], Any],
    options: Mapping[str, Any],
) -> list[Any]:
    requests = [
        ChatRequest(
            text, schema=schema, seed=options["seed"], max_new_tokens=options["max_new_tokens"]
        )
        for text in texts
    ]
    return ask(chat, requests, parse, options["attempts"], options["retry_temperature"])


def _read_lines(
    films: Sequence[_Film], chat: Chat, prompt: Prompt, options: Mapping[str, Any]
) -> None:
    asked: list[tuple[_Film, int, list[str]]] = []
    for film in films:
        for entity in range(len(film.entities)):
            lines = film.lines(entity)
            asked += [(film, entity, part) for part in _chunks(lines, options["lines_per_call"])]
    texts = [
        prompt.render(
            expression=film.entities[entity].expression,
            others=[e.expression for e in film.entities if e != film.entities[entity]],
            lines=lines,
        )
        for film, entity, lines in asked
    ]
    replies = _ask(chat, texts, LINES_SCHEMA, parse_lines, options)
    for (film, entity, lines), reply in zip(asked, replies, strict=True):
        if reply.failure is not None:
            film.unread[str(entity)] = reply.failure
            continue
        if reply.answer.several:
            film.several.add(entity)
        for number, line in enumerate(lines, 1):
            found = reply.answer.lines.get(number)
            if found is not None:
                film.read[entity, line] = _kept(found, line, film.entities)


def _kept(found: LinesRead.Line, line: str, entities: Sequence[Entity]) -> LinesRead.Line:
    """The line as it was read, without its statement if that is not what the line says."""
    statement = found.statement
    if statement is None:
        return found
    known = consonants(" ".join([line, *(entity.expression for entity in entities)])) | _ADDED
    forms = [form for form in (statement.does, statement.doing, statement.do) if form is not None]
    added = any(consonants(form) - known for form in forms)
    short = all(len(form.split()) <= MOST_WORDS for form in forms)
    return found if short and not added else LinesRead.Line(found.shown, None)


def _relate(films: Sequence[_Film], chat: Chat, prompt: Prompt, options: Mapping[str, Any]) -> None:
    asked: list[tuple[_Film, list[str]]] = []
    for film in films:
        for noun in dict.fromkeys(e.generalized_noun for e in film.entities):
            for part in _chunks(film.clauses(noun), MOST_CLAUSES):
                asked += [(film, few) for few in _compared(part, options["lines_per_call"])]
    texts = [prompt.render(clauses=clauses) for _, clauses in asked]
    replies = _ask(chat, texts, RELATIONS_SCHEMA, parse_relations, options)
    for (film, clauses), reply in zip(asked, replies, strict=True):
        if reply.failure is None:
            film.relations |= dict(_pairs(clauses, reply.answer))


def _pairs(clauses: Sequence[str], related: Related) -> Iterator[tuple[tuple[str, str], bool]]:
    """Pairs of clauses with whether they say the same; contradictory replies are left out."""
    same = {frozenset(pair) for group in related.same for pair in combinations(sorted(group), 2)}
    contrary = {frozenset(pair) for pair in related.contrary}
    for numbers in sorted(map(sorted, same ^ contrary)):
        if len(numbers) == 2 and numbers[0] >= 1 and numbers[1] <= len(clauses):
            one, other = (clauses[number - 1] for number in numbers)
            yield (one, other), frozenset(numbers) in same


def _compared(clauses: Sequence[str], size: int) -> Iterator[list[str]]:
    """Lists of at most `size` clauses, or two, in which every two of the clauses are together."""
    if len(clauses) <= max(2, size):
        yield from [list(clauses)] if len(clauses) > 1 else []
        return
    blocks = list(_chunks(clauses, max(1, size // 2)))
    yield from (one + other for one, other in combinations(blocks, 2))


def _chunks(values: Sequence[str], size: int) -> Iterator[list[str]]:
    for first in range(0, len(values), size):
        yield list(values[first : first + size])
