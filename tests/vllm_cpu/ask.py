"""Asks a chat model in vLLM, in the environment that has it.

    .venv-vllm/bin/python tests/vllm_cpu/ask.py FOLDER

FOLDER holds what `requests_file.write_requests` wrote. The replies and the prefix cache's counts go
into FOLDER/replies.json.
"""

import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "scripts"), str(Path(__file__).parents[1])]

from helpers.requests_file import read_requests  # noqa: E402
from strefer.agents.chat.load import load_chat  # noqa: E402


def main(folder: Path) -> None:
    """All calls of the file, one after the other, with one loaded model."""
    spec, calls = read_requests(folder)
    chat = load_chat(spec)
    answers = []
    for requests in calls:
        hits, queries = chat.prefix_cache()
        replies = chat.reply(requests)
        after = chat.prefix_cache()
        counts = {"prefix_hits": after[0] - hits, "prefix_queries": after[1] - queries}
        answers.append({"replies": replies} | counts)
    (folder / "replies.json").write_text(json.dumps(answers))


if __name__ == "__main__":  # vLLM starts processes that import this file
    main(Path(sys.argv[1]))
