"""Find the commits of the hub's models that a run was made with, for its provenance.

A model without a `revision` is the newest on the hub when it is downloaded. The cache knows which
one that was. It is looked up only after the download, so it is not part of any digest; to make a
new commit count, set it as `revision`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strefer.stage.fingerprint import identity_of
from strefer.workflow.requirements.facts import OPEN_CLIP, load_facts, named_models, specs_of
from strefer.workflow.requirements.hub_cache import cached_commit


def models_of_run(
    config: Mapping[str, Any], facts: Path, earlier: Mapping[str, Any], finished: bool
) -> dict[str, dict[str, Any]]:
    """By role, what a run's models are; `commits` are those that its calls found in the cache.

    Args:
        config: the complete configuration.
        facts: the table that knows a model's repository where its name is another.
        earlier: the same of the run's calls before; commits of the same model are kept, as
            results of those calls may be.
        finished: whether the call has ended, so that its models have been downloaded and it is
            worth the time to digest the files of folders.
    """
    hubs = {
        role: (model.hub, model.spec.get("revision"))
        for model in named_models(config, load_facts(facts))
        for role in model.roles
    }
    models = {}
    for role, spec in sorted(specs_of(config).items()):
        name = str(spec["model"]).removeprefix(OPEN_CLIP)
        told = identity_of(dict(spec) | {"model": name}) if finished else {"model": name}
        hub, revision = hubs[role]
        if hub is not None:
            before = earlier.get(role, {})
            commits = before.get("commits", []) if before.get("model") == name else []
            found = cached_commit(hub, revision) if finished else None
            told |= {"hub": hub, "commits": list(dict.fromkeys([*commits, *filter(None, [found])]))}
        models[role] = told
    return models
