"""Start the servers of a run's models when the first job asks for them; end them after the last.

A model is loaded once for a run, and not by each job. Snakemake's own process follows the events of
its jobs. It starts `keep_server` for each server: a process here, or a job on a SLURM cluster.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from strefer.agents.environments import server_environment, servers_of
from strefer.files import ROOT
from strefer.serving.addresses import write_failure
from strefer.serving.keep_server import END_S

End = Callable[[], None]


@dataclass(frozen=True)
class Served:
    """A model that a run serves itself.

    Attributes:
        environment: the file of `envs/` that has vLLM.
        count: how many servers.
        rules: whose jobs ask it.
    """

    model: str
    environment: str
    arguments: tuple[str, ...]
    count: int
    rules: set[str] = field(hash=False, compare=False)

    @property
    def name(self) -> str:
        """The name of its folder."""
        return folder_name(self.model)


def folder_name(model: str) -> str:
    """The name of the folder of a model's servers."""
    return re.sub(r"[^\w.-]+", "_", model)


def served_models(agents: Mapping[str, Mapping], rules: Mapping[str, set[str]]) -> list[Served]:
    """The models that a run serves, each once, regardless of its roles.

    Args:
        agents: specifications by role.
        rules: by role, the rules whose jobs ask it.

    Raises:
        ValueError: if two roles want the same model served in different ways.
    """
    found: dict[str, Served] = {}
    for role, spec in agents.items():
        count = servers_of(spec)
        if not count:
            continue
        arguments = tuple(arguments_of(spec.get("engine_options") or {}))
        served = Served(
            spec["model"], server_environment(spec), arguments, count, rules.get(role, set())
        )
        other = found.setdefault(served.name, served)
        if other != served:
            raise ValueError(
                f"configuration: agents.{role} serves {served.model} with other settings than "
                f"another role; give both the same `url`, `engine_options` and `environment`"
            )
        other.rules.update(served.rules)
    return list(found.values())


def arguments_of(options: Mapping[str, Any]) -> Iterator[str]:
    """Options as arguments of `vllm serve`: true is a flag, a list is words, a mapping JSON."""
    for name, value in options.items():
        dashed = name.replace("_", "-")
        if isinstance(value, bool):
            yield f"--{dashed}" if value else f"--no-{dashed}"
        else:
            words = value if isinstance(value, list) else [value]
            texts = (json.dumps(word) if isinstance(word, dict) else str(word) for word in words)
            yield from (f"--{dashed}", *texts)


class ModelServers(logging.Handler):
    """Follows Snakemake's events.

    Args:
        run: the run's folder.
        by_slurm: whether servers are jobs of a cluster.
        ask: what the job of a server asks for on a cluster, as options of `sbatch`.
        gpus: GPUs of one server.
    """

    def __init__(
        self,
        run: Path,
        models: Sequence[Served],
        by_slurm: Callable[[], bool],
        ask: Callable[[], list[str]],
        gpus: int,
    ) -> None:
        super().__init__()
        self._run, self._models, self._by_slurm, self._ask = run, models, by_slurm, ask
        self._gpus = gpus
        self._left: Counter[str] = Counter()
        self._rules: dict[int, str] = {}
        self._ends: dict[str, list[End]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        event = str(getattr(record, "event", None) or "")
        if event == "run_info":
            self._left = Counter(record.stats)
        elif event == "job_info":
            self._rules[record.jobid] = record.rule_name
            for model in self._models:
                if record.rule_name in model.rules and model.name not in self._ends:
                    self._ends[model.name] = self._start(model)
        elif event == "job_finished":
            self._left[self._rules.get(record.job_id, "")] -= 1
            for model in self._models:
                if not any(self._left[rule] > 0 for rule in model.rules):
                    self._end(model.name)

    def end(self) -> None:
        """End all servers: the run ends."""
        for name in list(self._ends):
            self._end(name)

    def _folder(self, name: str) -> Path:
        return self._run / "servers" / name

    def _end(self, name: str) -> None:
        shutil.rmtree(self._folder(name), ignore_errors=True)
        for end in self._ends.pop(name, ()):
            end()

    def _start(self, model: Served) -> list[End]:
        folder = self._folder(model.name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        ready = json.loads((self._run / "servers" / f"{model.environment}.json").read_text())
        by_slurm = self._by_slurm()
        plan = {
            "folder": str(folder.absolute()),
            "lock": str((self._run / ".lock").absolute()),
            "log": str((self._run / "logs" / "servers" / model.name).absolute()),
            "command": [ready["vllm"], "serve", model.model, *model.arguments],
            "host": "0.0.0.0" if by_slurm else "127.0.0.1",
            "gpus": self._gpus,
        }
        file = folder / "plan"
        file.write_text(json.dumps(plan), encoding="utf-8")
        keep = [ready["python"], "-m", "strefer.serving.keep_server", str(file.absolute())]
        if by_slurm:
            return [self._submit(folder, [*keep, str(n)], n) for n in range(model.count)]
        return [self._begin([*keep, str(n)]) for n in range(model.count)]

    def _begin(self, command: list[str]) -> End:
        process = subprocess.Popen(command, env=_variables(), start_new_session=True)

        def end() -> None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2 * END_S)

        return end

    def _submit(self, folder: Path, command: list[str], number: int) -> End:
        sbatch = ["sbatch", "--parsable", "--requeue", "--output=/dev/null", *self._ask()]
        sbatch += [
            f"--comment=server_{folder.name}",
            f"--wrap=exec {subprocess.list2cmdline(command)}",
        ]
        done = subprocess.run(sbatch, capture_output=True, text=True, env=_variables(), check=False)
        if done.returncode:
            write_failure(folder, number, f"SLURM rejected the server: {done.stderr.strip()}")
            return lambda: None
        job = done.stdout.strip().partition(";")[0]
        return lambda: subprocess.run(["scancel", job], capture_output=True, check=False) and None


def cluster_options(asked: Mapping[str, int], partitions: Path | None) -> list[str]:
    """The resources of a server's job, as options for `sbatch`.

    Args:
        asked: the configuration's resources of servers.
        partitions: the file of partitions; the one that fits best is chosen.
    """
    options = [f"--mem={asked['mem_mb']}M", f"--time={asked['runtime_min']}"]
    options += [f"--cpus-per-task={asked['threads']}"]
    options += [f"--gpus={asked['gpus']}"] if asked["gpus"] else []
    if partitions is None:
        return options
    from snakemake_executor_plugin_slurm.partitions import get_best_partition, read_partition_file

    wanted = {"mem_mb": asked["mem_mb"], "runtime": asked["runtime_min"], "gpu": asked["gpus"]}
    job = SimpleNamespace(name="server", threads=asked["threads"], resources=wanted)
    best = get_best_partition(read_partition_file(partitions), job, logging.getLogger("strefer"))
    return [*options, f"--partition={best}"]


def _variables() -> dict[str, str]:
    paths = [str(ROOT / "scripts"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
