"""Rule prepare_server: where the program is that serves models."""

from pathlib import Path

from strefer.serving.prepare_server import prepare_server
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
prepare_server(output=Path(snakemake.output[0]), environment=snakemake.wildcards.environment)
