"""Reading open language by an LLM: its replies are written here as a 32B model gives them."""

import json
from itertools import combinations
from random import Random

import pytest

from helpers.shards import ScriptedChat
from strefer.agents.reply_text import json_object
from strefer.files import ROOT
from strefer.instructions.groups import GROUPS
from strefer.instructions.metadata.join import join_film
from strefer.instructions.wording.phrasings import default_folder, load_folder
from strefer.prompts import load_prompt
from strefer.records import Entity, Statement, Transcript
from strefer.statements.replies import parse_lines, parse_relations
from strefer.statements.with_llm import _compared, read_by_llm

FERRY = Entity("white ferry", "ferry", "boat")
TUG = Entity("red tugboat", "tugboat", "boat")
ROWERS = Entity("two rowers in yellow vests", "rowers", "person")
ENTITIES = (FERRY, TUG, ROWERS)
# What a video LLM says of a harbour, by segment.
SAID = (
    (
        "The white ferry is moored at the pier, and passengers are walking up the gangway.",
        "The red tugboat slowly crosses the harbour from left to right.",
        "The two rowers in yellow vests are rowing in sync, their oars dipping into the water.",
    ),
    (
        "In this clip, the ferry remains at the pier. It does not move.",
        "The tugboat can be seen pushing a barge, possibly heading for the open sea.",
        "The rowers are not visible in this clip.",
    ),
    (
        "The white ferry pulls away from the pier, leaving a wake behind it.",
        None,
        "They take a break and drink from their bottles.",
    ),
)


def line(number, does=None, doing=None, do=None, shown="yes"):
    return {"line": number, "shown": shown, "does": does, "doing": doing, "do": do}


FERRY_LINES = [
    line(1, "is moored at the pier", "being moored at the pier", "be moored at the pier"),
    line(2, "remains at the pier", "remaining at the pier", "remain at the pier"),
    line(3, "pulls away from the pier", "pulling away from the pier", "pull away from the pier"),
]
TUG_LINES = [
    line(1, "crosses the harbour", "crossing the harbour", "cross the harbour"),
    line(2, "pushes a barge", "pushing a barge", "push a barge"),
]
ROWERS_LINES = [
    line(1, "row in sync", "rowing in sync", "row in sync"),
    line(2, shown="no"),
    line(3, "drink from their bottles", "drinking from their bottles", "drink from their bottles"),
]
REPLIES = {
    FERRY: f"```json\n{json.dumps({'number': 'one', 'lines': FERRY_LINES})}\n```",
    TUG: json.dumps({"number": "one", "lines": TUG_LINES}),
    ROWERS: f"Here it is:\n{json.dumps({'number': 'several', 'lines': ROWERS_LINES})}",
}
SAME = {("is moored at the pier", "remains at the pier")}
CONTRARY = {
    ("is moored at the pier", "pulls away from the pier"),
    ("remains at the pier", "pulls away from the pier"),
    ("is moored at the pier", "crosses the harbour"),
    ("remains at the pier", "crosses the harbour"),
}


def transcripts():
    return [Transcript(n, 5.0 * n, 5.0 * n + 5, lines) for n, lines in enumerate(SAID)]


def related(text):
    clauses = [one.split(". ", 1)[1] for one in text.split("only.\n")[1].strip().splitlines()]
    numbers = {clause: number for number, clause in enumerate(clauses, 1)}

    def known(pairs):
        return [[numbers[a], numbers[b]] for a, b in sorted(pairs) if {a, b} <= numbers.keys()]

    return json.dumps({"same": known(SAME), "contrary": known(CONTRARY)})


def read(prompts, lines_per_call=24, **replies):
    """The film's statements; `replies` by noun are given in place of those above."""

    def answer(request):
        if request.text.startswith("Below are things"):
            return related(request.text)
        of = request.text.split('clips of a video: "')[1].split('"')[0]
        entity = next(entity for entity in ENTITIES if entity.expression == of)
        reply = replies.get(entity.noun, REPLIES[entity])
        return reply if lines_per_call > 1 else of_one_line(request.text, entity, reply)

    chat = ScriptedChat(answer)
    options = {
        "lines_per_call": lines_per_call,
        "max_new_tokens": 500,
        "attempts": 2,
        "retry_temperature": 0.7,
        "seed": 0,
    }
    (statements,) = read_by_llm([(ENTITIES, transcripts(), [])], chat, prompts, options)
    return statements


def of_one_line(prompt, entity, reply):
    """The part of a reply that is about the one line of a prompt, which is then its first."""
    said = prompt.strip().rsplit("\n1. ", 1)[1]
    place = ENTITIES.index(entity)
    lines = [row[place] for row in SAID if row[place] is not None]
    found = json_object(reply)
    return json.dumps(found | {"lines": [found["lines"][lines.index(said)] | {"line": 1}]})


