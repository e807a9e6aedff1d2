"""Loads the concept tracker that a specification names."""

from __future__ import annotations

from strefer.agents.concept_tracker.interface import ConceptTracker
from strefer.agents.environments import telling_of_packages


@telling_of_packages("concept_tracker")
def load_concept_tracker(spec: dict) -> ConceptTracker:
    """The concept tracker that `spec` names.

    Args:
        spec: `adapter` ("transformers"), `model` (folder or hub id); optional `revision`, `dtype`,
            `device`.

    Raises:
        ValueError: for another adapter, or a model of another class.
    """
    adapter = spec.get("adapter")
    if adapter == "transformers":
        from strefer.agents.concept_tracker.with_transformers import Sam3ConceptTracker

        return Sam3ConceptTracker.load(spec)
    raise ValueError(
        f"configuration: agents.concept_tracker.adapter is {adapter!r}; it must be 'transformers'"
    )
