"""Training data of the reader of transcripts: what lines say, and how clauses relate."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from drawn_world.language.clauses import Clause, clauses_of, relation
from drawn_world.language.lines import draw_line, noun_of
from drawn_world.teachers.llm.samples import Sample, demo_prompt, json_reply
from drawn_world.vocabulary import ACTIONS_OF, NOUNS, PLACES, all_expressions
from strefer.agents.replies import parse_sentences
from strefer.records import Statement

_SHARES = {True: 0.4, False: 0.5, None: 0.1}  # of pairs of clauses, by how they relate
_EXPRESSIONS = tuple(all_expressions())
_STILL = ("stay", "sit")


def statement_of(clause: Clause) -> Statement:
    """A clause in the three forms of a statement."""
    return Statement(clause.form("does"), clause.form("doing"), clause.form("do"))


def statement_sample(random: Random) -> Sample:
    """A line about an entity, as the stage of transcripts keeps it, and its reading."""
    expression = random.choice(_EXPRESSIONS)
    kind = NOUNS[noun_of(expression)]
    while True:
        action, target = draw_action(random, kind, [e for e in _EXPRESSIONS if e != expression])
        line = draw_line(random, expression, action, target, random.choice(PLACES))
        try:
            text = parse_sentences(line.text)
        except ValueError:
            continue  # a refusal is asked again, and is no line
        prompt = demo_prompt("statement_reader").render(
            expression=expression, others=[], lines=[text]
        )
        return Sample("statement", prompt, statement_reply(line.clause))


def statement_reply(clause: Clause | None) -> str:
    """The reply about one line; without a clause it says no more than that somebody is there."""
    forms = ("does", "doing", "do")
    read = {form: None if clause is None else clause.form(form) for form in forms}
    return json_reply({"number": "one", "lines": [{"line": 1, "shown": "yes"} | read]})


def relation_sample(random: Random) -> Sample:
    """Two clauses about entities of one kind, and whether they say the same."""
    wanted = random.choices(tuple(_SHARES), tuple(_SHARES.values()))[0]
    while True:
        kind = NOUNS[noun_of(random.choice(_EXPRESSIONS))]
        two = [_draw_clause(random, kind, wanted) for _ in range(2)]
        if wanted is True and random.random() < 0.7:
            two[1] = random.choice([c for c in _alike(kind, two[0]) if c.meaning == two[0].meaning])
        said = [clause.form("does") for clause in two]
        if said[0] != said[1] and relation(*said) is wanted:
            prompt = demo_prompt("relation_reader").render(clauses=said)
            return Sample("relation", prompt, relation_reply(wanted))


def relation_reply(same: bool | None) -> str:
    """The reply about two clauses."""
    pairs = [[1, 2]]
    return json_reply({"same": pairs if same else [], "contrary": pairs if same is False else []})


def _alike(kind: str, clause: Clause) -> tuple[Clause, ...]:
    """All clauses of the actions that a clause may mean."""
    return tuple(
        other
        for action in sorted(clause.meaning.actions & set(ACTIONS_OF[kind]))
        for other in clauses_of(kind, action, clause.meaning.target)
    )


def _draw_clause(random: Random, kind: str, wanted: bool | None) -> Clause:
    # Most of what relates in no known way are chases beside movements, and ways of keeping still.
    actions = [a for a in ACTIONS_OF[kind] if wanted is not None or _open(a)]
    action = random.choice(actions)
    return random.choice(clauses_of(kind, action, random.choice(_EXPRESSIONS)))


def _open(action: str) -> bool:
    return action in ("chase", *_STILL) or action.startswith("move")


def draw_action(random: Random, kind: str, others: Sequence[str]) -> tuple[str, str | None]:
    """An action of a kind, and whom of the others it is done to."""
    action = random.choice(ACTIONS_OF[kind])
    return action, random.choice(others) if action == "chase" else None
