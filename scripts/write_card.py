"""Rule write_card: the dataset card of a run's exported pairs."""

from pathlib import Path

from strefer.prompts import load_prompt
from strefer.recipes.write_card import write_card
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
write_card(
    accepted=[Path(path) for path in snakemake.input.accepted],
    output=Path(snakemake.output[0]),
    about={
        "run": snakemake.params.run,
        "agents": snakemake.params.agents,
        "prompts": {r: load_prompt(p).digest for r, p in snakemake.params.prompts.items()},
        "warning": snakemake.params.warning,
    },
)
