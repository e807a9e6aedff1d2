"""Loads the detector that a specification names."""

from __future__ import annotations

from strefer.agents.detector.interface import Detector
from strefer.agents.environments import telling_of_packages


@telling_of_packages("detector")
def load_detector(spec: dict) -> Detector:
    """The detector that `spec` names.

    Args:
        spec: `adapter` ("transformers" or "groundingdino"), `model` (folder or hub id), and as the
            adapter knows them `revision`, `dtype`, `device`, `max_batch`.

    Raises:
        ValueError: for another adapter.
    """
    # Each engine is imported only where it is asked for: they live in different environments.
    adapter = spec.get("adapter")
    if adapter == "transformers":
        from strefer.agents.detector.with_transformers import TransformersDetector

        return TransformersDetector.load(spec)
    if adapter == "groundingdino":
        from strefer.agents.detector.with_groundingdino import GroundingDinoDetector

        return GroundingDinoDetector.load(spec)
    raise ValueError(
        f"configuration: agents.detector.adapter is {adapter!r}; "
        "it must be 'transformers' or 'groundingdino'"
    )
