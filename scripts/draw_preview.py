"""Rule draw_preview: a moving picture of one film, its masklets, transcript and pairs."""

from pathlib import Path

from strefer.report.draw_preview import draw_preview
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
stages = ("videos", "references", "masklets", "transcripts", "instructions")
draw_preview(
    **{stage: [Path(path) for path in snakemake.input[stage]] for stage in stages},
    output=Path(snakemake.output[0]),
)
