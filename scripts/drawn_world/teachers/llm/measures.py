"""Measure how often the text teacher is right, by plain generation on unseen texts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from drawn_world.teachers.llm.samples import Sample
from strefer.agents.replies import parse_entities

MAX_NEW_TOKENS = {
    "parser": 192,
    "question": 128,
    "statement": 64,
    "relation": 24,
    "judge_description": 160,
    "judge_choice": 4,
}
BATCH = 32


def reply_all(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    max_new_tokens: int,
) -> list[str]:
    """Greedy replies, in the order of the prompts."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    replies = [""] * len(prompts)
    tokenizer.padding_side = "left"
    for begin in range(0, len(order), BATCH):
        batch = order[begin : begin + BATCH]
        chats = [[{"role": "user", "content": prompts[i]}] for i in batch]
        inputs = tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, padding=True, return_dict=True, return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            ids = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
        texts = tokenizer.batch_decode(
            ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )
        for i, text in zip(batch, texts, strict=True):
            replies[i] = text
    return replies


def evaluate(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    samples: dict[str, list[Sample]],
) -> dict[str, float]:
    """Figures by name, each a share of the replies."""
    model.eval()
    figures = {}
    for name, role_samples in samples.items():
        role, prompts = role_samples[0].role, [s.prompt for s in role_samples]
        replies = reply_all(model, tokenizer, prompts, MAX_NEW_TOKENS[role])
        pairs = list(zip(role_samples, replies, strict=True))
        for figure, right in _FIGURES[role].items():
            figures[f"{name}: {figure}"] = sum(right(s, r) for s, r in pairs) / len(pairs)
    return figures


def _exact(sample: Sample, reply: str) -> float:
    return float(reply == sample.reply)


def _same_list(sample: Sample, reply: str) -> float:
    """As the stage reads it: one that is named twice counts once."""
    try:
        return float(parse_entities(reply) == parse_entities(sample.reply))
    except ValueError:
        return 0.0


def _is_json(sample: Sample, reply: str) -> float:
    try:
        return float(type(json.loads(reply)) is type(json.loads(sample.reply)))
    except ValueError:
        return 0.0


def _right_answer(sample: Sample, reply: str) -> float:
    """The answer is the right one; the question may be worded in any of the known ways."""
    if not _is_json(sample, reply):
        return 0.0
    return float(json.loads(reply).get("answer") == json.loads(sample.reply)["answer"])


def _faithful_words(sample: Sample, reply: str) -> float:
    """Every name that the question should hold is there: regions, times, and the words of the
    right question's deeds and expressions that the prompt shows."""
    if not _is_json(sample, reply):
        return 0.0
    question, wanted = json.loads(reply).get("question", ""), json.loads(sample.reply)["question"]
    asked = re.search(r"^Ask (.*)\.$", sample.prompt, re.M)
    words = set(re.findall(r"<\w+>|\w+", asked[1] if asked else "")) & set(
        re.findall(r"<\w+>|\w+", wanted)
    )
    return float(words <= set(re.findall(r"<\w+>|\w+", question)) | _INFLECTED)


_INFLECTED = {"does", "do", "is", "the", "what", "who", "or", "in", "and", "which"}


def _scores(text: str) -> list[int]:
    return [int(score) for score in re.findall(r"^\d\. [A-Z][A-Za-z ]+: (\d)$", text, re.M)]


def _within_one(sample: Sample, reply: str) -> float:
    found, wanted = _scores(reply), _scores(sample.reply)
    if len(found) != len(wanted):
        return 0.0
    return sum(abs(a - b) <= 1 for a, b in zip(found, wanted, strict=True)) / len(wanted)


def _same_scores(sample: Sample, reply: str) -> float:
    found, wanted = _scores(reply), _scores(sample.reply)
    if len(found) != len(wanted):
        return 0.0
    return sum(a == b for a, b in zip(found, wanted, strict=True)) / len(wanted)


_FIGURES = {
    "parser": {"exact lists": _same_list, "parsed": _is_json},
    "question": {
        "parsed": _is_json,
        "right answer": _right_answer,
        "question keeps the asked words": _faithful_words,
    },
    "statement": {"read as meant": _exact},
    "relation": {"read as meant": _exact},
    "judge_description": {"same score": _same_scores, "within one point": _within_one},
    "judge_choice": {"right option": _exact},
}
