"""TempCompass: temporal perception in four forms of questions.

A rule decides whatever a rule can, as in the official evaluation; a judge decides the rest, and
every captioning answer (it answers the multiple-choice question from the caption).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

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
_HINTS = {
    "multi-choice": "Please directly give the best option:",
    "yes_no": "Please answer yes or no:",
    "caption_matching": "Please directly give the best option:",
    "captioning": "",
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
                    if set(entry) < {"question", "answer"}:
                        raise ValueError(f"{path}, film {film}: question or answer is missing")
                    text = f"{entry['question']}\n{_HINTS[form]}".strip()
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
    if form == "yes_no":
        return _decide_yes_no(answer, prediction)
    if form == "multi-choice":
        return _decide_choice(question, answer, prediction)
    if form == "caption_matching":
        return _decide_caption(question, answer, prediction)
    return None


def _decide_yes_no(answer: str, prediction: str) -> bool | None:
    said = prediction.strip().lower()
    for word in ("yes", "no"):
        if said.startswith(word):
            return word == answer
    return None


def _decide_choice(question: str, answer: str, prediction: str) -> bool | None:
    said = prediction.strip()
    for option in question.split("\n")[1:]:
        letter = option[:1]
        if said in (option, letter) or said.startswith((f"{letter}.", f"{letter})")):
            return letter == answer[:1]
    return None


def _decide_caption(question: str, answer: str, prediction: str) -> bool | None:
    said = prediction.strip().rstrip(".")
    for option in question.split("\n")[1:]:
        name, _, sentence = option.partition(": ")
        forms = {option, sentence, name, name.split()[-1]}
        if said in {form.strip().rstrip(".") for form in forms}:
            return option == answer
    return None


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
        replies = ask([_judge_prompt(template, q, predictions[q.id]) for q in open_ones])
        for question, reply in zip(open_ones, replies, strict=True):
            verdicts[question.id] = (_agrees(question, reply), reply)
    rows = [Row(q.id, 100.0 * verdicts[q.id][0], q.about, verdicts[q.id][1]) for q in questions]
    by_form = means_by(rows, "form")
    judged = len(open_ones) / len(questions) if questions else None
    metrics = {HEADLINE: mean(by_form.values())} | by_form | means_by(rows, "aspect")
    return Scored(metrics | {"judged": judged}, rows)


def _options(question: Question) -> list[str]:
    """The lettered options of a question, whatever its form."""
    lines = question.sample["question"].split("\n")[1:]
    if question.about["form"] == "yes_no":
        return ["A. yes", "B. no"]
    if question.about["form"] == "captioning":
        pieces = [
            re.findall(r"'([^']*)'", line) for line in lines if line.startswith("Information")
        ]
        return [f"{chr(65 + i)}. {' '.join(p[1::2])}" for i, p in enumerate(pieces)]
    sentences = [line.partition(": ")[2] or line[3:] for line in lines]
    return [f"{chr(65 + i)}. {sentence}" for i, sentence in enumerate(sentences)]


def _judge_prompt(template: Prompt, question: Question, prediction: str) -> str:
    first = question.sample["question"].split("\n")[0]
    if question.about["form"] == "captioning":
        first = "Which of these does the caption say?"
    return template.render(
        question=first, options="\n".join(_options(question)), prediction=prediction
    )


def _agrees(question: Question, reply: str) -> bool:
    found = re.match(r"\W*([A-Z])\b", reply.strip())
    if not found:
        return False
    position, gold = ord(found.group(1)) - 65, question.gold
    if question.about["form"] == "yes_no":
        return gold == {0: "yes", 1: "no"}.get(position)
    if question.about["form"] == "caption_matching":
        options = question.sample["question"].split("\n")[1:]
        return position < len(options) and options[position] == gold
    return found.group(1) == gold[:1]
