"""The detector through the groundingdino-py package: the paper's engine.

The package breaks on transformers 5, so it has a separate environment; it is imported only when a
detector is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strefer.agents.detector.interface import RawDetection, prompt_of, read_queries
from strefer.agents.devices import device_of
from strefer.stage.meter import metered

# The checkpoints that the package's authors publish, with the package's own settings for each.
CHECKPOINTS = {
    "groundingdino-tiny": ("groundingdino_swint_ogc.pth", "GroundingDINO_SwinT_OGC.py"),
    "groundingdino-base": ("groundingdino_swinb_cogcoor.pth", "GroundingDINO_SwinB_cfg.py"),
}
HUB_REPOSITORY = "ShilongLiu/GroundingDINO"
SHORTER_SIDE_PX, LONGER_SIDE_PX = 800, 1333  # what the checkpoints were trained on


class GroundingDinoDetector:
    """groundingdino-py, one frame at a time as the package does it."""

    def __init__(self, model: Any, device: str) -> None:
        self.model = model
        self.device = device

    @classmethod
    def load(cls, spec: dict) -> GroundingDinoDetector:
        """Build the package's model and read its weights.

        Args:
            spec: `model` is "groundingdino-tiny", "groundingdino-base", or the path of a .pth file
                of the tiny one; optional `revision`, `device` (by default cuda where there is one).

        Raises:
            ValueError: for another model.
        """
        name = str(spec["model"])
        if name not in CHECKPOINTS and not Path(name).is_file():
            raise ValueError(
                f"configuration: agents.detector.model is {name!r}; the adapter groundingdino "
                f"accepts {', '.join(CHECKPOINTS)} or the path of a .pth file"
            )
        import groundingdino
        import torch
        from groundingdino.models import build_model
        from groundingdino.util.misc import clean_state_dict
        from groundingdino.util.slconfig import SLConfig
        from huggingface_hub import hf_hub_download

        file, settings = CHECKPOINTS.get(name, (name, CHECKPOINTS["groundingdino-tiny"][1]))
        weights = (
            hf_hub_download(HUB_REPOSITORY, file, revision=spec.get("revision"))
            if name in CHECKPOINTS
            else name
        )
        device = device_of(spec.get("device"))
        folder = Path(groundingdino.__file__).parent / "config"
        arguments = SLConfig.fromfile(str(folder / settings))
        arguments.device = device
        model = build_model(arguments)
        # The weights are published as a pickle only: read the tensors and nothing else of it.
        state = torch.load(weights, map_location="cpu", weights_only=True)["model"]
        model.load_state_dict(clean_state_dict(state), strict=False)
        return cls(model.eval(), device)

    @metered
    def detect(
        self,
        frames: Sequence[np.ndarray],
        phrases: Sequence[str],
        box_threshold: float,
        text_threshold: float,
    ) -> list[list[RawDetection]]:
        """As `Detector.detect`."""
        import groundingdino.datasets.transforms as transforms
        import torch
        from PIL import Image

        prompt, thresholds = prompt_of(phrases), (box_threshold, text_threshold)
        if not prompt.spans:
            return [[] for _ in frames]
        read = self.model.tokenizer(prompt.text, return_offsets_mapping=True)
        tokens = prompt.tokens(read["offset_mapping"])
        prepare = transforms.Compose(
            [
                transforms.RandomResize([SHORTER_SIDE_PX], max_size=LONGER_SIDE_PX),
                transforms.ToTensor(),
                transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            ]
        )
        found = []
        for frame in frames:
            pixels, _ = prepare(Image.fromarray(frame), None)
            with torch.inference_mode():
                output = self.model(pixels[None].to(self.device), captions=[prompt.text])
            boxes = output["pred_boxes"][0].float().cpu().numpy()
            probabilities = output["pred_logits"][0].float().sigmoid().cpu().numpy()
            size = (frame.shape[1], frame.shape[0])
            found.append(read_queries(boxes, probabilities, tokens, thresholds, size))
        return found
