"""The report of the target `check`: what a configuration needs, before any of its jobs runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.agents.environments import engine_of, servers_of
from strefer.records import Video
from strefer.stage.run import read_records
from strefer.videos.film_lengths import Films, films_of_lengths, lengths_by_headers
from strefer.workflow.requirements.calls import told_calls
from strefer.workflow.requirements.disk import told_disk
from strefer.workflow.requirements.facts import (
    Gpu,
    NamedModel,
    load_facts,
    load_gpu,
    named_models,
)
from strefer.workflow.requirements.gpu_hours import (
    ASSUMED,
    ESTIMATED,
    gpu_hours,
    training_hours_a_thousand,
)
from strefer.workflow.requirements.hub_cache import cached_commit, has_weights
from strefer.workflow.requirements.job_memory import (
    FILMS_PX,
    GPU_SHARE,
    job_memory,
    told_memory,
)
from strefer.workflow.requirements.machine import (
    Machine,
    missing_hardware,
    missing_of_model,
    this_machine,
)
from strefer.workflow.requirements.training_memory import training_memory
from strefer.workflow.stages import STAGES, agents_of, environments_of_roles

_WITHOUT_REVISION = ("open_clip", "rexseek")  # engines that download the newest
_STUDENT = ("training.vision", "training.llm", "training.start_from")
_AGENTS = {name: stage.agents for name, stage in STAGES.items() if stage.agents}
# The models of a stage. A trained student, the model of `predictions`, is as large as its parts.
ROLES = {
    **{name: roles for name, roles in _AGENTS.items() if name != "scores"},
    "training": _STUDENT,
    "predictions": _STUDENT,
    "scores": _AGENTS["scores"],
}


def check_configuration(
    config: Mapping[str, Any],
    facts: Path,
    gpus: Path,
    paths: Sequence[str],
    shards: int,
    run: Path,
    by_conda: bool,
    trains: bool,
    absent: Sequence[str] = (),
) -> str:
    """The report, as text for a terminal.

    Args:
        config: the complete configuration.
        facts: the table of facts about models (config/models.yaml).
        gpus: the table of GPUs (config/gpus.yaml).
        paths: the films. Durations come from the run's probing if it was done, and otherwise from
            the headers.
        shards: the number of shards that have a film.
        run: the run's folder.
        by_conda: whether each job runs in its rule's environment.
        trains: whether to include students and benchmarks, or only pairs.
        absent: messages about missing input files.

    Raises:
        ValueError: if a table is wrong, or has no GPU of that name.
    """
    gpu = load_gpu(config["gpu"], gpus)
    models = named_models(config, load_facts(facts))
    by_role = {role: model for model in models for role in model.roles}
    of_stage = {
        stage: [
            by_role[role]
            for role in (agents_of(stage, config) if stage in _AGENTS else roles)
            if role in by_role
        ]
        for stage, roles in ROLES.items()
        if trains or stage in ESTIMATED
    }
    models = [m for m in models if any(m in asked for asked in of_stage.values())]
    # Jobs do not load a model that the run's own server has.
    of_stage = {s: [m for m in of if not servers_of(m.spec)] for s, of in of_stage.items()}
    resources = {stage: config["resources"][stage] for stage in of_stage}
    films = count_films(run, paths)
    what = (
        "pairs, students and benchmarks" if trains else "pairs (use check_all to include students)"
    )
    lines = [
        f"Run {config['run']}: {films.count} film(s), {films.minutes:.0f} min "
        f"({films.known} lengths known), in {shards} shard(s); checked for: {what}",
        "",
        "MODELS",
    ]
    lines += [line for model in models for line in _told_model(model)]
    lines += ["", "JOBS (each loads its models once; a retry gets twice the memory and time)"]
    training = training_memory(config["training"], of_stage["training"]) if trains else None
    memory = {
        stage: {name: job_memory(stage, of, config, px) for name, px in FILMS_PX.items()}
        for stage, of in of_stage.items()
    }
    least = {stage: (of["4K"] and of["4K"].least_gpu) for stage, of in memory.items()}
    if trains:
        least["training"] = training and training.total / GPU_SHARE
    lines += _told_jobs(resources, least, shards)
    lines += [f"  training of {training}, on each GPU (computed)"] if training else []
    lines += ["", "MEMORY OF A JOB (GB, estimated; GPU: the size that has room for films of 4K)"]
    on_gpus = {stage: of for stage, of in memory.items() if resources[stage]["gpus"]}
    on_gpus.pop("training", None)
    lines += list(told_memory(on_gpus)) or ["  no job requests a GPU"]
    machine = this_machine()
    lines += ["", "NEEDED IN TOTAL", *_told_needs(models, resources, machine)]
    pairs = films.minutes * sum(config["instructions"]["pairs_per_minute"].values())
    lines.append(f"  pairs: at most {pairs:,.0f} before verification")
    lines += told_disk(config, shards, films, run)
    lines += ["", "MISSING ON THIS MACHINE"]
    missing = [*absent]
    environments = environments_of_roles(config)
    for model in models:
        missing += missing_of_model(model, environments, by_conda)
    missing += missing_hardware(machine, resources, of_stage, least, to_download_gb(models))
    lines += [f"  {line}" for line in dict.fromkeys(missing)] or ["  nothing"]
    lines += ["", "CALLS TO THE LLM FOR PAIRS (estimated)", *told_calls(config, films)]
    lines += ["", "GPU-HOURS (not measured: the target `try` measures)"]
    lines += _told_hours(config, by_role, films, shards, gpu, trains)
    return "\n".join(lines)


def count_films(run: Path, paths: Sequence[str]) -> Films:
    """The films and their minutes: as probed, or else by their headers."""
    probed_s = [
        video.duration_s
        for path in sorted((run / "videos").glob("*.jsonl"))
        for [video] in read_records(path, Video).values()
    ]
    return films_of_lengths(len(paths), probed_s or lengths_by_headers(paths))


def to_download_gb(models: list[NamedModel]) -> float:
    """GB of the weights that are not in the cache; those of unknown size left out."""
    missing = (m for m in models if m.hub and not has_weights(m.hub, m.spec.get("revision")))
    return sum((m.facts.download_gb or 0) if m.facts else 0 for m in missing)


def _told_model(model: NamedModel) -> Iterator[str]:
    adapter, engine = model.spec["adapter"], engine_of(model.spec)
    by = adapter if adapter == engine else f"{adapter} by {engine}"
    yield f"  {model.name}: {', '.join(model.roles)} ({by})"
    if engine == "openai" and model.is_elsewhere:
        yield f"      behind a server: {model.spec.get('url') or 'OpenAI'}"
        return
    if engine == "openai":
        yield f"      in vLLM servers that the run starts: {servers_of(model.spec)}"
    if model.folder is not None:
        yield f"      a local folder, {_gb(model.gb)}"
        return
    yield f"      {_revision(model)}"
    facts = model.facts
    if facts is None:
        yield "      unknown: size, licence, memory (config/models.yaml has no facts about it)"
        return
    dtypes = dict.fromkeys((model.spec.get("dtype", "float32"), "bfloat16"))
    memory = ", ".join(f"{_gb(facts.gb_in(dtype))} in {dtype}" for dtype in dtypes)
    size = "unknown" if facts.parameters is None else f"{facts.parameters:g} billion parameters"
    yield f"      size {size}; download {_gb(facts.download_gb)}; memory {memory}"
    asks = facts.terms or ("any use" if facts.licence else "unknown")
    gate = {True: "; accept it on the hub first", None: "; gated: unknown", False: ""}[facts.gated]
    yield f"      licence {facts.licence or 'unknown'}: {asks}{gate}"
    yield f"      source of these figures: {facts.source or 'unknown'}"


def _revision(model: NamedModel) -> str:
    """The commit that is used; if none is pinned, the options that would pin one."""
    revision = model.spec.get("revision")
    commit = cached_commit(model.hub, revision) if model.hub else None
    here = f"; in the cache: {commit}" if commit else ""
    taken = engine_of(model.spec) not in _WITHOUT_REVISION
    if revision and taken:
        return f"revision {revision}{here}"
    options = [f"agents.{role}.revision" for role in model.roles if "." not in role]
    way = f"set {', '.join(options)}" if taken and options else "use a folder as the model"
    return f"not pinned to a commit: the newest is used (to pin one, {way}){here}"


def _told_jobs(
    resources: Mapping[str, Mapping[str, int]],
    least_gb: Mapping[str, float | None],
    shards: int,
) -> Iterator[str]:
    for stage, asked in resources.items():
        least = least_gb[stage]
        size = "unknown size" if least is None else f"{least:.0f}+ GB"
        gpus = f"{asked['gpus']} GPU(s) of {size}" if asked["gpus"] else "no GPU"
        jobs = f"{shards} job(s)" if stage in ESTIMATED else "a job each"
        yield (
            f"  {stage:12} {jobs:12} {gpus:26} {asked['mem_mb'] / 1000:5.0f} GB of memory, "
            f"up to {asked['runtime_min'] / 60:g} h"
        )


def _told_needs(
    models: list[NamedModel], resources: Mapping[str, Mapping[str, int]], machine: Machine
) -> Iterator[str]:
    gpus = max(asked["gpus"] for asked in resources.values())
    memory = max(asked["mem_mb"] for asked in resources.values()) / 1000
    yield f"  GPUs per job: {gpus} (here: {len(machine.gpus_gb)})"
    yield f"  memory per job: {memory:.0f} GB (here: {machine.memory_gb:.0f})"
    unknown = [m.name for m in models if m.hub and (m.facts is None or m.facts.download_gb is None)]
    besides = f", not counting {', '.join(unknown)} (unknown)" if unknown else ""
    yield (
        f"  disk for weights: {to_download_gb(models):.1f} GB still to download{besides} "
        f"(free: {machine.disk_gb:.0f} GB)"
    )
    restricted = [f"{m.facts.licence} ({m.name})" for m in models if m.facts and m.facts.terms]
    yield f"  licences that restrict use: {'; '.join(restricted) or 'none known'}"


def _told_hours(
    config: Mapping[str, Any],
    models: Mapping[str, NamedModel],
    films: Films,
    shards: int,
    gpu: Gpu,
    trains: bool,
) -> Iterator[str]:
    if not any(asked["gpus"] for asked in config["resources"].values()):
        yield "  none: no job requests a GPU"
        return
    hours = {stage: gpu_hours(stage, config, models, films, shards, gpu) for stage in ESTIMATED}
    known = [value for value in hours.values() if value is not None]
    unknown = [stage for stage, value in hours.items() if value is None]
    for stage, value in hours.items():
        yield f"  {stage:12} {'unknown' if value is None else f'{value:.2f}'}"
    besides = f", not counting {', '.join(unknown)} (unknown)" if unknown else ""
    yield (
        f"  pairs of {films.count} film(s) on {config['gpu']} ({gpu.tflops:g} TFLOP/s): "
        f"about {sum(known):.1f}{besides}"
    )
    limits = sum(
        config["resources"][s]["gpus"] * config["resources"][s]["runtime_min"] for s in ESTIMATED
    )
    yield f"  at most {shards * limits / 60:.0f}, given the jobs' time limits, without retries"
    if trains and config["resources"]["training"]["gpus"]:
        yield (
            f"  training: {training_hours_a_thousand():.2f} per 1,000 samples and epoch "
            "(the paper's 4B model: 3 machines of 8 H200, one day, 2,508,722 samples)"
        )
    if trains:
        yield "  predictions, scores: not estimated"
    yield from (f"  assumed: {text}" for text in ASSUMED)


def _gb(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.0f} GB" if value >= 10 else f"{value:.2g} GB"
