"""The servers that a run has started for a model: one of them at a time, and another if it dies."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from strefer.serving.addresses import Address, read_addresses, read_failures
from strefer.stage.run import MachineFault

PAUSE_S = 2.0
FORGET_S = 30.0  # after which a server that was lost is tried again
Client = TypeVar("Client")


class ServedClients(Generic[Client]):
    """Clients of a model's servers.

    Args:
        folder: the model's folder of addresses.
        servers: how many there may be.
        connect: makes a client of an address.
    """

    def __init__(self, folder: Path, servers: int, connect: Callable[[Address], Client]) -> None:
        self._folder, self._servers, self._connect = folder, servers, connect
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._address: Address | None = None
        self._lost: dict[Address, float] = {}

    def current(self) -> Client:
        """The client to ask; waits until a server answers.

        Raises:
            MachineFault: if none will.
        """
        with self._lock:
            while self._client is None:
                there = [a for a in read_addresses(self._folder) if not self._is_lost(a)]
                if there:
                    self._address = there[os.getpid() % len(there)]
                    self._client = self._connect(self._address)
                    break
                failures = read_failures(self._folder)
                if len(failures) >= self._servers:
                    raise MachineFault("; ".join(dict.fromkeys(failures)))
                if not self._folder.is_dir():
                    raise MachineFault(f"the run has stopped its servers: {self._folder} is gone")
                time.sleep(PAUSE_S)
            return self._client

    def lose(self, client: Client) -> None:
        """Take another server from now on, if this client is still the one in use."""
        with self._lock:
            if client is self._client and self._address is not None:
                self._lost[self._address] = time.monotonic()
                self._client = None

    def _is_lost(self, address: Address) -> bool:
        lost = self._lost.get(address)
        return lost is not None and time.monotonic() - lost < FORGET_S
