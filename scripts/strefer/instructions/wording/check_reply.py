"""Checks by words that a written pair is the one that its task asked for, where nobody proof-reads
it. What says the same in other words does not pass.

Words are compared up to inflection ("walks", "walking").
"""

from __future__ import annotations

import re

from strefer.instructions.english import lacks, stems
from strefer.instructions.proposals.tasks import Task
from strefer.instructions.wording.word_tasks import REFUSAL, Reply

_NEGATION = re.compile(r"\b(?:not|never|no|none|nobody)\b|n't\b", re.I)
ADDED_WORDS = 2  # a writer may join clauses; more than this is invented
_SIDES = {"order": " before ", "left": " left of ", "longer": " than "}
_CONNECTIVES = {
    "after": ("after", "next", "then", "once", "follow"),
    "before": ("before", "prior", "previous", "earlier"),
    "after_window": ("after", "next", "then", "follow"),
    "before_window": ("before", "prior", "previous", "up to", "earlier"),
    "while": ("while", "as ", "when", "during", "same time"),
}


def written_fault(task: Task, reply: Reply) -> str | None:
    """Say why the reply is not the requested pair, or return None."""
    return _question_fault(task, reply.question) or _answer_fault(task, reply.answer)


def _question_fault(task: Task, question: str) -> str | None:
    slots = task.slots
    for name in ("who", "other", "deed", "other_deed"):
        missing = lacks(question, slots[name]) if slots.get(name) else None
        if missing:
            return f"the question does not say {missing!r} ({slots[name]!r})"
    if task.focus.endswith("_window"):
        edge = "<end_time>" if task.focus == "after_window" else "<start_time>"
        if edge not in question:
            return f"the question does not name {edge}"
    if task.form == "yes_no":
        negated = set(_NEGATION.findall(question)) - set(_NEGATION.findall(task.ask))
        if negated:
            return "the question is negated"
    return _link_fault(task, question)


def _link_fault(task: Task, question: str) -> str | None:
    """True if the two sides of "before", "left of" and "longer than" are where they should be."""
    slots, lower = task.slots, question.lower()
    if task.focus in _CONNECTIVES and not any(w in lower for w in _CONNECTIVES[task.focus]):
        return f"the question says nothing like {_CONNECTIVES[task.focus][0]!r}"
    if task.form != "yes_no" or task.focus not in _SIDES:
        return None
    first, link, second = question.partition(_SIDES[task.focus])
    if not link:
        return f"the question does not say {_SIDES[task.focus].strip()!r}"
    missing = lacks(first, f"{slots['who']} {slots.get('deed', '')}")
    missing = missing or lacks(second, slots.get("other_deed") or slots["other"])
    return f"{missing!r} stands on the wrong side of the question" if missing else None


def _answer_fault(task: Task, answer: str) -> str | None:
    cited = [task.facts[number - 1].text for number in task.cited]
    if task.form == "choice":
        return None if answer.rstrip(".").strip() == task.answer else "not the option asked for"
    if task.form == "yes_no":
        word = answer.split()[0].strip(",.;:").lower()
        if word != ("yes" if task.truth else "no"):
            return "the answer is not the one asked for"
        if len(answer.split()) == 1:
            return None
    if task.premise != answer.startswith(REFUSAL):
        return f"the answer {'refuses no' if task.premise else 'refuses a'} false premise"
    for text in cited:
        missing = lacks(answer, text)
        if missing:
            return f"the answer does not say {missing!r} ({text!r})"
    known = set(stems(" ".join(fact.text + " " + fact.when for fact in task.facts) + task.ask))
    known |= {"yes", "no", "not", "and", "then", "so", "that", "but", "while"}
    added = [word for word in stems(answer) if word not in known]
    return f"the answer adds {added[0]!r}" if len(added) > ADDED_WORDS else None
