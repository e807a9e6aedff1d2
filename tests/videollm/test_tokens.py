"""Rounding of times to tokens."""

import pytest

from strefer.videollm.architecture.tokens import time_token


@pytest.mark.parametrize(
    ("time_s", "floor", "published"),
    [(0.0, "<0>", "<0>"), (3.0, "<8>", "<8>"), (11.99, "<31>", "<31>"), (12.0, "<31>", "<31>")],
)
def test_both_roundings(time_s, floor, published):
    assert time_token(time_s, 12.0, 32) == floor
    assert time_token(time_s, 12.0, 32, "published") == published


def test_roundings_differ_where_the_paper_and_its_code_do():
    assert time_token(8.0, 10.0, 32) == "<25>"  # ⌊25.6⌋
    assert time_token(7.9, 10.0, 32, "published") == "<24>"  # round(24.49)
    assert time_token(7.9, 10.0, 32) == "<25>"  # ⌊25.28⌋


def test_every_multiple_falls_into_its_own_token():
    assert [time_token(i * 0.3, 9.6, 32) for i in range(32)] == [f"<{i}>" for i in range(32)]


@pytest.mark.parametrize(("time_s", "duration_s"), [(-1.0, 5.0), (6.0, 5.0), (0.0, 0.0)])
def test_a_time_outside_is_refused(time_s, duration_s):
    with pytest.raises(ValueError, match="outside"):
        time_token(time_s, duration_s, 32)
