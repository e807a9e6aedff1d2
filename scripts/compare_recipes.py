"""Rule compare_recipes: the first and the last recipe on every benchmark, as a figures file."""

from pathlib import Path

from strefer.benchmarks.scores import compare
from strefer.figures import REPRODUCE, write_figures
from strefer.logs import start_log

start_log(snakemake.log[0])
pairs = zip(snakemake.params.pairs, snakemake.input, strict=True)
figures = {}
for row in compare({tuple(pair): Path(path) for pair, path in pairs}, snakemake.params.seed):
    recipes = list(row["values"])
    figures |= {
        f"{row['benchmark']}.base": row["values"][recipes[0]],
        f"{row['benchmark']}.strefer": row["values"][recipes[-1]],
        f"{row['benchmark']}.difference": row["difference"],
        f"{row['benchmark']}.difference_low": row["low"],
        f"{row['benchmark']}.difference_high": row["high"],
    }
write_figures(Path(snakemake.output[0]), REPRODUCE, figures, "make reproduce")
