"""Registers the model `strefer` with lmms-eval, and makes the clone's code importable."""

import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
if not (SCRIPTS / "strefer").is_dir():
    raise ImportError(
        "strefer_lmms must be installed from a clone: pip install -e integrations/lmms_eval"
    )
if str(SCRIPTS) not in sys.path:
    sys.path.append(str(SCRIPTS))


def manifest():
    """What lmms-eval looks for under the entry point `lmms_eval.models`."""
    from lmms_eval.models.registry_v2 import ModelManifest

    return ModelManifest("strefer", simple_class_path="strefer_lmms.model.StreferCheckpoint")
