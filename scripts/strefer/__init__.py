"""Turn raw videos into instruction data for Video LLMs.

Snakemake appends the search path of its own interpreter to the one of each script, so that the
script can read what its rule says. Packages that a job's environment does not have would then be
imported from there unnoticed. By the time a script imports this package it has read its rule, so we
restore the path here.
"""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType


def _folder_of(module: ModuleType) -> str | None:
    """The folder of the search path in which a module that is not part of another was found."""
    file = getattr(module, "__file__", None)
    if file is None:
        return None
    return str(Path(file).parents[1 if hasattr(module, "__path__") else 0])


def _close_environment() -> None:
    """Put the search path back to this interpreter's own and the folder of scripts; drop what was
    imported from elsewhere, but for Snakemake itself, which what a rule says is made of."""
    _ = sys.modules["__main__"].snakemake.params  # it imports what it needs when it is asked
    command = [sys.executable, "-c", "import json, sys; print(json.dumps(sys.path[1:]))"]
    own = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    foreign = set(sys.path)
    sys.path[1:] = [*own, str(Path(__file__).parents[1])]
    foreign -= set(sys.path)
    found = {name for name, module in sys.modules.items() if _folder_of(module) in foreign}
    found -= {"snakemake"}
    for name in [name for name in sys.modules if name.partition(".")[0] in found]:
        del sys.modules[name]


if hasattr(sys.modules["__main__"], "snakemake"):  # this process runs the script of a rule
    _close_environment()
