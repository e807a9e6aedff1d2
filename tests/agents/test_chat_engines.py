"""The demo's video LLM behind a real vLLM tells what it tells behind transformers.

vLLM takes minutes to start and an environment of its own: see tests/vllm_cpu/make_environment.sh.
"""

import pytest

from helpers.teacher_requests import (
    VIDEO_LLM,
    records_of,
    sharable_tokens,
    token_rows,
    video_llm_calls,
)
from helpers.vllm_engine import BLOCK_TOKENS, MISSING, PYTHON, ask_offline, server
from strefer.agents.chat.load import load_chat

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(not PYTHON.is_file(), reason=MISSING),
]
FILMS = 3
LEAST_AGREEMENT = 0.95
LEAST_SHARED = 0.8


@pytest.fixture(scope="module")
def calls():
    return video_llm_calls(FILMS)


@pytest.fixture(scope="module")
def transformers_chat():
    return load_chat(VIDEO_LLM | {"adapter": "transformers"})


@pytest.fixture(scope="module")
def expected(transformers_chat, calls):
    return records_of([transformers_chat.reply(requests) for requests in calls])


@pytest.fixture(scope="module")
def offline(tmp_path_factory, calls):
    return ask_offline(tmp_path_factory.mktemp("vllm"), VIDEO_LLM, calls)


def agreement(records, expected):
    assert len(records) == len(expected) > 100
    return sum(a == b for a, b in zip(records, expected, strict=True)) / len(expected)


def test_offline_records_agree(offline, expected):
    records = records_of([call["replies"] for call in offline])
    assert agreement(records, expected) >= LEAST_AGREEMENT


def test_prompts_of_a_segment_share_their_frames(offline, transformers_chat, calls):
    sharable = sharable_tokens(token_rows(transformers_chat, calls), BLOCK_TOKENS)
    assert sum(call["prefix_hits"] for call in offline) >= LEAST_SHARED * sharable > 0


def test_a_servers_records_agree(tmp_path, expected, calls):
    with server(tmp_path, VIDEO_LLM) as url:
        spec = {"adapter": "openai", "model": VIDEO_LLM["model"], "url": url, "concurrency": 8}
        chat = load_chat(spec)
        records = records_of([chat.reply(requests) for requests in calls])
    assert agreement(records, expected) >= LEAST_AGREEMENT
