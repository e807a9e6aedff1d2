"""Rule export_instructions: a shard's pairs as Parquet."""

from pathlib import Path

from strefer.recipes.export_instructions import export_instructions
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
export_instructions(
    instructions=Path(snakemake.input.instructions),
    masklets=Path(snakemake.input.masklets),
    videos=Path(snakemake.input.videos),
    accepted=Path(snakemake.output.accepted),
    rejected=Path(snakemake.output.rejected),
)
