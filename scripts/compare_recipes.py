"""Rule compare_recipes: all recipes on every benchmark, as a figures file."""

from pathlib import Path

from strefer.benchmarks.scores import compare
from strefer.figures import REPRODUCE, write_figures
from strefer.logs import start_log

start_log(snakemake.log[0])
pairs = zip(snakemake.params.pairs, snakemake.input, strict=True)
figures = {}
for row in compare({tuple(pair): Path(path) for pair, path in pairs}, snakemake.params.seed):
    figures |= {f"{row['benchmark']}.{recipe}": value for recipe, value in row["values"].items()}
    figures |= {
        f"{row['benchmark']}.difference": row["difference"],
        f"{row['benchmark']}.difference_low": row["low"],
        f"{row['benchmark']}.difference_high": row["high"],
    }
write_figures(Path(snakemake.output[0]), REPRODUCE, figures, "make reproduce")
