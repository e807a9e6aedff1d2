#!/usr/bin/env bash
# The system parts that tests use: SLURM and its key daemon. Debian or Ubuntu, as root.
# Ends at once when they are there. Where they cannot be had, the tests of them skip.
set -euo pipefail
PATH=$PATH:/usr/sbin
if (($(command -v slurmctld slurmd munged | wc -l) == 3)); then
    exit 0
fi

if ((EUID)) || ! command -v apt-get >/dev/null; then
    echo "SLURM is missing: root installs it, with apt-get" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -q && apt-get install -y -q --no-install-recommends slurm-wlm munge; }; then
    echo "SLURM is missing and could not be installed" >&2
fi
