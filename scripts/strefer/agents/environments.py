"""The packages that each agent's adapter needs, and the environment in `envs/` that has them.

Rules choose their environment here, and the target `check` finds what is missing. If a package is
missing when an agent loads, the error says how to install it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import yaml

from strefer.files import ROOT
from strefer.stage.meter import METER

ENVS = ROOT / "envs"
# The packages that an adapter imports, with their names for pip.
PACKAGES = {
    "transformers": {"torch": "torch", "transformers": "transformers"},
    "vllm": {"vllm": "vllm"},
    "openai": {"openai": "openai"},
    "recorded": {},
    "open_clip": {"torch": "torch", "open_clip": "open_clip_torch"},
    "sam2": {"torch": "torch", "sam2": "sam2"},
    "groundingdino": {"torch": "torch", "groundingdino": "groundingdino-py"},
    "rexseek": {"torch": "torch", "rexseek": "rexseek"},
}
_OF_THEIR_OWN = ("vllm", "rexseek", "groundingdino")  # engines with an environment of the same name
_OF_FRAMES = ("detector", "tracker", "concept_tracker", "assigner", "embedder")
_SERVE = re.compile(r"serve(?: ([1-9]\d*))?")
Load = TypeVar("Load", bound=Callable[..., Any])


def engine_of(spec: Mapping[str, Any]) -> str:
    """The adapter that runs a model: an assigner may ask the embedder's, the detector's or a chat
    model's."""
    asked = {"embedder": "open_clip", "detector": "transformers", "chat": "transformers"}
    if spec["adapter"] in asked:
        return spec.get("engine") or asked[spec["adapter"]]
    return spec["adapter"]


def environment_of(role: str, spec: Mapping[str, Any]) -> str:
    """The environment of a rule that loads an agent, a file of `envs/` without its ending: the one
    that the agent names, or else the one for its role and engine."""
    if role.startswith("training."):
        return "train"
    if needs_its_own(spec):
        return spec.get("environment") or engine_of(spec)
    return "vision" if role in _OF_FRAMES else "chat"


def needs_its_own(spec: Mapping[str, Any]) -> bool:
    """True if an agent names an environment for its jobs, or its engine has one."""
    if servers_of(spec):
        return False
    return bool(spec.get("environment")) or engine_of(spec) in _OF_THEIR_OWN


def servers_of(spec: Mapping[str, Any]) -> int:
    """Return how many servers a run starts for an agent; 0 if none."""
    found = _SERVE.fullmatch(str(spec.get("url")))
    return int(found[1] or 1) if found else 0


def server_environment(spec: Mapping[str, Any]) -> str:
    """The environment of the server that a run starts for an agent."""
    return spec.get("environment") or "vllm"


def has_packages(environment: str, spec: Mapping[str, Any]) -> bool:
    """True if an environment installs all that an agent's engine imports."""
    return set(PACKAGES[engine_of(spec)].values()) <= versions_in(environment).keys()


def versions_in(environment: str) -> dict[str, str]:
    """Return the packages that pip installs in an environment, as versions by name (empty if not
    pinned); empty if there is no such file."""
    file = ENVS / f"{environment}.yaml"
    if not file.is_file():
        return {}
    parts = yaml.safe_load(file.read_text(encoding="utf-8"))["dependencies"]
    pinned = [one for part in parts if isinstance(part, dict) for one in part.get("pip", ())]
    names = {one: re.match(r"[\w.-]*", one).group() for one in pinned}  # or `name @ address`
    return {name: one.partition("==")[2] for one, name in names.items()}


def way_to(package: str, environment: str) -> str:
    """Say how to get a package that an agent needs and does not have."""
    names = {name: pip for packages in PACKAGES.values() for name, pip in packages.items()}
    if names.get(package, package) in versions_in(environment):
        return f"envs/{environment}.yaml has it: add `--sdm conda` to the Snakemake command"
    return (
        f"envs/{environment}.yaml does not have it: install it by hand, add it to a copy of "
        f"that file and name the copy as the agent's `environment`, or choose another adapter "
        "(config/README.md)"
    )


def telling_of_packages(role: str) -> Callable[[Load], Load]:
    """Decorates the function that loads the agents of a role from a specification: a package that
    is missing or broken becomes a ValueError that says how to fix it."""

    def decorate(load: Load) -> Load:
        @functools.wraps(load)
        def loading(spec: Mapping[str, Any], *arguments: Any, **named: Any) -> Any:
            try:
                with METER.loading():
                    return load(spec, *arguments, **named)
            except ImportError as error:
                package = (error.name or engine_of(spec)).partition(".")[0]
                raise ValueError(
                    f"{role} {spec.get('model')}: the adapter {spec['adapter']} cannot import "
                    f"{package} here ({error}); {way_to(package, environment_of(role, spec))}"
                ) from error

        return loading

    return decorate
