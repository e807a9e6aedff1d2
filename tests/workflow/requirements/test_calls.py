"""What pairs cost: calls and tokens of the LLM for the paper's films."""

import pytest

from helpers.configurations import read_configuration
from strefer.videos.film_lengths import Films
from strefer.workflow.requirements.calls import (
    proof_calls,
    reading_calls,
    told_calls,
    writing_calls,
)

PAPER = Films(4253, 4253.0, 0)


def changed(**instructions):
    config = read_configuration("paper")
    return config | {"instructions": config["instructions"] | instructions}


def test_a_pair_costs_less_than_a_call():
    config = changed()
    pairs = 4 * 32 * PAPER.minutes
    stages = (reading_calls, writing_calls, proof_calls)
    assert 0.3 * pairs < sum(of(config, PAPER).count for of in stages) < 0.9 * pairs
    assert any("calls for each of the 544,384 pairs" in line for line in told_calls(config, PAPER))


def test_what_is_not_asked_costs_nothing():
    assert writing_calls(changed(question_writer="phrasings"), PAPER).count == 0
    assert proof_calls(changed(proof_reader="none"), PAPER).count == 0
    alone = writing_calls(changed(pairs_per_call=1), PAPER)
    assert alone.count == pytest.approx(128 * PAPER.minutes)
    demo = read_configuration("config")
    by_tens = demo | {"statements": demo["statements"] | {"lines_per_call": 10}}
    assert reading_calls(demo, PAPER).count > reading_calls(by_tens, PAPER).count
