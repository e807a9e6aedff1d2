"""Files of shards that a run no longer has: of another number of `shards`, or without a film."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

_SHARD = re.compile(r"\d{5}-of-\d{5}")


def remove_stale_shards(run: Path, shards: Collection[str]) -> list[Path]:
    """Remove the shard files, logs and usage of all other shards, so that readers of a results
    folder do not count a film twice. The item store keeps what was computed for them.

    Args:
        run: the run's folder.
        shards: the names of the shards that it has, such as "00000-of-00002".

    Returns:
        What was removed.
    """
    kinds = ("*/*.jsonl", "logs/*/*.log", "usage/*/*.tsv", "store/*/*.used")
    found = sorted(path for kind in kinds for path in run.glob(kind))
    found = [path for path in found if _SHARD.fullmatch(path.stem)]
    found += sorted(run.glob("export/*/*"))  # `datasets` reads all of these
    stale = [path for path in found if path.stem not in shards]
    for path in stale:
        path.unlink()
    return stale
