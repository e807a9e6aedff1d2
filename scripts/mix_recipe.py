"""Rule mix_recipe: a mixture of instruction groups and base data."""

from pathlib import Path

from strefer.recipes.mix_recipe import mix_recipe
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
mix_recipe(
    recipe=Path(snakemake.input.recipe),
    instructions=[Path(path) for path in snakemake.input.instructions],
    masklets=[Path(path) for path in snakemake.input.masklets],
    videos=[Path(path) for path in snakemake.input.videos],
    base_root=Path(snakemake.params.base_root),
    output=Path(snakemake.output[0]),
)
