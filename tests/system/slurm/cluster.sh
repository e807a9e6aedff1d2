#!/usr/bin/env bash
# A real SLURM of two nodes on this machine: cluster.sh start | stop | pause | resume. As root.
# Its configuration goes to /etc/slurm, where jobs look for it; one that is not ours stays.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=/var/lib/strefer-slurm
mark="Made by tests/system/slurm/cluster.sh"
nodes=(small large)
configuration=(slurm.conf gres.conf)
PATH=$PATH:/usr/sbin

fail() {
    echo "$1" >&2
    exit 1
}

is_ours() {
    grep -qs "$mark" "/etc/slurm/$1"
}

is_up() {
    # Every node answers, and none is down or still unknown.
    local states
    states=$(timeout 5 sinfo --noheader --Node --format='%N %T' 2>/dev/null | sort -u) || return 1
    [[ -n $states ]] && ! grep -qE 'down|unk|drain|fail|\*' <<<"$states"
}

write_configuration() {
    local file
    mkdir -p /etc/slurm "$home/state"
    for file in "${configuration[@]}"; do
        if [[ -e /etc/slurm/$file ]] && ! is_ours "$file"; then
            fail "/etc/slurm/$file is not ours: this machine has a SLURM of its own"
        fi
        sed -e "s|@home@|$home|g" -e "s|@host@|$(hostname -s)|g" "$here/$file" >"/etc/slurm/$file"
    done
    for file in "$home"/{t4,h100}-{0,1}; do
        # A second /dev/null is device enough for SLURM to count and to name to the jobs.
        [[ -c $file ]] || mknod "$file" c 1 3
    done
}

start() {
    ((EUID == 0)) || fail "only root can start a SLURM"
    command -v slurmctld >/dev/null || fail "SLURM is missing: call tests/system/install.sh"
    is_up && return
    stop
    write_configuration
    if ! munge --no-input >/dev/null 2>&1; then
        install -d -o munge -g munge /run/munge
        setpriv --reuid=munge --regid=munge --clear-groups munged --force
    fi
    slurmctld -c
    for node in "${nodes[@]}"; do
        mkdir -p "$home/spool.$node"
        slurmd -N "$node"
    done
    for _ in {1..60}; do
        is_up && return
        sleep 0.5
    done
    tail -n 20 "$home"/*.log >&2
    fail "SLURM did not come up within 30 seconds; its logs are in $home"
}

stop() {
    local file pid
    for file in "$home"/*.pid; do
        [[ -e $file ]] || continue
        pid=$(<"$file")
        kill "$pid" 2>/dev/null && tail --pid="$pid" -f /dev/null
        rm -f "$file"
    done
    # A configuration without its SLURM makes every command that asks it wait.
    for file in "${configuration[@]}"; do
        if is_ours "$file"; then rm "/etc/slurm/$file"; fi
    done
}

pause() {
    # The controller goes away, as for a restart; the nodes and their jobs do not notice.
    local pid
    pid=$(<"$home/slurmctld.pid")
    kill "$pid" && tail --pid="$pid" -f /dev/null
}

resume() {
    slurmctld
}

case ${1:-} in
start | stop | pause | resume) "$1" ;;
*) fail "usage: cluster.sh start | stop | pause | resume" ;;
esac
