"""How much of the transcriber's prompts vLLM finds read already, by its own counts.

The demo's video LLM is asked about the segments and entities of a few held-out films, all requests
of a question in one call, as the stage does. What could be shared is counted on the prompts'
tokens: each one's longest beginning that an earlier prompt about the same frames has too, in whole
blocks.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from helpers.teacher_requests import VIDEO_LLM, sharable_tokens, token_rows, video_llm_calls
from helpers.vllm_engine import BLOCK_TOKENS, MISSING, PYTHON, ask_offline
from strefer.agents.chat.load import load_chat

FILMS = 3


def measure() -> dict[str, float]:
    """Tokens found / tokens that could be found, and / all tokens looked for; nothing without the
    environment that has vLLM."""
    if not PYTHON.is_file():
        print(f"vllm: not measured: {MISSING}")
        return {}
    calls = video_llm_calls(FILMS)[1:]  # existence and behaviour
    rows = token_rows(load_chat(VIDEO_LLM | {"adapter": "transformers"}), calls)
    with tempfile.TemporaryDirectory() as folder:
        answers = ask_offline(Path(folder), VIDEO_LLM, calls)
    hits = sum(answer["prefix_hits"] for answer in answers)
    return {
        "vllm.prefix_hit_share": hits / sharable_tokens(rows, BLOCK_TOKENS),
        "vllm.prefix_hit_share_of_all": hits / sum(a["prefix_queries"] for a in answers),
    }
