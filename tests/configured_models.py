"""The models of all configurations, and a cache that holds a tiny checkpoint of each."""

from pathlib import Path

import yaml

from hub_files import snapshot_of
from strefer.configuration import complete, load_schema
from strefer.requirements.facts import load_facts, named_models
from tiny_checkpoints import BUILDERS

ROOT = Path(__file__).parents[1]
FACTS = load_facts(ROOT / "config" / "models.yaml")


def _configurations():
    schema = load_schema(ROOT / "config" / "schema.yaml")
    for file in sorted((ROOT / "config").glob("*.yaml")):
        told = yaml.safe_load(file.read_text())
        if isinstance(told.get("agents"), dict):
            yield file.stem, complete(told, schema)


CONFIGURATIONS = dict(_configurations())


def models_of_hub():
    """The models that are no folder, by name."""
    named = (m for config in CONFIGURATIONS.values() for m in named_models(config, FACTS))
    return {model.name: model for model in named if model.folder is None}


def build_checkpoint(cache, model):
    """Put a tiny checkpoint into a cache; False if no installed class can hold one."""
    if model.facts is None or model.facts.class_ is None:
        return False
    BUILDERS[model.facts.class_](snapshot_of(cache, model.hub), model.name)
    return True
