"""Rule rehearse: the page, the table and the text of a rehearsal."""

from pathlib import Path

from strefer.rehearsal.rehearse import rehearse
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
given = snakemake.params
rehearse(
    run=Path(snakemake.output.page).parent,
    stages={stage: [Path(path) for path in snakemake.input[stage]] for stage in given.stages},
    recordings={stage: Path(path) for stage, path in given.recordings.items()},
    jobs=given.jobs,
    whole=given.whole,
    page=Path(snakemake.output.page),
    table=Path(snakemake.output.table),
    text=Path(snakemake.output.text),
    warning=given.warning,
)
