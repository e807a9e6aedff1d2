"""Changes of code that their author knows to be neutral, accepted without computing again.

`config/accepted_changes.json` maps a digest of code or of an environment file to the older one that
it counts as. It is part of the project: an entry is reviewed together with its change, and every
run that uses it records it in its provenance.
"""

from __future__ import annotations

import datetime
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from strefer.files import atomic_write
from strefer.workflow.code_digest import code_of, environment_digest

Table = Mapping[str, Mapping[str, Any]]
FILE = Path("config/accepted_changes.json")


def load_table(path: Path) -> dict[str, dict[str, Any]]:
    """The accepted changes by their new digest; empty if there is no such file.

    Raises:
        ValueError: if the file is not what `accept` writes.
    """
    try:
        table = json.loads(Path(path).read_text(encoding="utf-8"))
        for entry in table.values():
            entry["counts_as"]
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, KeyError, TypeError):
        raise ValueError(f"{path}: not a table of accepted changes; see `strefer accept`") from None
    return table


def counts_as(digest: str, table: Table) -> str:
    """The digest whose results count as this one's: itself, if nothing was accepted."""
    return table[digest]["counts_as"] if digest in table else digest


def accept(root: Path, since: str, reason: str, only: tuple[str, ...] = ()) -> list[str]:
    """Let the current code count as the code of a commit.

    Acceptances of code that has changed since are dropped: no run can ask for their digests.

    Args:
        root: the project's folder, a git repository.
        since: the commit before the neutral change.
        reason: why it changes no result.
        only: names of scripts or environments; none means all that differ.

    Returns:
        The names of what was accepted.

    Raises:
        ValueError: if the commit does not exist, or nothing differs.
    """
    if not reason.strip():
        raise ValueError("accept: give the reason why the change changes no result")
    table = load_table(root / FILE)
    commit = _git(root, "rev-parse", "--verify", f"{since}^{{commit}}").decode().strip()
    with tempfile.TemporaryDirectory() as folder:
        archive = _git(root, "archive", commit, "scripts", "envs", "config")
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        before = dict(_digests(Path(folder)))
        # What the code at that commit counts as: this table drops such entries as dead.
        earlier = load_table(Path(folder) / FILE) | table
    names, now = [], dict(_digests(root))
    for name, digest in now.items():
        old = before.get(name)
        if old is None or counts_as(old, earlier) == counts_as(digest, table):
            continue
        if only and name not in only:
            continue
        table[digest] = {
            "counts_as": counts_as(old, earlier),
            "of": name,
            "since": commit,
            "reason": reason.strip(),
            "date": datetime.date.today().isoformat(),
        }
        names.append(name)
    if not names:
        raise ValueError(f"accept: nothing differs from {since}")
    table = {digest: table[digest] for digest in now.values() if digest in table}
    with atomic_write(root / FILE) as file:
        file.write(json.dumps(table, indent=2, sort_keys=True) + "\n")
    return names


def _digests(root: Path) -> Iterator[tuple[str, str]]:
    """Every script and environment with its digest."""
    scripts = root / "scripts"
    for path in sorted(scripts.glob("*.py")):
        if path.stem != "train_teacher":
            yield path.stem, code_of(path.stem, scripts=scripts)
            continue
        # A teacher's training is imported by its name.
        for module in sorted((scripts / "drawn_world" / "teachers").glob("*/train.py")):
            teacher = module.parent.name
            trained_by = f"drawn_world.teachers.{teacher}.train"
            yield f"{path.stem}:{teacher}", code_of(path.stem, trained_by, scripts=scripts)
    for path in sorted((root / "envs").glob("*.yaml")):
        yield f"envs/{path.name}", environment_digest(path)


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, check=True, timeout=60
        )
    except FileNotFoundError:
        raise ValueError("accept: needs git, to see the code before the change") from None
    except subprocess.CalledProcessError as error:
        raise ValueError(f"accept: git: {error.stderr.decode(errors='replace').strip()}") from None
    return done.stdout
