"""Record where a run's results come from: everything that differs between calls, in one file.

The data themselves contain no time, host or duration, so that the same run gives the same bytes;
these are in `results/<run>/provenance.json`. It is made from the configuration, the files that jobs
leave and git, and written when a call begins and when it ends.

Results in an item store have their own record there (`results`): the machine that made them, its
hours and warnings, regardless of later calls that find them. `stages`, `items` and `machines`
describe the last job of each rule and shard, from its log and its usage file.
"""

from __future__ import annotations

import datetime
import json
import re
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from strefer.files import atomic_write, digest_of_file
from strefer.prompts import load_prompt
from strefer.stage.job_facts import job_facts
from strefer.workflow.requirements.hub_commits import models_of_run
from strefer.workflow.store_upkeep import made_by
from strefer.workflow.usage import read_usage

MODELS = "config/models.yaml"  # what is known of models
FACTS = "job: "  # begins the line of a log that contains `job_facts`
_SECRET = re.compile(r"key|token|secret|password|authorization|credential", re.IGNORECASE)
_COUNTED = re.compile(r"(\w+): (\d+) items, (\d+) of them in the store$")


def leaves_run_alone(targets: Collection[str]) -> bool:
    """True if a call asks for checks alone. One without targets asks for the whole run."""
    return bool(targets) and set(targets) <= {"check", "check_all"}


def write_provenance(
    run: Path,
    root: Path,
    config: Mapping[str, Any],
    codes: Mapping[str, Mapping[str, str]],
    accepted: Mapping[str, Mapping[str, Any]],
    recipe_seeds: Mapping[str, int],
    finished: bool,
) -> None:
    """Write `provenance.json` into a run's folder.

    Args:
        run: the run's folder.
        root: the project's folder.
        config: the complete configuration.
        codes: by rule, the digests of its code and environment as they are.
        accepted: the table of accepted changes (see acceptance.py).
        recipe_seeds: the seed of each recipe.
        finished: False when the call begins: the file of a killed call says so.
    """
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    used = {digest for of_rule in codes.values() for digest in of_rule.values()}
    machines, items = read_logs(run / "logs")
    before = _before(run / "provenance.json")
    given = config["corrections"]
    tables = [given] if isinstance(given, str) else given
    about = {
        "run": config["run"],
        "finished": now if finished else None,
        "begun": now if not finished else before.get("begun"),
        "commit": commit_of(root),
        "environment": job_facts()["software"],
        "configuration": without_secrets(config),
        "code": dict(codes),
        "accepted_changes": {d: entry for d, entry in sorted(accepted.items()) if d in used},
        "prompts": {
            role: {"file": path, "sha256": load_prompt(path).digest}
            for role, path in sorted(config["prompts"].items())
        },
        "corrections": {table: digest_of_file(table) for table in tables},
        "models": without_secrets(
            models_of_run(config, root / MODELS, before.get("models", {}), finished)
        ),
        "seeds": {"seed": config["seed"], "recipes": dict(recipe_seeds)},
        "results": made_by(run),
        "stages": read_usage(run / "usage"),
        "items": items,
        "machines": machines,
    }
    with atomic_write(run / "provenance.json") as file:
        file.write(json.dumps(about, indent=2, ensure_ascii=False) + "\n")


def _before(path: Path) -> dict[str, Any]:
    """The file's current contents; empty if there is none."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def without_secrets(value: Any) -> Any:
    """A copy in which what is named like a secret is left out; names of variables may stay."""
    if isinstance(value, Mapping):
        return {
            name: "(left out)" if _names_secret(str(name), part) else without_secrets(part)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets(part) for part in value]
    return value


def _names_secret(name: str, value: Any) -> bool:
    is_text = isinstance(value, str) and bool(value)
    return is_text and bool(_SECRET.search(name)) and not name.endswith(("_variable", "_env"))


def commit_of(root: Path) -> dict[str, Any] | None:
    """The commit that is checked out, and whether files differ from it; None without git."""
    try:
        texts = [
            subprocess.run(
                ["git", "-C", str(root), *arguments], capture_output=True, check=True, timeout=60
            ).stdout.decode()
            for arguments in (("rev-parse", "HEAD"), ("status", "--porcelain"))
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    return {"id": texts[0].strip(), "changed": bool(texts[1].strip())}


def read_logs(folder: Path) -> tuple[list[dict[str, Any]], dict[str, dict[str, int]]]:
    """From the logs of jobs: on what they ran, and how many items their last call computed.

    Returns:
        Machines with the rules that ran on them; by stage `items` and `computed`.
    """
    machines: dict[str, dict[str, Any]] = {}
    items: dict[str, dict[str, int]] = {}
    for path in sorted(folder.rglob("*.log")):
        rule = path.relative_to(folder).parts[0].removesuffix(".log")
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            head, mark, facts = line.partition(f"INFO {FACTS}")
            if mark and not head.count("INFO"):
                machine = machines.setdefault(facts, json.loads(facts) | {"rules": []})
                machine["rules"] = sorted({*machine["rules"], rule})
            elif counted := _COUNTED.search(line):
                of_stage = items.setdefault(counted[1], {"items": 0, "computed": 0})
                of_stage["items"] += int(counted[2])
                of_stage["computed"] += int(counted[2]) - int(counted[3])
    return list(machines.values()), items
