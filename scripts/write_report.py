"""Rule write_report: one page on the run."""

from pathlib import Path

from strefer.report.write_report import write_report
from strefer.workflow.logs import start_log
from strefer.workflow.store_upkeep import speeds_of

start_log(snakemake.log[0])
quality = snakemake.input.get("quality")
write_report(
    stages={s: [Path(p) for p in snakemake.input[s]] for s in snakemake.params.stages},
    scores={
        tuple(pair): Path(path)
        for pair, path in zip(snakemake.params.scored, snakemake.input.scores, strict=True)
    },
    training_logs={
        student: Path(folder) / "training_log.jsonl"
        for student, folder in zip(
            snakemake.params.students, snakemake.input.checkpoints, strict=True
        )
    },
    quality=Path(quality) if quality else None,
    output=Path(snakemake.output[0]),
    run=snakemake.params.run,
    seed=snakemake.params.seed,
    warning=snakemake.params.warning,
    speeds=speeds_of(Path(snakemake.output[0]).parent),
    lost=snakemake.params.lost,
)
