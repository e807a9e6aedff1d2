"""Parsers of model replies.

A reply is text from a stranger: it is bounded before it is looked at, parsed into what the stage
asked for, or refused with a `ValueError` that says what is wrong with it. What passes holds no
control characters and none of the characters that prompts and chat templates are marked up with,
so that it can be put into the next prompt.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from strefer.records import Entity

MAX_REPLY_CHARS = 20_000
MAX_EXPRESSION_CHARS = 200
MAX_NOUN_CHARS = 60
MAX_BEHAVIOUR_CHARS = 800
MAX_LISTED = 200

_YES_NO = re.compile(r"(yes|no)(?:[.,;:!](.*))?", re.IGNORECASE | re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+")
_ENDED = re.compile(r"[.!?][\"')\]]*")
_MARKUP = re.compile(r"[<>{}\[\]|`\\]")
_ARTICLE = re.compile(r"\A(?:a|an|the)\s+", re.IGNORECASE)
_REFUSALS = ("i'm sorry", "i am sorry", "sorry,", "i cannot", "i can't", "as an ai", "unable to")
_LIST_START = re.compile(r"\[")

# Category nouns of humans that models give although the prompt asks for "person".
# fmt: off
_HUMANS = {
    "adult", "adults", "athlete", "athletes", "babies", "baby", "boy", "boys", "bride", "chef",
    "child", "children", "coach", "cook", "cyclist", "dancer", "driver", "firefighter",
    "fireman", "gentleman", "girl", "girls", "groom", "guy", "guys", "human", "humans",
    "infant", "kid", "kids", "ladies", "lady", "man", "men", "musician", "officer",
    "pedestrian", "people", "person", "persons", "player", "players", "policeman", "rider",
    "runner", "singer", "skier", "soldier", "student", "surfer", "swimmer", "teacher",
    "teenager", "toddler", "woman", "women", "worker", "workers",
}
# fmt: on


def shorten(reply: str, limit: int = 160) -> str:
    """A reply as a failure's reason shows it: on one line, quoted, and cut."""
    line = " ".join(reply[: 4 * limit].split())
    return repr(line if len(line) <= limit else line[:limit] + "…")


def parse_yes_no(reply: str) -> bool:
    """Read a reply that must begin with "yes" or "no", alone or with an explanation behind it.

    Raises:
        ValueError: if it begins otherwise or says both.
    """
    text = _plain(reply).strip("*\"' ")
    match = _YES_NO.fullmatch(text)
    if not match:
        raise ValueError('neither "yes" nor "no"')
    answer, rest = match[1].lower(), match[2] or ""
    opposite = "no" if answer == "yes" else "yes"
    if re.search(rf"\b{opposite}\b", rest, re.IGNORECASE):
        raise ValueError('both "yes" and "no"')
    return answer == "yes"


def parse_sentences(reply: str, limit: int = 2) -> str:
    """Read a reply of one to `limit` whole sentences; white space is normalised.

    Raises:
        ValueError: if it is empty, too long, cut off, a refusal, or holds mark-up.
    """
    text = _plain(reply)
    if not re.search(r"[^\W\d_]{2}", text):
        raise ValueError("no words")
    if len(text) > MAX_BEHAVIOUR_CHARS:
        raise ValueError(f"longer than {MAX_BEHAVIOUR_CHARS} characters")
    if _MARKUP.search(text):
        raise ValueError("mark-up in a sentence")
    if text.lower().startswith(_REFUSALS):
        raise ValueError("a refusal")
    sentences = _SENTENCE_END.split(text)
    if len(sentences) > limit:
        raise ValueError(f"{len(sentences)} sentences, at most {limit} were asked for")
    if not _ENDED.fullmatch(text[len(text.rstrip(".!?\"')]")) :]):
        raise ValueError("the last sentence is cut off")
    return text


def parse_entity_text(reply: str) -> str:
    """Read the entity recognizer's text: free text that names entities.

    Raises:
        ValueError: if it is empty, too long or a refusal.
    """
    text = _plain(reply)
    if not re.search(r"[^\W\d_]{2}", text):
        raise ValueError("no words")
    if text.lower().startswith(_REFUSALS):
        raise ValueError("a refusal")
    return " ".join(_MARKUP.sub(" ", text).split())


def parse_entities(reply: str) -> tuple[Entity, ...]:
    """Read the referring parser's JSON list.

    Articles before an expression are dropped, nouns are lower case, categories of humans become
    `person`, and an expression that was there before (whatever its case) is left out.

    Raises:
        ValueError: if there is no JSON list, or an entry is not an object with the texts
            "expression", "noun" and "generalized_noun".
    """
    entries = _json_list(reply)
    if len(entries) > MAX_LISTED:
        raise ValueError(f"a list of {len(entries)} entries")
    entities: dict[str, Entity] = {}
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise ValueError(f"entry {number} is not an object")
        expression = _ARTICLE.sub("", _field(entry, "expression", number, MAX_EXPRESSION_CHARS))
        noun = _field(entry, "noun", number, MAX_NOUN_CHARS).lower()
        general = _field(entry, "generalized_noun", number, MAX_NOUN_CHARS).lower()
        general = "person" if general in _HUMANS else general
        entities.setdefault(expression.lower(), Entity(expression, noun, general))
    return tuple(entities.values())


def _field(entry: dict[str, Any], name: str, number: int, limit: int) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        raise ValueError(f'entry {number} has no text "{name}"')
    text = _plain(value).strip(" .,;")
    if not re.search(r"[^\W\d_]", text):
        raise ValueError(f'entry {number}: "{name}" has no letter')
    if len(text) > limit:
        raise ValueError(f'entry {number}: "{name}" is longer than {limit} characters')
    if _MARKUP.search(text):
        raise ValueError(f'entry {number}: mark-up in "{name}"')
    return text


def _json_list(reply: str) -> list[Any]:
    """The first JSON list in the reply; models like to put words or a code fence around it."""
    if len(reply) > MAX_REPLY_CHARS:
        raise ValueError(f"longer than {MAX_REPLY_CHARS} characters")
    decoder = json.JSONDecoder()
    for match in list(_LIST_START.finditer(reply))[:20]:
        try:
            value, _ = decoder.raw_decode(reply, match.start())
        except (ValueError, RecursionError):
            continue
        return value
    raise ValueError("no JSON list")


def _plain(text: str) -> str:
    """On one line, without control and format characters; bounded."""
    if len(text) > MAX_REPLY_CHARS:
        raise ValueError(f"longer than {MAX_REPLY_CHARS} characters")
    spaced = " ".join(text.split())
    return "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
