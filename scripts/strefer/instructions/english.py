"""English word forms: articles, plurals, verbs, lists, stems."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from strefer.entities.nouns import head_noun, singular

_OF_MANY = re.compile(r"(?:two|three|four|five|six|several|some|many|both)\b", re.I)
_NUMBERED = re.compile(r"[\w-]+ (?:No\. ?|#)?\d+\b", re.I)
_POSSESSIVE = re.compile(r"(?:his|her|their|its)\b", re.I)
# Spelled with a vowel and spoken without one, or the other way round.
_AN = re.compile(r"(?!uni|use|eu|one\b|once\b)[aeiou]|hour|honest|heir", re.I)
_IRREGULAR = {"is": "be", "are": "be", "has": "have", "does": "do", "goes": "go", "dies": "die"}
_IRREGULAR |= {"lies": "lie", "ties": "tie"}


def first_sentence(deed: str) -> str:
    """The action up to its first full stop, because a question asks about one thing."""
    return deed.split(". ", 1)[0]


@lru_cache(maxsize=4096)
def bare(deed: str) -> str | None:
    """The action in the form that follows "does the dog": "runs to the left" → "run to the left".

    None if the first word is not a plain third-person verb; questions about such an action use "is
    it true that".
    """
    head, _, rest = deed.partition(" ")
    rest = f" {rest}" if rest else ""
    if head.endswith("ly"):
        following = bare(rest.strip())
        return None if following is None else f"{head} {following}"
    if head in _IRREGULAR:
        return None if _IRREGULAR[head] == "be" else _IRREGULAR[head] + rest
    if not head.isalpha() or not head.endswith("s") or head.endswith("ss") or len(head) < 3:
        return None
    if head.endswith("ies"):
        return head[:-3] + "y" + rest
    if head.endswith(("shes", "ches", "sses", "xes", "zzes", "oes")):
        return head[:-2] + rest
    return head[:-1] + rest


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def listed(items: list[str] | tuple[str, ...]) -> str:
    """ "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def step_by_step(who: str, again: str, deeds: Sequence[str]) -> str:
    """ "First, the brown dog sits. Then the dog jumps. Finally, …".

    Args:
        who, again: the subject in the first sentence, and in those after it.
    """
    return in_order([f"{who} {deeds[0]}", *(f"{again} {deed}" for deed in deeds[1:])])


def in_order(clauses: Sequence[str]) -> str:
    """ "First, the dog sits. Then the dog jumps. Finally, …"; one clause is a plain sentence."""
    if len(clauses) == 1:
        return sentence(clauses[0])
    starts = ["First,"] + ["Then"] * (len(clauses) - 1)
    if len(clauses) > 2:
        starts[-1] = "Finally,"
    return " ".join(f"{start} {clause}." for start, clause in zip(starts, clauses, strict=True))


def is_plural(expression: str) -> bool:
    """True of "two sheep" and "hands of a cook", and not of "herd of elephants"."""
    head = head_noun(expression)
    return bool(_OF_MANY.match(expression)) or singular(head) != head


def definite(expression: str) -> str:
    """The expression with its definite article, if it takes one: "player No. 10" does not."""
    return expression if _NUMBERED.match(expression) else f"the {expression}"


def repeats(expression: str, deed: str) -> bool:
    """True if a deed says again what the expression says behind its noun: "dog under the table",
    "sleeps under the table"."""
    aside = " ".join(expression.split(head_noun(expression), 1)[1:])
    return bool({*stems(aside)} & {*stems(deed)} - _LINKS)


def with_article(expression: str) -> str:
    """The expression with its indefinite article, if it takes one."""
    if is_plural(expression) or _POSSESSIVE.match(expression) or _NUMBERED.match(expression):
        return expression
    return f"{'an' if _AN.match(expression) else 'a'} {expression}"


_WORDS = re.compile(r"<\w+>|[\w'-]+")
_SMALL = frozenset(
    ("a", "an", "the", "is", "are", "does", "do", "did", "it", "that", "this", "there", "of", "in")
)


_LINKS = frozenset("with on at to from by for and or into under over behind near as".split())


def stem(word: str) -> str:
    """Strip a word's inflection, roughly: enough to tell whether two forms belong to one word."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def consonants(text: str) -> set[str]:
    """The consonants of a text's words without their inflection, one string per word: they stay the
    same for a verb in any tense ("lies", "lying"; "runs", "ran"). Function words are left out."""
    words = (word for word in _WORDS.findall(text.lower()) if word not in _SMALL)
    bare_words = (re.sub(r"(?<=..)(?:ing|ed|es|s)$", "", word) for word in words)
    return {re.sub(r"(.)\1", r"\1", re.sub(r"[aeiouy]", "", word)) for word in bare_words} - {""}


def stems(text: str) -> list[str]:
    """The stems of a text's words, without the small ones."""
    return [stem(word) for word in _WORDS.findall(text.lower()) if word not in _SMALL]


def lacks(text: str, phrase: str) -> str | None:
    """The first word of the phrase that the text lacks."""
    said = set(stems(text))
    return next((word for word in stems(phrase) if word not in said), None)


_PLURAL_VERBS = {
    "does": "do", "is": "are", "has": "have", "was": "were", "looks": "look", "acts": "act",
    "appears": "appear",
}  # fmt: skip


def agreeing(text: str, name: str) -> str:
    """The text with the verbs beside a name put into the plural: "Does the two women" → "Do the two
    women". A region may follow the name."""
    verbs, name = "|".join(_PLURAL_VERBS), re.escape(name)
    region = r"(?: (?:(?:in|at|inside|marked by|shown by) )?<region\d?>)?"

    def plural_verb(match: re.Match[str]) -> str:
        verb = _PLURAL_VERBS[match[2].lower()]
        return match[1] + (verb.capitalize() if match[2][0].isupper() else verb) + match[3]

    text = re.sub(rf"()\b({verbs})( {name}\b)", plural_verb, text, flags=re.I)
    return re.sub(rf"({name}{region} )({verbs})(\b)", plural_verb, text, flags=re.I)


NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PLURALS = {"person": "people", "child": "children", "bus": "buses", "fish": "fish"}


def plural(noun: str) -> str:
    """The noun's plural, for plain English nouns."""
    if noun in _PLURALS:
        return _PLURALS[noun]
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"
