"""The benchmarks by name, with the paper's figures and where their files are to be had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from strefer.benchmarks import (
    qvhighlights,
    qvhighlights_balanced,
    tempcompass,
    videomme,
    videorefer_d,
    videorefer_q,
)
from strefer.benchmarks.questions import Question


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    Attributes:
        title: its name in print.
        module: its loader and scorer.
        judge_prompt: the role of the prompt that its judge is asked with, or None.
        paper_base, paper_strefer: the paper's figures of the headline metric; None: it has none.
        source: where its files come from, for who lacks them.
        mean_of: the headline metric is the mean of the means by this key; None: of all rows.
    """

    title: str
    module: ModuleType
    judge_prompt: str | None
    paper_base: float | None
    paper_strefer: float | None
    source: str
    mean_of: str | None = None


BENCHMARKS: dict[str, Benchmark] = {
    "videorefer_d": Benchmark(
        "VideoRefer-Bench-D", videorefer_d, "judge_description", 3.28, 3.39,
        "the data set DAMO-NLP-SG/VideoRefer-Bench",
    ),
    "videorefer_q": Benchmark(
        "VideoRefer-Bench-Q", videorefer_q, None, 0.665, 0.688,
        "the data set DAMO-NLP-SG/VideoRefer-Bench",
    ),
    "qvhighlights": Benchmark(
        "QVHighlights, yes/no", qvhighlights, None, 0.5288, 0.6031,
        "the repository jayleicn/moment_detr",
    ),
    "qvhighlights_balanced": Benchmark(
        "QVHighlights, yes/no, balanced windows", qvhighlights_balanced, None, None, None,
        "the repository jayleicn/moment_detr",
    ),
    "tempcompass": Benchmark(
        "TempCompass", tempcompass, "judge_choice", 60.100, 61.675,
        "the repository llyx97/TempCompass", mean_of="form",
    ),
    "videomme": Benchmark(
        "Video-MME", videomme, None, 37.45, 37.70, "the data set lmms-lab/Video-MME"
    ),
}  # fmt: skip


def load_questions(name: str, files: Mapping[str, str | None], seed: int) -> list[Question]:
    """The questions of a benchmark.

    Args:
        files: `annotations` (a file, for TempCompass a folder), `videos` (a folder), for Video-MME
            `subtitles`, and for VideoRefer-Bench `masks` ("all", or "one" for its single-frame
            mode).
        seed: of what is picked (QVHighlights' windows).

    Raises:
        ValueError: if the files are missing or malformed; says where to get them.
    """
    benchmark = BENCHMARKS[name]
    annotations = Path(str(files["annotations"]))
    if not annotations.exists():
        raise ValueError(
            f"benchmarks.{name}.annotations: there is no {annotations}; get it from "
            f"{benchmark.source}, or leave the benchmark out"
        )
    options = {"seed": seed, "subtitles": files.get("subtitles")}
    options["single_frame"] = files.get("masks") == "one"
    videos = Path(files.get("videos") or ".")
    questions = benchmark.module.load(annotations, videos, options)
    if not questions:
        raise ValueError(f"benchmarks.{name}.annotations: {annotations} has no questions")
    ids = Counter(question.id for question in questions)
    if twice := [question_id for question_id, count in ids.items() if count > 1]:
        raise ValueError(f"{annotations}: {len(twice)} ids are duplicates, such as {twice[0]!r}")
    return questions
