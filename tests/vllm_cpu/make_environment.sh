#!/usr/bin/env bash
# Makes .venv-vllm (6 GB) in the repository: a real vLLM that needs no GPU. The tests of the chat
# adapters vllm and openai use it where it is there, and are passed over where it is not. With
# `vllm_0_24` it makes the older one that an agent names as its environment.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=${1:-vllm}
lock=tests/vllm_cpu/$name.lock venv=.venv-$name
if ! cmp -s "$lock" "$venv/installed.lock"; then
    .venv/bin/uv venv --quiet --clear --python "$(realpath .venv/bin/python)" "$venv"
    .venv/bin/uv pip sync --quiet --python "$venv/bin/python" "$lock"
    cp "$lock" "$venv/installed.lock"
fi
