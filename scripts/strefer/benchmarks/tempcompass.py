"""TempCompass: temporal perception in four forms of questions.

As in the official evaluation, rules decide what they can. A judge decides the rest and all
captioning answers, by answering a multiple-choice question from the caption.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.files import (
    LIST,
    OBJECT,
    TEXT,
    entries_of,
    field,
    find_film,
    log,
    read_json,
)
from strefer.benchmarks.questions import (
    Ask,
    Predictions,
    Question,
    Row,
    Scored,
    human,
    mean,
    means_by,
    predicted,
    share_answered,
)
from strefer.benchmarks.readings import plain, read_letter, read_yes_no
from strefer.benchmarks.tempcompass_rules import decide, listed, read_caption
from strefer.prompts import Prompt

HEADLINE = "average"
FORMS = ("multi-choice", "yes_no", "caption_matching", "captioning")
HINTS = {
    "multi-choice": "Please directly give the best option:",
    "yes_no": "Please answer yes or no:",
    "caption_matching": "Please directly give the best option:",
    "captioning": "",
}
_NAMES = ("questions/{form}.json", "{form}.json", "questions_{form}.json")


def load(annotations: Path, videos: Path, options: Mapping[str, Any]) -> list[Question]:
    """Questions of the official files, of those forms that are there.

    Args:
        annotations: the repository, its folder `questions`, or a folder with
            `questions_<form>.json`.
        videos: the folder with `<video>.mp4`.

    Raises:
        ValueError: if no file is there, or one is malformed.
    """
    paths = {form: path for form in FORMS if (path := _file_of(annotations, form))}
    if not paths:
        raise ValueError(
            f"{annotations}: has neither questions/multi-choice.json nor another of "
            f"TempCompass' four forms ({', '.join(FORMS)})"
        )
    for form in FORMS:
        if form not in paths:
            log.warning("%s: the form %s is missing; leaving its questions out", annotations, form)
    forms = {form: _facts(read_json(path), path) for form, path in paths.items()}
    films: dict[str, str] = {}
    questions = []
    for form, facts in forms.items():
        for (film, aspect), entries in facts.items():
            path = films.setdefault(film, str(find_film(videos, film)))
            for number, (where, entry) in enumerate(entries):
                question = field(entry, "question", TEXT, where)
                sample = {
                    "conversations": human(f"{question}\n{HINTS[form]}".strip()),
                    "path": path,
                    "question": question,
                }
                gold = field(entry, "answer", TEXT, where)
                if form == "captioning":
                    judged = _judged_question(entry, forms.get("multi-choice"), film, aspect, where)
                    sample["judged_question"], gold = judged
                about = {"form": form, "aspect": aspect}
                length = 48 if form == "captioning" else 24
                name = f"{form}/{film}/{aspect}/{number}"
                questions.append(Question(name, sample, gold, about, length))
    return questions


_Facts = dict[tuple[str, str], list[tuple[str, dict[str, Any]]]]


def _file_of(folder: Path, form: str) -> Path | None:
    paths = (folder / name.format(form=form) for name in _NAMES)
    return next((path for path in paths if path.is_file()), None)


def _facts(content: Any, path: Path) -> _Facts:
    """A file's entries by film and aspect."""
    if not isinstance(content, dict):
        raise ValueError(f"{path}: must contain an object of films")
    facts: _Facts = {}
    for film in content:
        aspects = field(content, film, OBJECT, f"{path}, film {film}")
        for aspect in aspects:
            where = f"{path}, film {film}"
            entries = field(aspects, aspect, LIST, where)
            facts[film, aspect] = list(entries_of(entries, f"{where}, {aspect}"))
    return facts


def _judged_question(
    entry: Mapping[str, Any], choices: _Facts | None, film: str, aspect: str, where: str
) -> tuple[str, str]:
    """The question that a judge answers from the caption, with its options, and the right option:
    the entry's own `mc_question` and `mc_answer`, or the film's first multiple-choice question
    about the aspect, as in the official evaluation."""
    if "mc_question" not in entry:
        if not choices or not choices.get((film, aspect)):
            raise ValueError(
                f"{where}: captions are judged by the film's multiple-choice question about "
                f"{aspect}, and multi-choice.json has none"
            )
        where, choice = choices[film, aspect][0]
        return field(choice, "question", TEXT, where), field(choice, "answer", TEXT, where)
    return field(entry, "mc_question", TEXT, where), field(entry, "mc_answer", TEXT, where)


