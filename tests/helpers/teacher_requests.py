"""What the stages ask the demo's chat teachers about drawn films, without the stages."""

from pathlib import Path

import numpy as np

from drawn_world.drawing.render import render
from drawn_world.plan.plan import SPLITS, plan_film
from drawn_world.truth import truth_of
from strefer.agents import replies
from strefer.agents.chat.interface import ChatRequest
from strefer.entities import parse_references as references
from strefer.frames import sample_times, sampled_rate
from strefer.prompts import load_prompt

ROOT = Path(__file__).resolve().parents[2]
TEACHERS = ROOT / "resources" / "teachers"
VIDEO_LLM = {"model": str(TEACHERS / "video_llm"), "dtype": "float32"}
LLM = {"model": str(TEACHERS / "llm"), "dtype": "float32"}
FILM_FRAMES, SEGMENT_FRAMES = 16, 8  # the demo's
PARSERS = (replies.parse_entity_text, replies.parse_yes_no, replies.parse_sentences)


def video_llm_calls(n_films, first=0):
    """The calls of the recognizer and of the transcriber's two questions, about held-out films;
    the transcriber asks for every true entity in every scene."""
    calls = [[], [], []]
    for seed in range(n_films):
        plan = plan_film(SPLITS["held_out"].start + first + seed)
        truth = truth_of(plan)
        film, fps = _frames(plan, 0.0, truth.duration_s, FILM_FRAMES)
        calls[0].append(ChatRequest(_prompt("entity_recognizer"), film, fps, max_new_tokens=64))
        for scene in truth.scenes:
            shown, fps = _frames(plan, scene.start_s, scene.end_s, SEGMENT_FRAMES)
            for entity in truth.entities:
                for place, role, tokens in ((1, "existence", 4), (2, "behaviour", 40)):
                    text = _prompt(role, expression=entity.expression)
                    calls[place].append(ChatRequest(text, shown, fps, max_new_tokens=tokens))
    return calls


def parser_calls(texts, schema=True):
    """The referring parser's one call about entity recognizers' texts."""
    held = references._SCHEMA if schema else None
    texts = [_prompt("referring_parser", text=text) for text in texts]
    return [[ChatRequest(text, schema=held, max_new_tokens=256) for text in texts]]


def _prompt(role, **values):
    return load_prompt(ROOT / "config" / "prompts" / "demo" / f"{role}.txt").render(**values)


def _frames(plan, start_s, end_s, count):
    times_s = sample_times(end_s - start_s, count, plan.fps, start_s)
    numbers = [min(round(t * plan.fps), plan.n_frames - 1) for t in times_s]
    frames = np.stack([render(plan, range(n, n + 1))[0][0] for n in numbers])
    return frames, sampled_rate(end_s - start_s, count, plan.fps)


def records_of(calls_replies, parsers=PARSERS):
    """Every reply as the record that the stage makes of it; an unusable one as its fault."""
    return [
        _parsed(reply, parse)
        for answers, parse in zip(calls_replies, parsers, strict=True)
        for reply in answers
    ]


def _parsed(reply, parse):
    try:
        return parse(reply)
    except ValueError as error:
        return f"unusable: {error}"


def token_rows(chat, calls):
    """What `sharable_tokens` takes, of requests with frames to a chat model in transformers."""
    return [
        (id(request.frames), chat.frame_sets.tokens(request)[0])
        for requests in calls
        for request in requests
    ]


def sharable_tokens(token_rows, block):
    """Of a sequence of prompts, the tokens that need no second reading: each prompt's longest
    common beginning with an earlier one, in whole blocks; the last token is always read.

    Args:
        token_rows: (name of the frames, the prompt's tokens with those of its frames).
    """
    total, earlier = 0, []
    for frames, row in token_rows:
        shared = [_common(row, other) for name, other in earlier if name == frames]
        total += min(max(shared, default=0), len(row) - 1) // block * block
        earlier.append((frames, row))
    return total


def _common(a, b):
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