@pytest.fixture
def prompts():
    folder = ROOT / "config" / "prompts"
    return {
        role: load_prompt(folder / f"{role}.txt")
        for role in ("statement_reader", "relation_reader")
    }


def joined(statements):
    return join_film("f" * 64, 15.0, ENTITIES, statements, None)


def test_lines_become_clauses_in_three_forms(prompts):
    statements = read(prompts)
    first = statements.segments[0]
    assert first.statements[2] == Statement("row in sync", "rowing in sync", "row in sync")
    assert first.shown == (True, True, True)
    assert statements.several == (2,)
    assert statements.unread == {}


def test_a_small_model_is_asked_line_by_line_and_pair_by_pair(prompts):
    whole, one_by_one = read(prompts), read(prompts, lines_per_call=1)
    assert one_by_one.segments == whole.segments
    assert one_by_one.several == whole.several
    pairs = [
        {(frozenset(pair), same) for *pair, same in statements.relations}
        for statements in (whole, one_by_one)
    ]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_every_two_clauses_are_compared_in_some_call(size):
    clauses = [str(number) for number in range(7)]
    calls = list(_compared(clauses, size))
    assert all(len(call) <= max(2, size) for call in calls)
    together = {frozenset(two) for call in calls for two in combinations(call, 2)}
    assert together == {frozenset(two) for two in combinations(clauses, 2)}


def test_a_line_that_denies_the_entity_leaves_it_unknown(prompts):
    second = read(prompts).segments[1]
    assert (second.shown[2], second.statements[2]) == (None, None)
    assert read(prompts).segments[2].shown[1] is False


def test_a_clause_with_words_of_its_own_is_not_kept(prompts):
    invented = [line(1, "sinks in the harbour", "sinking", "sink"), TUG_LINES[1]]
    statements = read(prompts, tugboat=json.dumps({"number": "one", "lines": invented}))
    assert statements.segments[0].shown[1] is True
    assert statements.segments[0].statements[1] is None
    assert statements.segments[1].statements[1].does == "pushes a barge"


def test_an_unreadable_reply_costs_one_entity(prompts):
    statements = read(prompts, tugboat="I cannot answer that.")
    assert "no usable reply in 2 attempt(s)" in statements.unread["1"]
    assert statements.segments[0].statements[1] is None
    assert statements.segments[0].statements[0].does == "is moored at the pier"


def test_other_words_are_not_the_contrary(prompts):
    meaning = joined(read(prompts)).meaning
    assert meaning.says("is moored at the pier", "remains at the pier") is True
    assert meaning.says("pulls away from the pier", "remains at the pier") is False
    assert meaning.says("pushes a barge", "crosses the harbour") is None
    assert meaning.excludes("is moored at the pier", "crosses the harbour")
    assert not meaning.excludes("pushes a barge", "crosses the harbour")


def test_pairs_deny_only_what_is_excluded(prompts):
    film = joined(read(prompts))
    phrasings = load_folder(default_folder())
    tasks = [
        task
        for name in ("G2", "G4")
        for task in GROUPS[name].propose(film, phrasings["questions"], 60, Random(0))
    ]
    denied = {
        (film.deeds[t.segments[0]][t.scope.subjects[0]], t.slots["deed"])
        for t in tasks
        if t.focus == "deed" and t.form == "yes_no" and t.truth is False
    }
    assert denied
    assert all(said is None or film.meaning.excludes(said, deed) for said, deed in denied)
    pairs = [
        pair
        for group in (GROUPS["G1"], GROUPS["G3"])
        for pair in group.propose(film, phrasings[group.phrasings], 60, Random(1))
    ]
    texts = [f"{pair.question} {pair.answer}" for pair in pairs]
    counting = ("how many boats", "how many people")
    assert not [t for t in texts if any(c in t.lower() for c in counting)], "the list may lack one"
    assert any("the two rowers in yellow vests row in sync" in text.lower() for text in texts)
    rowers = "the two rowers in yellow vests"
    assert not [t for t in texts if f"is {rowers}" in t.lower() or f"{rowers} is" in t.lower()]


@pytest.mark.parametrize(
    "reply",
    ["", "no idea", "[]", '{"lines": []}', '{"lines": [{"line": "1"}]}', '{"lines": [3]}'],
)
def test_a_reply_without_lines_is_refused(reply):
    with pytest.raises(ValueError, match="the reply has no"):
        parse_lines(reply)


@pytest.mark.parametrize("reply", ["", "{}", '{"same": [[1]]}', '{"same": 1, "contrary": 2}'])
def test_a_reply_without_relations_is_refused(reply):
    with pytest.raises(ValueError, match="the reply has no"):
        parse_relations(reply)


def test_pairs_of_numbers_only_are_contrary():
    both = parse_relations('{"same": [[1, 2]], "contrary": [[2, 1], [1, 9], [1, 2, 3], [true, 2]]}')
    assert both.contrary == ((2, 1), (1, 9))