def read(question: Question, prediction: str | None) -> bool | None:
    """True if the prediction is right as a careful reader takes it; None if it cannot be read."""
    form, text = question.about["form"], question.sample["question"]
    if form == "yes_no":
        said = read_yes_no(prediction)
        return None if said is None else said == question.gold
    if form == "multi-choice":
        letter = read_letter(prediction, listed(text))
        return None if letter is None else letter == question.gold[:1]
    if form == "captioning" or prediction is None:
        return None
    verdict = decide(form, text, question.gold, prediction)
    return read_caption(text, question.gold, plain(prediction)) if verdict is None else verdict


def score(
    questions: Sequence[Question],
    predictions: Predictions,
    ask: Ask | None,
    template: Prompt | None = None,
) -> Scored:
    """Percent right: by form, by aspect, pooled within each form, and the mean of the forms.

    What no rule decides goes to the judge; without one it is wrong. `judged` is the share of
    answers that needed one, `pooled` the leaderboard's mean over all answers, and `strict` the mean
    of the forms with answers parsed carefully: what can neither be parsed nor was judged is wrong.
        A form without predictions is left out, with a message.
    """
    questions = _answered_forms(questions, predictions)
    verdicts = {q.id: _by_rule(q, predicted(predictions, q)) for q in questions}
    waiting = [q for q in questions if verdicts[q.id] is None]
    replies: dict[str, str] = {}
    if ask is not None and template is not None and waiting:
        prompts = [judge_prompt(template, q, predictions[q.id] or "") for q in waiting]
        replies = dict(zip([q.id for q in waiting], ask(prompts), strict=True))
        verdicts |= {q.id: agrees(q, replies[q.id]) for q in waiting}
    rows = []
    for question in questions:
        strict = read(question, predictions[question.id])
        if strict is None and question.id in replies:
            strict = verdicts[question.id]
        points, reply = 100.0 * bool(verdicts[question.id]), replies.get(question.id)
        rows.append(Row(question.id, points, question.about, reply, 100.0 * bool(strict)))
    by_form = means_by(rows, "form")
    judged = len(waiting) / len(questions) if questions else None
    metrics = {HEADLINE: mean(by_form.values())} | by_form | means_by(rows, "aspect")
    metrics |= {"judged": judged, "pooled": mean(row.points for row in rows)}
    metrics["strict"] = mean(
        mean(row.strict for row in rows if row.about["form"] == form) for form in FORMS
    )
    metrics["answered"] = share_answered(questions, predictions)
    return Scored(metrics, rows)


def _by_rule(question: Question, said: str | None) -> bool | None:
    return decide(question.about["form"], question.sample["question"], question.gold, said)


def _answered_forms(questions: Sequence[Question], predictions: Predictions) -> list[Question]:
    forms = {q.about["form"] for q in questions}
    there = {q.about["form"] for q in questions if q.id in predictions} or forms
    for form in sorted(forms - there):
        log.warning("predictions: no line about the form %s; leaving it out", form)
    return [q for q in questions if q.about["form"] in there]


def judge_prompt(template: Prompt, question: Question, prediction: str) -> str:
    """The judge's prompt about an answer that rules cannot decide."""
    first, options = _judged(question)
    return template.render(question=first, options="\n".join(options), prediction=prediction)


def _judged(question: Question) -> tuple[str, list[str]]:
    """The question that a judge decides, and its lettered options."""
    form, text = question.about["form"], question.sample["question"]
    text = question.sample.get("judged_question", text)
    first = text.split("\n")[0]
    if form == "yes_no":
        return first, ["A. yes", "B. no"]
    options = listed(text)
    if form == "caption_matching":
        sentences = [line.partition(": ")[2] for line in options]
        options = [f"{chr(65 + i)}. {sentence}" for i, sentence in enumerate(sentences)]
    return first, options


def agrees(question: Question, reply: str) -> bool:
    """True if the option that the judge names is the right one; none named is wrong."""
    _, options = _judged(question)
    letter = read_letter(reply, options)
    if letter is None:
        return False
    if question.about["form"] == "yes_no":
        return question.gold == ("yes", "no")[ord(letter) - ord("A")]
    if question.about["form"] == "caption_matching":
        captions = listed(question.sample["question"])
        return captions[ord(letter) - ord("A")] == question.gold
    return letter == question.gold[:1]
