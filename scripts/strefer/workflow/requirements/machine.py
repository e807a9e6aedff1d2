"""Check what this machine has of what a configuration needs, without downloading anything."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

from strefer.agents.environments import (
    PACKAGES,
    engine_of,
    server_environment,
    servers_of,
    versions_in,
    way_to,
)
from strefer.workflow.requirements.facts import NamedModel
from strefer.workflow.requirements.hub_cache import has_weights

_BY_UV = "envs/conda_by_uv/bin"
SMALLER_TRAINING = (
    "; `training.batch_size` (with `accumulate`) makes activations smaller, and "
    "`training.deepspeed: config/deepspeed/zero2.json` splits the rest among `processes`"
)


@dataclass(frozen=True)
class Machine:
    """Memory and free disk in GB (10^9 bytes); the memory of each GPU."""

    memory_gb: float
    disk_gb: float
    gpus_gb: tuple[float, ...]


def this_machine() -> Machine:
    """The machine that this process runs on; its disk is the one of the hub's cache."""
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE)
    while not place.exists():
        place = place.parent
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(pages / 1e9, shutil.disk_usage(place).free / 1e9, _gpus_gb())


def _gpus_gb() -> tuple[float, ...]:
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(float(mib) * 2**20 / 1e9 for mib in told.stdout.split())


def missing_of_model(
    model: NamedModel, environments: Mapping[str, str], by_conda: bool
) -> Iterator[str]:
    """List what a model needs and this machine does not have, one line each: its weights, a package
    or file, a key, a permission.

    Args:
        environments: by role, the environment of the jobs that load it.
        by_conda: whether these jobs run in that environment, and not in this process's.
    """
    engine, is_served = engine_of(model.spec), servers_of(model.spec) > 0
    places = {(environments.get(role, "train"), engine): None for role in model.roles}
    if is_served:
        places[server_environment(model.spec), "vllm"] = None
    for environment, imported in places:
        yield from _missing_packages(model, environment, imported, by_conda)
    if engine == "openai" and not is_served:
        yield from _missing_key(model.spec)
        return
    if engine == "recorded":
        if not Path(model.name).is_file():
            yield f"file {model.name} (what an agent's `record` wrote)"
        return
    if model.folder is not None and not model.folder.is_dir():
        yield f"folder {model.name}"
    template = model.spec.get("chat_template")
    if template and not Path(template).is_file():
        yield f"file {template} (chat_template of {', '.join(model.roles)})"
    if model.hub is not None and not has_weights(model.hub, model.spec.get("revision")):
        yield f"weights of {model.hub}: not in the cache, will be downloaded"
    trusted = model.spec.get("trust_remote_code")
    if model.facts is not None and model.facts.remote_code and not trusted:
        yield f"permission: {model.name} runs only with `trust_remote_code: true`"


def _missing_packages(
    model: NamedModel, environment: str, engine: str, by_conda: bool
) -> Iterator[str]:
    pinned = versions_in(environment)
    for package, name in PACKAGES.get(engine, {}).items():
        there = name in pinned if by_conda else importlib.util.find_spec(package) is not None
        if not there:
            yield f"package {package} (adapter {engine}): {way_to(package, environment)}"
        if name in pinned and (by_conda or not there) and shutil.which("conda") is None:
            yield f"conda, which `--sdm conda` calls, is not on the PATH; {_BY_UV} can replace it"
    until = model.facts.vllm_until if model.facts is not None and engine == "vllm" else None
    if until is None:
        return
    here = importlib.util.find_spec("vllm") is not None and not by_conda
    version = importlib.metadata.version("vllm") if here else pinned.get("vllm")
    if version and Version(version) > Version(until):
        yield (
            f"vLLM {until} or older for {model.name}: {version} does not support it; name a "
            f"suitable environment as agents.{model.roles[0]}.environment"
        )


def _missing_key(spec: Mapping[str, Any]) -> Iterator[str]:
    name = spec.get("key_variable") or "OPENAI_API_KEY"
    if not os.environ.get(name) and not spec.get("url"):
        yield f"key: the environment variable {name} is not set"


def missing_hardware(
    machine: Machine,
    resources: Mapping[str, Mapping[str, int]],
    models: Mapping[str, list[NamedModel]],
    least_gb: Mapping[str, float | None],
    download_gb: float,
) -> Iterator[str]:
    """List what the jobs request and this machine does not have, one line each.

    Args:
        resources: what a job asks for, by stage.
        models: the models of a stage.
        least_gb: by stage, the GB that a GPU has to have.
        download_gb: weights that are still to be downloaded.
    """
    gpus = max(asked["gpus"] for asked in resources.values())
    if gpus > len(machine.gpus_gb):
        stages = ", ".join(s for s, asked in resources.items() if asked["gpus"] == gpus)
        yield (
            f"GPUs: a job of {stages} requests {gpus}, but this machine has {len(machine.gpus_gb)}"
        )
    for stage, asked in resources.items():
        least = least_gb[stage] or 0
        if asked["gpus"] and machine.gpus_gb and least > max(machine.gpus_gb):
            way = SMALLER_TRAINING if stage == "training" else ""
            yield f"GPU memory: {stage} needs GPUs of at least {least:.0f} GB{way}"
        loaded = sum(model.gb or 0 for model in models[stage])
        if loaded > asked["mem_mb"] / 1000:
            asks = f"{asked['mem_mb'] / 1000:.0f} GB"
            yield f"memory: a job of {stage} requests {asks}, but its models take {loaded:.0f} GB"
    memory = max(asked["mem_mb"] for asked in resources.values()) / 1000
    if memory > machine.memory_gb:
        yield (
            f"memory: a job requests {memory:.0f} GB, but this machine has {machine.memory_gb:.0f}"
        )
    if download_gb > machine.disk_gb:
        yield (
            f"disk: {download_gb:.0f} GB to download, but only {machine.disk_gb:.0f} GB are free"
        )
