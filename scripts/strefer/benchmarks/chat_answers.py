"""A chat model's answers to a benchmark's questions: any model behind an OpenAI-compatible server,
or one that transformers or vLLM load.

Regions are outlined in colours on the frames and named by their colour; times are said in seconds.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from strefer.agents.chat.interface import ChatRequest
from strefer.agents.chat.load import load_chat
from strefer.benchmarks.predict_answers import answer_each, report_failures
from strefer.benchmarks.prediction_files import lines_of, write_predictions
from strefer.benchmarks.question_files import text_of
from strefer.benchmarks.questions import Question
from strefer.benchmarks.registry import load_questions
from strefer.frames import Shape, measure, read_frames, sample_times
from strefer.videollm.data.shapes import mask_of_shape
from strefer.videollm.qwen_vl.region_drawing import COLOURS, name_regions, outline

log = logging.getLogger("strefer")
_TOGETHER = 16  # questions that are asked, and then kept, at a time
_LONGEST_ANSWER = 64  # tokens; models that like to explain need more than the benchmark's letter


def predict_with_chat(
    spec: Mapping[str, Any],
    benchmark: str,
    files: Mapping[str, str | None],
    output: Path,
    seed: int,
    n_frames: int,
    longest_side_px: int,
) -> None:
    """Ask every question of a benchmark and write the predictions file.

    Questions that the file already answers are not asked again, so that an interrupted run can go
    on.

    Args:
        spec: the chat agent.
        benchmark: its name in the registry.
        files: as `load_questions`.
        n_frames: how many frames of a film are shown, evenly spaced.
        longest_side_px: larger frames are scaled down to it.

    Raises:
        ValueError: if no question can be asked, or the output is about other questions.
        MachineFault: if the server is gone.
    """
    questions = load_questions(benchmark, files, seed)
    answers = _kept(output, questions)
    chat = load_chat(spec)
    film = functools.lru_cache(maxsize=2)(Frames(n_frames, longest_side_px))

    def answer(together: Sequence[Question]) -> list[str | None]:
        requests = [_request(question, film(question.sample["path"])) for question in together]
        return [reply or None for reply in chat.reply(requests)]

    failures: dict[str, str] = {}
    waiting = [question for question in questions if question.id not in answers]
    waiting.sort(key=lambda question: str(question.sample["path"]))
    for start in range(0, len(waiting), _TOGETHER):
        answers |= answer_each(answer, waiting[start : start + _TOGETHER], failures)
        write_predictions(output, {q.id: answers[q.id] for q in questions if q.id in answers})
        log.info("%s: %d of %d questions", benchmark, len(answers), len(questions))
    if waiting:
        report_failures(waiting, failures)


def _kept(output: Path, questions: Sequence[Question]) -> dict[str, str | None]:
    """The answers that the output already has; failed questions are asked again."""
    if not output.exists():
        return {}
    known = {question.id for question in questions}
    kept: dict[str, str | None] = {}
    for where, line in lines_of(output):
        if str(line.get("id")) not in known:
            raise ValueError(f"{where}: not a question of this benchmark; choose another --output")
        if line.get("prediction") is not None:
            kept[str(line["id"])] = str(line["prediction"])
    if kept:
        log.warning("%s: keeping its %d answers and asking the other questions", output, len(kept))
    return kept


Film = tuple[np.ndarray, list[float], Shape]  # frames [T, H, W, 3], their times in s, the shape


class Frames:
    """Reads evenly spaced frames of a film, scaled down to a longest side."""

    def __init__(self, n_frames: int, longest_side_px: int) -> None:
        self.n_frames, self.longest_side_px = n_frames, longest_side_px

    def __call__(self, path: str) -> Film:
        shape = measure(path)
        times_s = sample_times(shape.duration_s, self.n_frames, shape.fps)
        frames = read_frames(path, times_s)
        share = self.longest_side_px / max(frames.shape[1:3])
        if share < 1:
            size = [max(round(side * share), 1) for side in (frames.shape[2], frames.shape[1])]
            frames = np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames])
        return frames, times_s, shape


def shown(question: Question, film: Film) -> tuple[str, np.ndarray, float]:
    """A question's text, its frames with regions outlined, and their rate.

    Raises:
        ValueError: if a region cannot be shown.
    """
    frames, times_s, shape = film
    sample = question.sample
    text, regions = text_of(sample), sample.get("annotation", ())
    if len(regions) > len(COLOURS):
        raise ValueError(f"{len(regions)} regions, {len(COLOURS)} colours")
    if regions:
        masks = [_masks(region, frames.shape[1:3], times_s, shape) for region in regions]
        frames = outline(frames, masks)
        text = name_regions(text, list(COLOURS)[: len(regions)])
    if sample.get("start_time") is not None:
        text = (
            f"The video is {shape.duration_s:.1f} s long, and its {len(frames)} frames are evenly "
            f"spaced.\n{text}"
        )
    rate = (len(frames) - 1) / (times_s[-1] - times_s[0]) if len(frames) > 1 else shape.fps
    return text, frames, rate


def _request(question: Question, film: Film) -> ChatRequest:
    text, frames, rate = shown(question, film)
    most = max(question.max_new_tokens, _LONGEST_ANSWER)
    return ChatRequest(text, frames, rate, max_new_tokens=most)


def _masks(
    region: Mapping[str, Any], size: tuple[int, int], times_s: Sequence[float], shape: Shape
) -> dict[int, np.ndarray]:
    """A region's masks by the index of the frame nearest to theirs, scaled to the frames."""
    masks = {}
    for key in sorted(region, key=int):
        mask = mask_of_shape(dict(region[key]), shape.height_px, shape.width_px)
        if mask is not None:
            index = int(np.argmin([abs(time_s - int(key) / shape.fps) for time_s in times_s]))
            scaled = cv2.resize(mask.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST)
            masks[index] = scaled.astype(bool)
    if not masks:
        raise ValueError("a region has no mask with pixels")
    return masks
