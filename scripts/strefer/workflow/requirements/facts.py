"""The models that a configuration names, and what is known of them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from strefer.agents.environments import engine_of, servers_of
from strefer.recipes.students import models_of_training
from strefer.workflow.requirements.hub_cache import size_of_folder
from strefer.workflow.stages import loaded_roles

OPEN_CLIP = "open_clip:"  # prefix of a student's vision encoder that comes from open_clip
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class Facts:
    """Facts about a model; None means unknown. `config/models.yaml` explains the fields.

    Attributes:
        parameters, active: in billions (10^9).
        shape: layers of the decoder, and their width.
    """

    hub: str | None = None
    class_: str | None = None
    parameters: float | None = None
    active: float | None = None
    published: str | None = None
    shape: tuple[int, int] | None = None
    frame_tokens: int | None = None
    cache_kb: float | None = None
    token_kb: float | None = None
    frame_mb: float | None = None
    image_px: int | None = None
    longest_px: int | None = None
    fit: str | None = None
    logit_scale: float | None = None
    logit_bias: float | None = None
    licence: str | None = None
    terms: str | None = None
    gated: bool | None = None
    remote_code: bool | None = None
    vllm_until: str | None = None
    source: str | None = None

    @property
    def download_gb(self) -> float | None:
        """Size of the published weights in GB (10^9 bytes)."""
        return self.gb_in(self.published)

    def gb_in(self, dtype: str | None) -> float | None:
        """Size of the weights in GB, once they are loaded in a type."""
        if self.parameters is None or dtype is None:
            return None
        return self.parameters * BYTES[dtype]


@dataclass(frozen=True)
class Gpu:
    """A kind of GPU; `config/gpus.yaml` explains the fields."""

    memory_gb: float
    tflops: float


@dataclass(frozen=True)
class NamedModel:
    """A model of a configuration, with all the roles that it has there.

    Attributes:
        spec: its first role's specification.
        folder: its folder, if it is not a model on the hub.
    """

    name: str
    roles: tuple[str, ...]
    spec: Mapping[str, Any]
    facts: Facts | None
    folder: Path | None

    @property
    def is_elsewhere(self) -> bool:
        """True if no job and no server of the run loads it."""
        engine = engine_of(self.spec)
        return engine == "recorded" or (engine == "openai" and not servers_of(self.spec))

    @property
    def hub(self) -> str | None:
        """Its repository on the hub; None for a folder, a server's model, or where unknown."""
        if self.folder is not None or self.is_elsewhere:
            return None
        if self.facts is not None and self.facts.hub:
            return self.facts.hub
        return self.name if self.name.count("/") == 1 and _is_hubs(self.spec) else None

    @property
    def gb(self) -> float | None:
        """GB of memory that its weights take; of a folder, what its files take."""
        if self.folder is not None:
            return size_of_folder(self.folder) / 1e9
        return self.facts.gb_in(self.spec.get("dtype", "float32")) if self.facts else None


def _is_hubs(spec: Mapping[str, Any]) -> bool:
    """True if a model's name is its repository's name: open_clip uses other names."""
    return "open_clip" not in (spec["adapter"], engine_of(spec))


def load_gpu(name: str, path: Path) -> Gpu:
    """A kind of GPU by its name.

    Raises:
        ValueError: if the file does not have it.
    """
    known = yaml.safe_load(path.read_text(encoding="utf-8"))
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}; or add it"
        raise ValueError(f"configuration: 'gpu' is {name!r}, but {path} has no such GPU; {hint}")
    return Gpu(**known[name])


def load_facts(path: Path) -> dict[str, Facts]:
    """The table of facts, by the names that configurations use.

    Raises:
        ValueError: if the file has an unknown field, or a value that cannot be.
    """
    known = {field.name.rstrip("_") for field in fields(Facts)}
    facts = {}
    for name, told in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        for field in told:
            if field not in known:
                near = difflib.get_close_matches(field, known, 1)
                hint = (
                    f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
                )
                raise ValueError(f"{path}: {name} has no field {field!r}; {hint}")
        if told.get("published") not in (None, *BYTES):
            raise ValueError(f"{path}: {name}: `published` is not one of {', '.join(BYTES)}")
        facts[name] = Facts(**{"class_" if f == "class" else f: v for f, v in told.items()})
    return facts


def named_models(config: Mapping[str, Any], facts: Mapping[str, Facts]) -> list[NamedModel]:
    """The models of a complete configuration, each once, in the order of the roles."""
    models: dict[tuple[str, str], NamedModel] = {}
    for role, spec in specs_of(config).items():
        name = str(spec["model"]).removeprefix(OPEN_CLIP)
        key = (name, str(spec.get("revision")))
        if key in models:
            role, spec = (*models[key].roles, role), models[key].spec
        else:
            role = (role,)
        is_path = Path(name).exists() or name.count("/") > 1 or spec["adapter"] == "recorded"
        folder = Path(name) if is_path else None
        models[key] = NamedModel(name, role, spec, facts.get(name), folder)
    return list(models.values())


def specs_of(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By role, the specifications of all models: of the agents that are loaded, and of what a
    student begins with."""
    loaded = loaded_roles(config)
    specs = {role: spec for role, spec in config["agents"].items() if role in loaded}
    training = config["training"]
    dtype = {"dtype": "bfloat16" if training["bf16"] else "float32"}
    for part, name in models_of_training(training).items():
        adapter = "open_clip" if name.startswith(OPEN_CLIP) else "transformers"
        specs[f"training.{part}"] = {"adapter": adapter, "model": name} | dtype
    return specs
