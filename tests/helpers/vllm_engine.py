"""A real vLLM for tests and measurements, in the environment that make_environment.sh makes."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from helpers.requests_file import write_requests

ROOT = Path(__file__).resolve().parents[2]


def python_of(environment):
    """The Python of an environment of `envs/` that has a vLLM; a path where there is no file, if it
    was not made."""
    return ROOT / f".venv-{environment}" / "bin" / "python"


PYTHON = python_of("vllm")
MISSING = "no .venv-vllm: make it by tests/vllm_cpu/make_environment.sh"
START_S = 1500  # less than a minute on an idle machine
ENVIRONMENT = os.environ | {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GB
    "OMP_NUM_THREADS": "1",
    "VLLM_NO_USAGE_STATS": "1",
}
BLOCK_TOKENS = 32  # prompts are short: vLLM's own 128 for processors would share none of them


def ask_offline(folder, model, calls, **environment):
    """Replies of the adapter `vllm`, a list a call, with the prefix cache's counts of each call, in
    the environment that the model names.

    Args:
        environment: further variables of the process.
    """
    options = {"adapter": "vllm", "compile": False, "block_tokens": BLOCK_TOKENS}
    write_requests(folder, model | options | {"context_tokens": 2048}, calls)
    python = python_of(model.get("environment") or "vllm")
    command = [python, ROOT / "tests" / "vllm_cpu" / "ask.py", folder]
    with open(folder / "log", "w") as log:
        variables = ENVIRONMENT | environment
        done = subprocess.run(command, env=variables, stdout=log, stderr=log)
    assert done.returncode == 0, (folder / "log").read_text()[-4000:]
    return json.loads((folder / "replies.json").read_text())


@contextmanager
def server(folder, model):
    """vLLM's server for a model; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # fmt: off
    command = [
        PYTHON, "-m", "vllm.entrypoints.openai.api_server", "--model", model["model"],
        "--dtype", model["dtype"], "--max-model-len", "2048", "--enforce-eager", "--seed", "0",
        "--generation-config", "vllm", "--host", "127.0.0.1", "--port", str(port),
        "--trust-request-mm-kwargs",  # a request tells the rate of its frames
    ]
    # fmt: on
    with open(folder / "server.log", "w") as log:
        process = subprocess.Popen(
            command, env=ENVIRONMENT, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/health", folder / "server.log")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        # It and its engine: while it starts, a signal to it alone would leave the engine behind.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process, address, log):
    for _ in range(START_S):
        assert process.poll() is None, log.read_text()[-4000:]
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    raise AssertionError(f"the server did not start in {START_S} s: {log.read_text()[-2000:]}")
