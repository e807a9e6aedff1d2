"""Rule write_gallery: the pages around the gallery's films."""

from pathlib import Path

from strefer.gallery.write_gallery import write_gallery
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
write_gallery(
    shards=snakemake.params.shards,
    output=Path(snakemake.output.index).parent,
    run=snakemake.params.run,
    warning=snakemake.params.warning,
    corrections=snakemake.params.corrections,
)
