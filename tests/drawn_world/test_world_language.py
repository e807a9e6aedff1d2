"""The drawn world's language: many ways to say an action, and what each of them means."""

from random import Random

import pytest

from drawn_world.language.clauses import clause_of, clauses_of, closed_clauses, means, relation
from drawn_world.language.lines import draw_line, noun_of, read_line, template_of
from drawn_world.vocabulary import ACTIONS_OF, NOUNS, PLACES, action_phrase, all_expressions
from strefer.agents.replies import parse_sentences
from strefer.records import Entity, Statement
from strefer.statements.replies import LinesRead
from strefer.statements.with_llm import _kept

N_LINES = 3000


@pytest.fixture(scope="module")
def drawn():
    """(expression, action, target, line) of many lines."""
    random, found = Random(0), []
    for _ in range(N_LINES):
        expression = random.choice(all_expressions())
        action = random.choice(ACTIONS_OF[NOUNS[noun_of(expression)]])
        target = random.choice(all_expressions()) if action == "chase" else None
        line = draw_line(random, expression, action, target, random.choice(PLACES))
        found.append((expression, action, target, line))
    return found


def test_a_clause_means_one_thing_whoever_does_it():
    meanings = {}
    for kind, actions in ACTIONS_OF.items():
        for action in actions:
            for clause in clauses_of(kind, action, "red ball"):
                text = clause.form("does")
                assert meanings.setdefault(text, clause.meaning) == clause.meaning, text


def test_the_plain_phrases_are_clauses_too():
    for noun, kind in NOUNS.items():
        for action in ACTIONS_OF[kind]:
            assert means(action_phrase(noun, action, "red ball"), action, "red ball")
    assert not means("chases the red ball", "chase", "blue ball")
    assert not means("runs quickly", "move_left", None)


def test_lines_are_read_as_they_are_meant(drawn):
    for _, action, target, line in drawn:
        try:
            kept = parse_sentences(line.text)
        except ValueError:
            assert "cannot tell" in line.text
            continue
        found = read_line(kept)
        assert (found is None) == (line.clause is None), line.text
        assert found is None or found.meaning.holds(action, target), line.text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("The clip shows a brown horse going from left to right.", "goes from left to right"),
        ("Rather than walking leftwards, the car stands still.", "stands still"),
        ("A dog was not moving.", "does not move"),
        ("The man does not wave.", None),
        ("The man is not walking to the left.", None),
        ("The man is on the grass.", None),
        ("The horse sleeps.", None),
    ],
)
def test_what_other_sentences_say_is_read_too(line, said):
    clause = read_line(line)
    assert (clause and clause.form("does")) == said


def test_lines_seldom_repeat_and_begin_in_many_ways(drawn):
    assert len({line.text for *_, line in drawn}) > 0.95 * N_LINES
    begins = [line.text.split()[0] for *_, line in drawn]
    assert begins.count("The") < 0.5 * N_LINES and len(set(begins)) > 8


def test_what_a_line_says_is_in_its_own_words(drawn):
    """Of each line a statement can be kept: it adds no word."""
    for expression, _, target, line in drawn:
        if line.clause is None:
            continue
        forms = (line.clause.form(form) for form in ("does", "doing", "do"))
        read = LinesRead.Line(True, Statement(*forms))
        entities = [Entity(e, noun_of(e), "") for e in (expression, target) if e]
        assert _kept(read, line.text, entities).statement is not None, line.text


def test_clauses_say_the_same_exclude_each_other_or_neither():
    assert relation("walks to the left", "strolls leftwards") is True
    assert relation("walks to the left", "walks to the right") is False
    assert relation("sits", "stands still") is False
    assert relation("sits", "does not move") is None
    assert relation("chases the red ball", "runs to the left") is None
    assert relation("chases the red ball", "chases the blue ball") is False
    assert relation("sits", "sings") is None


def test_every_form_leads_back_to_its_clause():
    for clause in closed_clauses():
        for form in ("does", "doing", "do"):
            assert clause_of(clause.form(form), form).meaning == clause.meaning


def test_questions_of_one_template_are_one():
    two = ("What does the brown dog do right after that dog runs to the left?",
           "What does the red ball do right after that ball hops on the spot?")  # fmt: skip
    assert len({template_of(question) for question in two}) == 1
    assert template_of("Does the person in <region> chase the red ball?") == "Does ~ ~?"
