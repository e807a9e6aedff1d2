"""The configurations of config/, complete as Snakemake's jobs see them."""

from pathlib import Path

import yaml

from strefer.workflow.configuration.complete import complete

ROOT = Path(__file__).resolve().parents[2]


def read_configuration(name, **agents):
    """config/<name>.yaml with every default filled in.

    Args:
        agents: by role, specifications that take the place of the file's.
    """
    told = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())
    if agents:
        told["agents"] |= agents
    return complete(told)
