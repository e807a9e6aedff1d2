"""Measure a saved video LLM on unseen films, asked in the same way as by the stages."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from drawn_world.language.clauses import Clause
from drawn_world.language.lines import read_line
from drawn_world.plan.plan import HARD_CASE_SHARES, SPLITS, plan_film
from drawn_world.teachers.video_llm import texts
from drawn_world.teachers.video_llm.data import Drawn, Shown, draw_film, draw_scene
from strefer.agents.replies import parse_sentences

_BATCH = 24


@dataclass(frozen=True)
class _Asked:
    """A question with the true reply, or who does what, and the hard cases of its film."""

    kind: str
    frames: np.ndarray
    question: str
    truth: str | Shown
    named: tuple[str, ...]
    hard_cases: tuple[str, ...]


class Chat:
    """A saved folder, asked through the library's plain `generate`, greedily."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self.processor = AutoProcessor.from_pretrained(folder)
        self.processor.tokenizer.padding_side = "left"
        self.model = AutoModelForImageTextToText.from_pretrained(folder).to(device).eval()

    @torch.no_grad()
    def replies(
        self, questions: Sequence[str], frames: Sequence[np.ndarray], max_new_tokens: int
    ) -> list[str]:
        """One reply each; frames uint8 [T, H, W, 3]."""
        messages = [
            [{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": question}]}]
            for question in questions
        ]
        prompts = [
            self.processor.apply_chat_template(m, add_generation_prompt=True, tokenize=False)
            for m in messages
        ]
        videos = [torch.from_numpy(np.ascontiguousarray(f)).permute(0, 3, 1, 2) for f in frames]
        inputs = self.processor(text=prompts, videos=videos, padding=True, return_tensors="pt")
        inputs = inputs.to(self.model.device)
        out = self.model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
        new = out[:, inputs["input_ids"].shape[1] :]
        return self.processor.batch_decode(new, skip_special_tokens=True)


def _questions(film: int, split: str) -> list[_Asked]:
    """All that is asked about one film: its list, and of each scene existence and behaviour."""
    plan = plan_film(SPLITS[split][film])
    rng = np.random.default_rng([film, 5])
    whole = draw_film(plan)
    active = [s for s in whole.request.shown if s.active]
    names = texts.in_list_order([(s.generalized_noun, s.expression) for s in active])
    asked = [
        _Asked(
            "entities",
            whole.frames,
            texts.LIST_QUESTION,
            texts.list_answer(names),
            tuple(names),
            plan.hard_cases,
        )
    ]
    for scene in range(len(plan.scenes)):
        asked += _about_scene(draw_scene(plan, scene), plan.hard_cases, rng)
    return asked


def _about_scene(
    drawn: Drawn, hard_cases: tuple[str, ...], rng: np.random.Generator
) -> list[_Asked]:
    """Every entity of the film, a near miss, and what each that is there does."""
    shown, absent = drawn.request.shown, list(drawn.request.absent)
    there = {s.expression for s in shown}
    if shown:
        near = texts.near_misses(shown[int(rng.integers(len(shown)))].expression)
        absent.append(str(rng.choice([n for n in near if n not in there | set(absent)])))
    truths = [(s.expression, texts.YES) for s in shown] + [(a, texts.NO) for a in absent]
    asked = [
        _Asked(
            "existence",
            drawn.frames,
            texts.existence_question(expression),
            truth,
            (expression,),
            hard_cases,
        )
        for expression, truth in truths
    ]
    for one in shown:
        if one.action is not None:
            asked.append(
                _Asked(
                    "behaviour",
                    drawn.frames,
                    texts.behaviour_question(one.expression),
                    one,
                    (one.expression,),
                    hard_cases,
                )
            )
    return asked


def _read(reply: str) -> Clause | None:
    """What a reply says, as the stage of transcripts would keep it."""
    try:
        return read_line(parse_sentences(reply))
    except ValueError:
        return None


_MAX_NEW_TOKENS = {"entities": 64, "existence": 4, "behaviour": 40}


def measure(
    folder: Path, films: int, split: str = "held_out", first: int = 0, device: str = "cpu"
) -> dict[str, float | int]:
    """Figures on this many films of a split, from the film `first` on.

    Existence counts every entity of the film in every scene, and one near miss a scene. A key
    with a hard case as a suffix counts the films that have it.
    """
    chat = Chat(folder, device)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    asked = [a for film in range(first, first + films) for a in _questions(film, split)]
    for kind, limit in _MAX_NEW_TOKENS.items():
        own = [a for a in asked if a.kind == kind]
        for start in range(0, len(own), _BATCH):
            part = own[start : start + _BATCH]
            said = chat.replies([a.question for a in part], [a.frames for a in part], limit)
            for one, reply in zip(part, said, strict=True):
                _judge(one, reply, counts)
    shares = {key: round(good / all_, 4) for key, (good, all_) in sorted(counts.items()) if all_}
    return {"films": films, **shares}


def _judge(asked: _Asked, reply: str, counts: dict[str, list[int]]) -> None:
    def count(key: str, good: int, of: int) -> None:
        for name in (key, *(f"{key}@{case}" for case in HARD_CASE_SHARES)):
            if "@" not in name or name.partition("@")[2] in asked.hard_cases:
                counts[name][0] += good
                counts[name][1] += of

    if asked.kind == "entities":
        names = texts.listed(reply)
        hit = len(set(names or ()) & set(asked.named))
        count("entities.recall", hit, len(asked.named))
        count("entities.precision", hit, len(names or ()))
        count("entities.exact", reply == asked.truth, 1)
        parsed = names is not None
    elif asked.kind == "existence":
        count("existence.accuracy", reply == asked.truth, 1)
        said_yes = "existence.yes" if asked.truth == texts.YES else "existence.no"
        counts[said_yes][0] += reply == asked.truth
        counts[said_yes][1] += 1
        parsed = reply in (texts.YES, texts.NO)
    else:
        said, shown = _read(reply), asked.truth
        right = said is not None and said.meaning.holds(shown.action, shown.target)
        count("behaviour.accuracy", right, 1)
        counts[f"behaviour.accuracy.{shown.action}"][0] += right
        counts[f"behaviour.accuracy.{shown.action}"][1] += 1
        parsed = said is not None
    counts["replies.parsed"][0] += parsed
    counts["replies.parsed"][1] += 1
