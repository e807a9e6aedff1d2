"""Cleaning of what a model replied, before a parser reads it.

A reply is text from a stranger. What leaves this module is bounded and on one line, without
thinking, mark-up and control characters, so that it can be put into the next prompt.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections import Counter
from typing import Any

MAX_REPLY_CHARS = 20_000

_PLAIN_MARKS = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "…": "..."})
_LEFT_OUT = ("Cc", "Cf", "Cs", "Co")
_FENCE = re.compile(r"```[A-Za-z]*")
_NEXT_TURN = re.compile(r"<\|.*|\[/?INST\].*", re.DOTALL)  # the model went on with a new turn
_STAR = re.compile(r"(?m)^\s*\*\s+")  # a bullet, and no emphasis
_END_MARK = re.compile(r"(?<=[.!?])\s*[\[<(]/?[A-Z_]{2,}[\])>]\s*$")  # "The man walks. [END]"
_TAG = re.compile(r"<[/|]?[A-Za-z][^<>]{0,60}>")
_BOXED = re.compile(r"\\(?:boxed|text|textbf)\s*")
_EMPHASIS = re.compile(r"\*+|(?<!\w)_{1,3}|_{1,3}(?!\w)|(?m:^\s*#{1,6}\s)")
_MARKUP = re.compile(r"[<>{}\[\]|`\\]")
_BULLET = re.compile(r"\s*(?:[-*•–]|\(?\d{1,2}[.)])\s+(?=\S)")

_CANNOT = r"(?:can ?not|can't|could not|couldn't|am unable|am not able|do not|don't)"
_REFUSAL = re.compile(
    r"(?:unfortunately,? |sorry,? |well,? )*(?:"
    r"(?:i'm|i am|i was) (?:sorry|afraid|unable|not (?:able|sure|certain)|just an? )|sorry\b|"
    r"i apologi[sz]e|(?:my )?apologies|"
    rf"i {_CANNOT}\b|i have no (?:way|access|information)|(?:as|being) an? (?:ai|language)\b|"
    r"(?:it is|it's) (?:not possible|impossible|difficult|hard|unclear|not clear|unknown)\b|"
    r"there (?:is|was|isn't|is not) (?:not enough|no (?:clear )?(?:information|indication|way)|"
    r"enough information)|(?:not enough|insufficient|no) (?:information|context|detail|evidence)|"
    r"(?:can ?not|can't) (?:determine|tell|see|identify|answer|say)\b|"
    r"[^.!?]{0,80}\b(?:can ?not|can't) be (?:determined|identified|answered|inferred)|"
    r"unable to (?:determine|identify|tell|see|answer|provide|assist|help)|"
    r"without (?:more|further|additional) |please (?:provide|upload|share)|no video)",
    re.IGNORECASE,
)
# Function words: the English ones, and those of other languages that are not English words.
_FUNCTION_WORDS = {
    "English": "the are and of with his her its their she they at for by from into then while up "
    "down left right off out to not",
    "German": "der das und ist nicht eine einen dem auf ein wird läuft",
    "Spanish": "el las los una está y del que se por hacia",
    "French": "le les une est dans avec du qui il elle vers",
    "Italian": "il gli una è della che nel sta verso",
    "Portuguese": "os uma está um não para pela ele ela",
    "Dutch": "het een niet zijn naar loopt de",
}
_WORDS_OF = {name: frozenset(words.split()) for name, words in _FUNCTION_WORDS.items()}


def without_thinking(reply: str) -> str:
    """Return the text after a reply's last `</think>`; empty if the thinking was cut off."""
    _, closed, answer = reply.rpartition("</think>")
    return "" if not closed and re.match(r"\s*<think>", reply) else answer


def answer_of(reply: str) -> str:
    """The reply without the model's thinking.

    Raises:
        ValueError: if nothing is left, or it is too long to be looked at.
    """
    answer = without_thinking(reply)
    if not answer.strip():
        raise ValueError("no answer" + (" after the thinking" if reply.strip() else ""))
    if len(answer) > MAX_REPLY_CHARS:
        raise ValueError(f"longer than {MAX_REPLY_CHARS} characters")
    return answer


