"""Rule rehearse: the page and the table of a rehearsal."""

from pathlib import Path

from strefer.rehearsal.rehearse import rehearse
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
given = snakemake.params
rehearse(
    run=Path(snakemake.output.page).parent,
    stages={stage: [Path(path) for path in snakemake.input[stage]] for stage in given.stages},
    recordings={stage: Path(path) for stage, path in given.recordings.items()},
    agents=given.agents,
    whole=given.whole,
    page=Path(snakemake.output.page),
    table=Path(snakemake.output.table),
    warning=given.warning,
)
