#!/usr/bin/env bash
# The system parts that tests use: SLURM and its key daemon, and the browser Chromium. Debian or
# Ubuntu, as root. Ends at once when they are there. Where one cannot be had, its tests skip.
set -euo pipefail
PATH=$PATH:/usr/sbin
missing=()
(($(command -v slurmctld slurmd munged | wc -l) == 3)) || missing+=("slurm-wlm munge")
command -v chromium >/dev/null || missing+=("chromium")
((${#missing[@]})) || exit 0

if ((EUID)) || ! command -v apt-get >/dev/null; then
    echo "missing: ${missing[*]}. Root installs them, with apt-get" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q || true
for packages in "${missing[@]}"; do
    # shellcheck disable=SC2086 # several words are several packages
    if ! apt-get install -y -q --no-install-recommends $packages; then
        echo "missing, and could not be installed: $packages" >&2
    fi
done
