"""Loads the tracker that a specification names."""

from __future__ import annotations

from strefer.agents.environments import telling_of_packages
from strefer.agents.tracker.interface import Tracker


@telling_of_packages("tracker")
def load_tracker(spec: dict) -> Tracker:
    """The tracker that `spec` names.

    Args:
        spec: `adapter` ("transformers" or "sam2"), `model` (folder or hub id), and as the adapter
            knows them `revision`, `dtype`, `device`, `max_batch`.
    """
    # Each engine is imported only where it is asked for: they live in different environments.
    adapter = spec.get("adapter")
    if adapter == "transformers":
        from strefer.agents.tracker.with_transformers import TransformersTracker

        return TransformersTracker.load(spec)
    if adapter == "sam2":
        from strefer.agents.tracker.with_sam2 import Sam2PackageTracker

        return Sam2PackageTracker.load(spec)
    raise ValueError(
        f"config: agents.tracker.adapter is {adapter!r}; it must be 'transformers' or 'sam2'"
    )
