"""A checkpoint of `train_checkpoint` as a model of lmms-eval.

python -m lmms_eval --model strefer --model_args checkpoint=FOLDER --tasks …
"""

import json

from lmms_eval.api.model import lmms
from lmms_eval.api.registry import register_model

from strefer.benchmarks.predict_answers import answer_each
from strefer.benchmarks.questions import Question, human
from strefer.videollm.data.samples import sample_from_json
from strefer.videollm.student import load_student


@register_model("strefer")
class StreferCheckpoint(lmms):
    """Answers about films. In the tasks of integrations/lmms_eval regions and times reach it as its
    own tokens; in other tasks it sees the film and the task's text."""

    is_simple = True

    def __init__(self, checkpoint: str, batch_size: int | str = 16, device: str | None = None, **_):
        """Load the checkpoint.

        Args:
            checkpoint: its folder.
            batch_size: questions at a time.
            device: None takes a GPU if there is one.
        """
        super().__init__()
        size = int(batch_size) if str(batch_size).isdecimal() else 16
        self._student = load_student(checkpoint, batch_size=size, device=device)

    def generate_until(self, requests) -> list[str]:
        """One reply for each request; "" where the film cannot be shown, with a line in the log."""
        questions, stops = [], []
        for number, request in enumerate(requests):
            text, options, doc_to_visual, doc_id, task, split = request.args
            sample = self._sample(text, doc_to_visual, self.task_dict[task][split][doc_id], task)
            length = int(options.get("max_new_tokens", 64))
            questions.append(Question(str(number), sample, None, max_new_tokens=length))
            stops.append(options.get("until") or ())
        answers: dict[str, str | None] = {}
        failures: dict[str, str] = {}
        for length in sorted({question.max_new_tokens for question in questions}):
            together = [q for q in questions if q.max_new_tokens == length]
            answers |= answer_each(self._answer, together, failures)
        for name, reason in failures.items():
            print(f"strefer: no answer about {questions[int(name)].sample['path']}: {reason}")
        return [_until(answers[q.id] or "", stop) for q, stop in zip(questions, stops, strict=True)]

    def _answer(self, questions) -> list[str]:
        samples = [sample_from_json(question.sample) for question in questions]
        return self._student.answer(samples, questions[0].max_new_tokens)

    def _sample(self, text: str, doc_to_visual, doc, task: str) -> dict:
        """A request in the published sample format."""
        if task.startswith("strefer_"):
            return json.loads(doc["text"])["sample"]
        films = doc_to_visual(doc)
        if len(films) != 1 or not isinstance(films[0], str):
            raise ValueError(f"strefer answers about one film a question; {task} shows otherwise")
        return {"conversations": human(text), "path": films[0]}

    def loglikelihood(self, requests):
        raise NotImplementedError("strefer generates; it gives no likelihoods")

    def generate_until_multi_round(self, requests):
        raise NotImplementedError("strefer answers one question at a time")


def _until(text: str, stops) -> str:
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.split(stop)[0] if stop else text
    return text
