#!/usr/bin/env bash
# Makes .venv-vllm (6 GB) in the repository: a real vLLM that needs no GPU. The tests of the chat
# adapters vllm and openai use it where it is there, and are passed over where it is not.
set -euo pipefail
cd "$(dirname "$0")/../.."
lock=tests/vllm_cpu/packages.lock
if ! cmp -s "$lock" .venv-vllm/installed.lock; then
    .venv/bin/uv venv --quiet --clear --python "$(realpath .venv/bin/python)" .venv-vllm
    .venv/bin/uv pip sync --quiet --python .venv-vllm/bin/python "$lock"
    cp "$lock" .venv-vllm/installed.lock
fi
