"""How far one gets in the yes/no sets without seeing the film, on the real validation set."""

import pytest

from helpers.attackers import from_text_and_times, from_times, touches_edge
from helpers.shared_data import shared_data
from strefer.benchmarks.files import read_json
from strefer.benchmarks.windows import by_query, by_swap

CHANCE = (0.47, 0.53)  # more than three standard errors of 2,928 questions


@pytest.fixture(scope="module")
def lines():
    return read_json(shared_data("benchmarks/qvhighlights/highlight_val_release.jsonl"))


def test_the_set_like_the_papers_gives_something_away(lines):
    asked = by_query(lines, 0)
    assert touches_edge(asked) > 0.55
    assert from_times(asked) > 0.54


def test_the_balanced_set_gives_nothing_away(lines):
    asked = by_swap(lines, 0)
    assert touches_edge(asked) == 0.5
    for attacker in (from_times, from_text_and_times):
        assert CHANCE[0] < attacker(asked) < CHANCE[1]
