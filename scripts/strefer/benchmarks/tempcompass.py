"""TempCompass: temporal perception in four forms of questions.

A rule decides whatever a rule can, as in the official evaluation; a judge decides the rest, and
every captioning answer (it answers the multiple-choice question from the caption).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.questions import (
    Ask,
    Question,
    Row,
    Scored,
    human,
    mean,
    means_by,
    predicted,
    read_json,
)
from strefer.benchmarks.qvhighlights import find_video
from strefer.prompts import Prompt

HEADLINE = "average"
FORMS = ("multi-choice", "yes_no", "caption_matching", "captioning")
HINTS = {
    "multi-choice": "Please directly give the best option:",
    "yes_no": "Please answer yes or no:",
    "caption_matching": "Please directly give the best option:",
    "captioning": "",
}
# Captions are judged by the multiple-choice question that their information answers.
_OF_CAPTIONS = {
    "action": "What does the {subject} do?",
    "direction": "In which direction does the {subject} move?",
    "speed": "How fast is the {subject}?",
    "order": "In which order does the {subject} do things?",
    "attribute_change": "How does the {subject} change?",
}


def load(annotations: Path, videos: Path, options: Mapping) -> list[Question]:
    """Questions of the official files.

    Args:
        annotations: the folder with `questions_<form>.json` of the four forms.
        videos: the folder with `<video>.mp4`.

    Raises:
        ValueError: if a file is missing or malformed.
    """
    questions = []
    for form in FORMS:
        path = annotations / f"questions_{form}.json"
        for film, by_aspect in read_json(path).items():
            for aspect, entries in by_aspect.items():
                for number, entry in enumerate(entries):
                    if not {"question", "answer"} <= entry.keys():
                        raise ValueError(f"{path}, film {film}: question or answer is missing")
                    if form == "captioning" and aspect not in _OF_CAPTIONS:
                        known = ", ".join(_OF_CAPTIONS)
                        raise ValueError(f"{path}, film {film}: aspect {aspect} is none of {known}")
                    text = f"{entry['question']}\n{HINTS[form]}".strip()
                    sample = {
                        "conversations": human(text),
                        "path": str(find_video(videos, film)),
                        "question": entry["question"],
                    }
                    about = {"form": form, "aspect": aspect}
                    length = 48 if form == "captioning" else 24
                    name = f"{form}/{film}/{aspect}/{number}"
                    questions.append(Question(name, sample, entry["answer"], about, length))
    return questions


def decide(form: str, question: str, answer: str, prediction: str) -> bool | None:
    """Whether the prediction is right, by rule; None if no rule decides.

    Args:
        form: one of `FORMS`; no rule decides `captioning`.
        question: with its options, one a line, after the first line.
    """
    prediction = prediction.strip()
    if form == "yes_no":
        return _decide_yes_no(answer, prediction)
    if form == "multi-choice":
        return _decide_choice(question, answer, prediction)
    if form == "caption_matching":
        return _decide_caption(question, answer, prediction)
    return None


def _decide_yes_no(answer: str, prediction: str) -> bool | None:
    said = prediction.lower()
    for word in ("yes", "no"):
        if said.startswith(word):
            return word == answer
    return None


def _decide_choice(question: str, answer: str, prediction: str) -> bool | None:
    if prediction == answer:
        return True
    for option in _listed(question):
        letter = option[:1]
        # "(A)" is ours: the official evaluation asks its judge about it, needlessly.
        marked = (f"{letter}.", f"{letter})", f"({letter})")
        if prediction == letter or prediction.startswith(marked):
            return letter == answer[:1]
    return None


def _decide_caption(question: str, answer: str, prediction: str) -> bool | None:
    bare = prediction.replace(".", "")
    inner = prediction.split(") ")[1] if ") " in prediction else prediction
    for option in _listed(question):
        name, _, sentence = option.partition(": ")
        index = name.split()[-1]
        whole = prediction in (option, name, index) or bare in (name, index)
        # "(A)" alone is ours, as above.
        if whole or sentence in (prediction, inner) or prediction == f"({index})":
            return option == answer
    return None


def _listed(question: str) -> list[str]:
    """The options, which stand one a line after the question's first line."""
    return question.split("\n")[1:]


def score(
    questions: Sequence[Question],
    predictions: Mapping[str, str],
    ask: Ask | None,
    template: Prompt | None = None,
) -> Scored:
    """Percent right: by form, by aspect, pooled within each form, and the mean of the forms.

    What no rule decides goes to the judge; without one it is wrong. `judged` is the share of
    answers that needed one.
    """
    verdicts: dict[str, tuple[bool, str | None]] = {}
    open_ones = []
    for question in questions:
        said, text = predicted(predictions, question), question.sample["question"]
        verdict = decide(question.about["form"], text, question.gold, said)
        if verdict is None:
            open_ones.append(question)
        verdicts[question.id] = (bool(verdict), None)
    if ask is not None and template is not None and open_ones:
        replies = ask([judge_prompt(template, q, predictions[q.id]) for q in open_ones])
        for question, reply in zip(open_ones, replies, strict=True):
            verdicts[question.id] = (agrees(question, reply), reply)
    rows = [Row(q.id, 100.0 * verdicts[q.id][0], q.about, verdicts[q.id][1]) for q in questions]
    by_form = means_by(rows, "form")
    judged = len(open_ones) / len(questions) if questions else None
    metrics = {HEADLINE: mean(by_form.values())} | by_form | means_by(rows, "aspect")
    return Scored(metrics | {"judged": judged}, rows)


def _options(question: Question) -> list[str]:
    """The lettered options of a question, whatever its form."""
    form, text = question.about["form"], question.sample["question"]
    if form == "yes_no":
        return ["A. yes", "B. no"]
    if form == "multi-choice":
        return _listed(text)
    if form == "captioning":
        options = [str(told[question.about["aspect"]]) for told in _information(text)]
    else:
        options = [line.partition(": ")[2] for line in _listed(text)]
    return [f"{chr(65 + i)}. {option}" for i, option in enumerate(options)]


def _information(text: str) -> list[dict[str, Any]]:
    """What a captioning question offers: lines such as
    `Information A: {'subject': 'man', 'speed': 'slow'}`."""
    lines = [line for line in _listed(text) if line.startswith("Information")]
    return [ast.literal_eval(line.partition(": ")[2]) for line in lines]


def judge_prompt(template: Prompt, question: Question, prediction: str) -> str:
    """What the judge is asked about an answer that no rule decides."""
    first = question.sample["question"].split("\n")[0]
    if question.about["form"] == "captioning":
        subject = _information(question.sample["question"])[0]["subject"]
        first = _OF_CAPTIONS[question.about["aspect"]].format(subject=subject)
    return template.render(
        question=first, options="\n".join(_options(question)), prediction=prediction
    )


def agrees(question: Question, reply: str) -> bool:
    """Whether the option that the judge names is the right one; none named is wrong."""
    found = re.match(r"\W*([A-Z])\b", reply)
    if not found:
        return False
    position = ord(found.group(1)) - ord("A")
    if question.about["form"] == "yes_no":
        return ("yes", "no")[position : position + 1] == (question.gold,)
    if question.about["form"] == "caption_matching":
        return _listed(question.sample["question"])[position : position + 1] == [question.gold]
    return found.group(1) == question.gold[:1]
