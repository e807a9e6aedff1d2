"""Rule export_instructions: a run's pairs as JSON, JSON Lines and Parquet, with a dataset card."""

from pathlib import Path

from strefer.prompts import load_prompt
from strefer.recipes.export_instructions import export_instructions
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
export_instructions(
    instructions=[Path(path) for path in snakemake.input.instructions],
    masklets=[Path(path) for path in snakemake.input.masklets],
    videos=[Path(path) for path in snakemake.input.videos],
    output=Path(snakemake.output[0]),
    about={
        "run": snakemake.params.run,
        "agents": snakemake.params.agents,
        "prompts": {r: load_prompt(p).digest for r, p in snakemake.params.prompts.items()},
        "warning": snakemake.params.warning,
    },
)
