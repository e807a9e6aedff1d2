"""Files of questions that any model can answer: a line a question, with all that it needs.

    {"id": "5-1", "film": "videos/a.mp4", "text": "Is it true that … between 4.0 s and 8.0 s: …?",
     "start_s": 4.0, "end_s": 8.0, "max_new_tokens": 8}
    {"id": "7", "film": "DAVIS/…/dog", "text": "What is <region> wearing?\\n(A) …",
     "max_new_tokens": 8, "regions": [{"0": {"segmentation": {"size": [h, w], "counts": "…"}}, …}]}

`regions` has one object for each `<region>` in the text, in order, with its masks (COCO) by frame
number. The file has the right answers only on request.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.questions import Question
from strefer.files import atomic_write, dumps
from strefer.times import seconds_of


def write_questions(
    benchmark: str, questions: Sequence[Question], output: Path, answers: bool = False
) -> None:
    """Write a line for each question.

    Args:
        answers: with `benchmark`, `sample` in the published format, `gold` and `about`, from which
            the tasks of integrations/lmms_eval ask and score.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(output) as file:
        for question in questions:
            line = asked(question)
            if answers:
                line |= {"benchmark": benchmark, "sample": question.sample}
                line |= {"gold": question.gold, "about": question.about}
            file.write(dumps(line) + "\n")


def asked(question: Question) -> dict[str, Any]:
    """Everything that a model needs to know about a question."""
    sample = question.sample
    line = {"id": question.id, "film": sample["path"], "text": text_of(sample)}
    if "annotation" in sample:
        line["regions"] = sample["annotation"]
    for name, key in (("start_s", "start_time"), ("end_s", "end_time")):
        if sample.get(key) is not None:
            line[name] = seconds_of(str(sample[key]))
    return line | {"max_new_tokens": question.max_new_tokens}


def text_of(sample: Any) -> str:
    """A question's text, without the mark of the film and with times in seconds."""
    text = "\n".join(turn["value"] for turn in sample["conversations"])
    text = text.replace("<image>\n", "").replace("<image>", "")
    for mark, key in (("<start_time>", "start_time"), ("<end_time>", "end_time")):
        if mark in text and sample.get(key) is not None:
            text = text.replace(mark, f"{seconds_of(str(sample[key])):.1f} s")
    return text
