#!/usr/bin/env bash
# Training on several nodes: srun starts this once on each node, and torchrun starts one process per
# GPU. docs/cluster.md says how a configuration names it. The processes connect to the node from
# which srun was called, the first of the job.
set -euo pipefail
exec python -m torch.distributed.run \
    --nnodes "$SLURM_NNODES" \
    --node-rank "$SLURM_NODEID" \
    --nproc-per-node "${SLURM_GPUS_ON_NODE:-1}" \
    --master-addr "$SLURM_LAUNCH_NODE_IPADDR" \
    --master-port $((20000 + SLURM_JOB_ID % 10000)) \
    "$@"
