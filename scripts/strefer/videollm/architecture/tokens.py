"""The tokens that the Video LLM adds to its LLM's vocabulary, and the rounding of times to them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # scores and report use these tokens without transformers
    from transformers import PreTrainedTokenizerBase

VIDEO, REGION = "<image>", "<region>"
START_TIME, END_TIME = "<start_time>", "<end_time>"


def time_token(time_s: float, duration_s: float, n_tokens: int, rounding: str = "floor") -> str:
    """The token of a time.

    Args:
        time_s: from the start of what the model sees (the film, or the clip).
        duration_s: length of the same.
        n_tokens: N.
        rounding: "floor" is the paper's ⌊T/D·N⌋, at most N−1; "published" is what its authors'
            code does, round(T/D·(N−1)).

    Raises:
        ValueError: if the time is outside.
    """
    if duration_s <= 0 or not -1e-6 <= time_s <= duration_s * (1 + 1e-6) + 1e-3:
        raise ValueError(f"time {time_s:g} s lies outside the {duration_s:g} s of the video")
    share = min(max(time_s / duration_s, 0.0), 1.0)
    if rounding == "published":
        return f"<{round(share * (n_tokens - 1))}>"
    # The small term keeps 3.0 s of 12 s from falling to 7 by the last bit of the division.
    return f"<{min(math.floor(share * n_tokens + 1e-9), n_tokens - 1)}>"


def add_tokens(tokenizer: PreTrainedTokenizerBase, n_time_tokens: int) -> dict[str, int]:
    """Add `<image>`, `<region>` and `<0>` … `<N-1>`; times follow each other without gap.

    Returns:
        The fields of `VideoLlmConfig` that name their ids.
    """
    times = [f"<{i}>" for i in range(n_time_tokens)]
    tokenizer.add_tokens([VIDEO, REGION, *times], special_tokens=True)
    ids = tokenizer.convert_tokens_to_ids([VIDEO, REGION, *times])
    if ids[2:] != list(range(ids[2], ids[2] + n_time_tokens)):
        raise ValueError("the tokenizer already has some of the time tokens in another order")
    return {"video_token_id": ids[0], "region_token_id": ids[1], "first_time_token_id": ids[2]}
