"""The hardware and software of a job's process. They are part of a run's record but affect no
result, so `workflow.code_digest` leaves them out."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# fmt: off
PACKAGES = (
    "torch", "torchvision", "transformers", "accelerate", "open_clip_torch", "scenedetect", "sam2",
    "groundingdino-py", "vllm", "deepspeed", "av", "opencv-python-headless", "pycocotools",
    "numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "datasets", "snakemake",
)
# fmt: on


@functools.cache
def job_facts() -> dict[str, Any]:
    """The hardware and software of this process; nothing that identifies a person or a host."""
    return {
        "hardware": {
            "cpu": _cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
            "gpus": _gpu_models(),
        },
        "software": {
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "packages": dict(_versions()),
        },
    }


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor()


def _gpu_models() -> list[str]:
    """From the driver's own files: asking a library would take seconds in every job."""
    models = []
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        found = re.search(r"^Model:\s*(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        models.append(found[1] if found else "unknown")
    return models


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
