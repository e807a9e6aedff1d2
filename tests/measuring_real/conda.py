"""The chain to its pairs with an environment of its own for each rule, as conda makes them."""

import re
import subprocess

from benching.folders import SNAKEMAKE, working_folder
from helpers.counted_cases import outcomes

TESTS = "tests/workflow/test_closed_environments.py"
PAIRS = "results/apart/instructions/00000-of-00001.jsonl"


def measure(conda, **_):
    """How many rules there are, and 1 if they make the same pairs, else 0."""
    if not conda:
        print("environments are made with --conda only: that takes long, and gigabytes")
        return {}
    (same,) = outcomes(TESTS, "-m", "long", "-k", "makes_the_same_pairs").values()
    with working_folder() as folder:
        options = ["--dry-run", "--cores", "1", "--sdm", "conda", "--config", "run=apart"]
        options += ["shards=1", "demo={films: 1, long_films: 0}"]
        planned = subprocess.run(
            [*SNAKEMAKE, *options, "--", PAIRS],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    rules = set(re.findall(r"^(?:local)?rule (\w+):", planned.stdout + planned.stderr, re.M))
    return {"conda.rules": len(rules), "conda.identical": int(same)}
