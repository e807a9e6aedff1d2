"""Find the program that serves models, in the environment of the rule."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from strefer.files import atomic_write


def prepare_server(output: Path, environment: str) -> None:
    """Write down where vLLM is.

    Raises:
        ValueError: if the environment has no vLLM.
    """
    beside = Path(sys.executable).with_name("vllm")
    vllm = str(beside) if beside.is_file() else shutil.which("vllm")
    if vllm is None:
        raise ValueError(
            "the program vllm, which an agent's `url: serve` needs, is missing: add `--sdm "
            f"conda` to the Snakemake command, to use envs/{environment}.yaml, or install it"
        )
    with atomic_write(output) as file:
        file.write(json.dumps({"vllm": vllm, "python": sys.executable}) + "\n")
