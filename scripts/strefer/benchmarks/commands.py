"""The commands for benchmarks alone: questions, predict and score."""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from strefer.benchmarks.registry import BENCHMARKS, load_questions

ROOT = Path(__file__).resolve().parents[3]
_AGENT = "adapter=openai,model=NAME,url=http://HOST/v1, or a YAML file with the agent"


def add_commands(commands: Any) -> None:
    """Add the three commands to a parser's subcommands."""
    questions = commands.add_parser("questions", help="write a benchmark's questions to a file")
    _add_files(questions, films="the folder of its films, which the questions name")
    questions.add_argument("--output", type=Path, required=True, help="JSON Lines file to write")
    questions.add_argument("--answers", action="store_true", help="include the right answers")
    questions.set_defaults(command=_questions)

    predict = commands.add_parser("predict", help="ask a model a benchmark's questions")
    _add_files(predict, films="the folder of its films")
    predict.add_argument(
        "--output", type=Path, required=True, help="JSON Lines file to write: id, prediction"
    )
    model = predict.add_mutually_exclusive_group(required=True)
    model.add_argument("--agent", help=f"a chat model: {_AGENT}")
    model.add_argument(
        "--checkpoint", type=Path, help="the folder of a model trained by the pipeline"
    )
    predict.add_argument("--frames", type=int, default=32, help="frames per film (with --agent)")
    predict.add_argument(
        "--longest-side",
        type=int,
        default=768,
        help="longest side of a frame in pixels (with --agent)",
    )
    predict.set_defaults(command=_predict)

    score = commands.add_parser("score", help="score predictions by a benchmark's rules")
    _add_files(score, films="ignored: scoring opens no film")
    score.add_argument(
        "--predictions", required=True, type=Path, nargs="+",
        help="JSON Lines (id, prediction), or sample logs of lmms-eval",
    )  # fmt: skip
    score.add_argument(
        "--output", type=Path, help="write metrics, rows and the judge's replies here"
    )
    score.add_argument(
        "--judge",
        "--judge-config",
        metavar="AGENT",
        help=f"the LLM that decides what rules cannot: {_AGENT}",
    )
    score.add_argument(
        "--judge-prompt", type=Path, help="a prompt file for the judge, instead of ours"
    )
    score.set_defaults(command=_score)


def _add_files(parser: argparse.ArgumentParser, films: str) -> None:
    parser.add_argument("benchmark", choices=list(BENCHMARKS))
    parser.add_argument("--annotations", required=True, help="its file (TempCompass: its folder)")
    parser.add_argument("--videos", default=".", help=films)
    parser.add_argument("--subtitles", help="Video-MME: a folder of subtitles to show")
    parser.add_argument(
        "--masks", choices=("all", "one"), default="all",
        help="VideoRefer-Bench: show all masks, or one (its single-frame mode)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="of QVHighlights' windows")


def _files_of(given: argparse.Namespace) -> dict[str, str | None]:
    return {name: getattr(given, name) for name in ("annotations", "videos", "subtitles", "masks")}


def _questions(given: argparse.Namespace) -> None:
    from strefer.benchmarks.question_files import write_questions

    questions = load_questions(given.benchmark, _files_of(given), given.seed)
    write_questions(given.benchmark, questions, given.output, given.answers)
    print(f"{len(questions)} questions in {given.output}")


def _predict(given: argparse.Namespace) -> None:
    logging.getLogger("strefer").setLevel(logging.INFO)
    files, output = _files_of(given), given.output
    output.parent.mkdir(parents=True, exist_ok=True)
    if given.checkpoint is not None:
        from strefer.benchmarks.predict_answers import predict_answers

        predict_answers(given.checkpoint, given.benchmark, files, output, given.seed)
    else:
        from strefer.benchmarks.chat_answers import predict_with_chat

        spec = {"frames_as": "images"} | read_agent(given.agent)
        sizes = (given.frames, given.longest_side)
        if min(sizes) < 1:
            raise ValueError("--frames and --longest-side must be at least 1")
        predict_with_chat(spec, given.benchmark, files, output, given.seed, *sizes)
    print(f"predictions in {output}; next: score {given.benchmark} --predictions {output}")


def _score(given: argparse.Namespace) -> None:
    from strefer.benchmarks.score_predictions import score_predictions

    kind = BENCHMARKS[given.benchmark]
    prompt = given.judge_prompt or ROOT / "config" / "prompts" / f"{kind.judge_prompt}.txt"
    prompts = {kind.judge_prompt: str(prompt)} if kind.judge_prompt else {}
    with tempfile.TemporaryDirectory() as folder:
        metrics = score_predictions(
            predictions=given.predictions,
            benchmark=given.benchmark,
            files=_files_of(given),
            output=given.output or Path(folder) / "scores.json",
            seed=given.seed,
            judge=read_agent(given.judge) if given.judge else None,
            prompts=prompts,
        )
    undecided = "not decided: needs a judge" if kind.judge_prompt else "no answer can be parsed"
    for name, value in metrics.items():
        print(f"{name}\t{undecided if value is None else f'{value:.4f}'}")


def read_agent(text: str) -> Mapping[str, Any]:
    """A chat agent from `key=value,…`, or from a YAML file with the agent or with a whole
    configuration, whose judge is used.

    Raises:
        ValueError: if it is neither, or lacks the adapter or the model.
    """
    if "=" in text and not Path(text).is_file():
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        agent = {name.strip(): yaml.safe_load(value) for name, _, value in pairs}
    else:
        try:
            agent = yaml.safe_load(Path(text).read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            raise ValueError(f"agent {text}: neither a YAML file nor {_AGENT}") from None
        if isinstance(agent, dict) and isinstance(agent.get("agents"), dict):
            agent = agent["agents"].get("judge")
    if not isinstance(agent, dict) or not {"adapter", "model"} <= agent.keys():
        raise ValueError(f"agent {text}: `adapter` and `model` are needed: {_AGENT}")
    return agent
