"""The adapter for vLLM without an engine; with a real one, see test_chat_engines.py."""

from pathlib import Path

import numpy as np
import pytest

from strefer.agents.chat.interface import ChatRequest
from strefer.agents.chat.load import load_chat
from strefer.agents.chat.with_vllm import frames_name, metadata_of

LLM = Path(__file__).resolve().parents[2] / "resources" / "teachers" / "llm"
FRAMES = np.random.default_rng(0).integers(0, 255, (4, 8, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "x", "url": "http://localhost"}, "unknown option 'url'; known: .*gpu_memory"),
        ({"model": "x", "dtype": "int4"}, "`dtype` is 'int4', not one of float32"),
        ({"model": "/no/where"}, "chat model /no/where: cannot be loaded"),
        ({"model": str(LLM), "chat_template": "/no/file"}, "`chat_template`: .*/no/file"),
        ({}, "`model` is missing"),
    ],
)
def test_a_mistake_is_a_clear_error(options, message):
    with pytest.raises(ValueError, match=message):
        load_chat({"adapter": "vllm"} | options)


def test_frames_have_one_name_for_one_content_and_rate():
    assert frames_name(FRAMES, 2.0) == frames_name(FRAMES.copy(), 2.0)
    different = [(FRAMES, 2.0), (FRAMES, 1.0), (FRAMES[:3], 2.0), (FRAMES[::-1], 2.0)]
    assert len({frames_name(frames, fps) for frames, fps in different}) == 4


def test_a_video_processor_is_told_to_take_all_frames():
    told = metadata_of(ChatRequest("who?", FRAMES, fps=2.0))
    assert told["frames_indices"] == [0, 1, 2, 3]
    assert (told["fps"], told["duration"], told["do_sample_frames"]) == (2.0, 2.0, False)
