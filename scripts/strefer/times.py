"""Times as text: seconds ↔ "HH:MM:SS.mmm", as in the published format."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?")


def clock(seconds: float) -> str:
    """ "00:01:05.250" of 65.25 s, rounded to milliseconds.

    Raises:
        ValueError: if the time is negative or no number.
    """
    if not seconds >= 0 or seconds == float("inf"):
        raise ValueError(f"a time of {seconds} seconds cannot be written; it must be 0 or more")
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def seconds_of(text: str) -> float:
    """65.25 of "00:01:05.250".

    Raises:
        ValueError: if the text is not such a time.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time; write HH:MM:SS.mmm")
    hours, minutes, whole = (int(match[i]) for i in (1, 2, 3))
    return hours * 3600 + minutes * 60 + whole + float(f"0.{match[4] or 0}")
