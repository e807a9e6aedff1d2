"""Parse answers as a careful reader would, for the strict figures: a clear answer counts, whatever
surrounds it; a hedged or unreadable one does not."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST = 20_000  # characters; a longer answer is read up to there
_TOKENS = re.compile(r"</?s>|<\|[^<>|]{0,40}\|>|</?(?:answer|final|b|i|strong|em)>", re.IGNORECASE)
_MARKS = str.maketrans("", "", '*_`#"“”')
_LEAD = re.compile(
    r"\W*(?:(?:so|thus|therefore|hence|okay|ok|well)\b[,:]?\s*)?(?:(?:the|my)\s+)?"
    r"(?:(?:final|correct|best|right)\s+)*(?:answer|option|choice|response)\b"
    r"(?:\s+(?:is|would be|should be))?\W*",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\bi(?:'m| am) (?:not|un)\s?(?:\w+ )?(?:sure|certain)\b|\bmaybe\b|\bperhaps\b|\bpossibly\b"
    r"|\b(?:cannot|can't|can not|could not|couldn't) (?:be )?(?:tell|say|determined?|answer)",
    re.IGNORECASE,
)
_NOT_A_NO = re.compile(
    r"\s*-?\s*(?:one|body|idea|clue|answer|opinion|way|information|comment|evidence|doubt|matter"
    r"|longer|more)\b|\.\s*\d"
)
_OTHER_WORD = re.compile(r"\W*(?:(?:and|or|but)\W+)?(yes|no)\b(?!\s+(?:doubt|problem|question))")
_SAID = r"\W{0,4}\(?([A-Za-z])(?:\)|(?=\W*$|[.):,;\]}\n]|(?<![Aa])\s))"
_STATED = (
    re.compile(r"\banswer(?:\s+(?:is|would be|should be))?(?:\s+(?:option|choice))?" + _SAID, re.I),
    re.compile(r"\b(?:option|choice)(?:\s+is)?" + _SAID, re.I),
)
_CAPITAL = r"(?<![A-Za-z0-9'])(?!I\b)([A-Z])(?![A-Za-z0-9'])(?!(?<=A) (?!and |or )[a-z])"
_TWO = re.compile(
    r"\W*[A-Z]\W*\s(?:or|and|&)\s\W*[A-Z](?=\W|$)|\W*[A-Z]\s*[,/]\s*(?!I\b)[A-Z](?=\W|$)"
)
_LISTED = re.compile(r"(?<![A-Za-z0-9'])([A-Z])(?=[.)])")


def plain(answer: str) -> str:
    """An answer without what the model thought before, special tokens and mark-up; "" if it was
    still thinking when it was cut off."""
    text = answer[:_LONGEST].replace("’", "'")
    thought, closed, rest = text.rpartition("</think>")
    if not closed and "<think>" in thought + rest:
        return ""
    return _TOKENS.sub(" ", rest).translate(_MARKS).strip()


def read_yes_no(answer: str | None) -> str | None:
    """ "yes" or "no" if the answer says one of them as a word and does not hedge; else None.

    "Not sure", "None", "Nobody" and "Yes or no" are neither; "**No**" and "Answer: "
    "Yes" are accepted.
    """
    if answer is None:
        return None
    text = plain(answer)
    lead = _LEAD.match(text)
    text = (text[lead.end() :] if lead else text).lstrip(" \t\n([{:,.'-").lower()
    said = re.match(r"(yes|no)\b", text)
    if not said or _HEDGE.search(text):
        return None
    rest = text[said.end() :]
    if said[1] == "no" and _NOT_A_NO.match(rest):
        return None
    other = _OTHER_WORD.match(rest)
    return None if other and other[1] != said[1] else said[1]


def read_letter(answer: str | None, options: Sequence[str]) -> str | None:
    """The letter of the option that an answer chooses, "A" for the first; None if it names none,
    several, or one that is not there.

    Args:
        options: their texts, with or without "A. " or "(A) " in front.
    """
    if answer is None:
        return None
    text = plain(answer)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(options)]
    if _TWO.match(text) or len(set(_LISTED.findall(text)) & set(letters)) > 1:
        return None
    chosen = _of_text(text, options)
    chosen = _of_statement(text) if chosen is None else chosen
    chosen = _of_letters(text) if chosen is None else chosen
    return chosen if chosen and chosen in letters and not _HEDGE.search(text) else None


def _of_text(text: str, options: Sequence[str]) -> str | None:
    """The letter of the one option whose text the answer repeats."""
    bare = [_bare(re.sub(r"^\W{0,2}[A-Z][.):]\s*", "", option.strip())) for option in options]
    found = [i for i, option in enumerate(bare) if option and option == _bare(text)]
    return chr(65 + found[0]) if len(found) == 1 else None


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _of_statement(text: str) -> str | None:
    """The letter of "the answer is C" or "option C"; "" if there are several."""
    for pattern in _STATED:
        said = {letter.upper() for letter in pattern.findall(text)}
        if said:
            return said.pop() if len(said) == 1 else ""
    return None


def _of_letters(text: str) -> str | None:
    """The letter at the answer's beginning, else the only one in brackets, else the only capital
    that is a word and not the article "A" or the pronoun "I"."""
    if found := re.match(r"\W*([A-Za-z])(?:[.):,;\]}]|\s*$|\s*\n|\s+[-–—])", text):
        return found[1].upper()
    for pattern in (r"\(([A-Za-z])\)", _CAPITAL):
        said = {letter.upper() for letter in re.findall(pattern, text)}
        if said:
            return said.pop() if len(said) == 1 else None
    return None
