import pytest

from strefer.times import clock, seconds_of


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00:00.000"),
        (65.25, "00:01:05.250"),
        (3599.9996, "01:00:00.000"),
        (360_000.5, "100:00:00.500"),
    ],
)
def test_there_and_back(seconds, text):
    assert clock(seconds) == text
    assert seconds_of(text) == pytest.approx(seconds, abs=5e-4)


def test_fractions_may_be_missing_or_finer():
    assert seconds_of("00:00:07") == 7
    assert seconds_of("00:00:07.1234") == pytest.approx(7.1234)


@pytest.mark.parametrize("text", ["", "7", "00:61:00", "00:00", "-00:00:01", "aa:bb:cc"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="is not a time"):
        seconds_of(text)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_what_cannot_be_written(seconds):
    with pytest.raises(ValueError, match="cannot be written"):
        clock(seconds)
