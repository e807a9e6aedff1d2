"""The models of all configurations, and a cache that holds a tiny checkpoint of each."""

import yaml

from helpers.configurations import ROOT, read_configuration
from helpers.hub_files import snapshot_of
from helpers.tiny_checkpoints import BUILDERS
from strefer.workflow.requirements.facts import load_facts, named_models

FACTS = load_facts(ROOT / "config" / "models.yaml")


def _configurations():
    """Those that name agents; the others are added to one of them."""
    for file in sorted((ROOT / "config").glob("*.yaml")):
        if isinstance(yaml.safe_load(file.read_text()).get("agents"), dict):
            yield file.stem, read_configuration(file.stem)


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