def plain(text: str) -> str:
    """On one line, without control and format characters and without pictographs, with plain
    apostrophes and quotes."""
    spaced = " ".join(text.translate(_PLAIN_MARKS).split())
    return "".join(c for c in spaced if unicodedata.category(c) not in _LEFT_OUT and not _drawn(c))


def _drawn(c: str) -> bool:
    return c > "\u2190" and unicodedata.category(c) in ("So", "Sk", "Mn")


def cleaned(reply: str) -> str:
    """The words of a reply on one line: mark-up, fences, bullets, quotes around all of it and the
    beginning of a further turn are gone. The points of a list become sentences."""
    text = _NEXT_TURN.sub("", html.unescape(answer_of(reply)))
    text = _STAR.sub("- ", text)
    text = _FENCE.sub(" ", _END_MARK.sub("", text.rstrip()))
    text = _EMPHASIS.sub("", _BOXED.sub("", _TAG.sub(" ", _unwrapped(text))))
    text = plain(_MARKUP.sub(" ", " ".join(_whole_lines(text))))
    text = " ".join(_BULLET.sub("", text, count=1).split() if _BULLET.match(text) else text.split())
    text = re.sub(r"\s+([.,;:!?])(?=\s|$)", r"\1", text)
    while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def without_markup(text: str) -> str:
    """A short text, such as a noun, on one line and without mark-up."""
    return " ".join(_MARKUP.sub(" ", _EMPHASIS.sub("", _TAG.sub(" ", plain(text)))).split())


def is_refusal(text: str) -> bool:
    """True if a cleaned text begins by declining to answer."""
    return bool(_REFUSAL.match(text))


def has_words(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", text) or re.search(r"[\u3040-\u9fff\uac00-\ud7a3]", text))


def language_of(text: str) -> str | None:
    """The language of a text, as far as letters and function words show it; None if they do not.
    Other scripts than Latin go by their Unicode name ("CJK", "CYRILLIC")."""
    letters = [c for c in text[:4000] if c.isalpha()]
    if not letters:
        return None
    script, count = Counter(unicodedata.name(c, "?").split()[0] for c in letters).most_common(1)[0]
    if script != "LATIN":
        # In Japanese and Chinese a character is about a word, and Latin names are long.
        return script
    if count < len(letters) / 2:
        return None
    words = Counter(re.findall(r"[^\W\d_]+", text[:4000].lower()))
    hits = {name: sum(words[w] for w in known) for name, known in _WORDS_OF.items()}
    if hits["English"]:
        return "English"
    best = max(hits, key=hits.__getitem__)
    return best if hits[best] else None


def refuse_other_language(text: str, like: str) -> None:
    """Check that a text is in the language of another one, as far as both show theirs.

    Raises:
        ValueError: if it is not.
    """
    asked, said = language_of(like), language_of(text)
    if asked and said and asked != said:
        raise ValueError(f"not in the language of the prompt ({said}, not {asked})")


def json_object(text: str) -> dict[str, Any]:
    """Find the JSON object in a reply, with any text around it.

    Raises:
        ValueError: if there is none.
    """
    start, end = text.find("{"), text.rfind("}")
    try:
        fields = json.loads(text[start : end + 1]) if 0 <= start < end else None
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise ValueError("the reply has no JSON object")
    return fields


def _unwrapped(text: str) -> str:
    """The only text in a JSON object or string, if that is the whole reply."""
    if not text.lstrip().startswith(("{", '"')):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    values = list(value.values()) if isinstance(value, dict) else [value]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else text


def _whole_lines(text: str) -> list[str]:
    """The lines of a text without bullets. A line is a sentence where the next one begins a new
    one, as for each point of a list."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        listed = bool(_BULLET.match(line)) and len(lines) > 1
        line = _BULLET.sub("", line, count=1) if listed else line
        if (listed or following[:1].isupper()) and (line[-1:].isalnum() or line[-1:] in ")]"):
            line += "."
        found.append(line)
    return found
