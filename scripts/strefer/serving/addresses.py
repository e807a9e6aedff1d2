"""The addresses of a run's model servers: one file per server in the model's folder, as long as the
server answers. The files contain keys, so only their owner can read them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from strefer.files import atomic_write


@dataclass(frozen=True)
class Address:
    """A server's address, such as http://node7:8000/v1, and the key that it asks for."""

    url: str
    key: str


def write_address(folder: Path, number: int, address: Address) -> None:
    """Let jobs find a server of a model, by its number.

    Raises:
        OSError: if the folder is gone: the server is no longer wanted.
    """
    file = folder / f"{number}.json"
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(json.dumps(asdict(address)), encoding="utf-8")


def remove_address(folder: Path, number: int) -> None:
    """Let no job find a server any more."""
    (folder / f"{number}.json").unlink(missing_ok=True)


def read_addresses(folder: Path) -> list[Address]:
    """The servers that answer now."""
    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            found.append(Address(**json.loads(file.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):  # it has just gone, or is being written
            continue
    return found


def write_failure(folder: Path, number: int, reason: str) -> None:
    """Say why a server does not come, or will not come back."""
    if folder.is_dir():
        with atomic_write(folder / f"{number}.failed") as file:
            file.write(reason)


def read_failures(folder: Path) -> list[str]:
    """The reason why no server will start."""
    return [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.failed"))]
