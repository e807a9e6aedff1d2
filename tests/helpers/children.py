"""Processes to be killed: forks of this one, so that hundreds of them cost no imports."""

import os
import signal
import sys
import time


def start(function, *arguments):
    """Call a function in a child. Gives the child's process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        function(*arguments)
        status = 0
    finally:
        os._exit(status)


def end(child):
    """Wait for a child. Gives its exit status; that of one that was killed is minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_after(child, seconds):
    """Kill a child by SIGKILL after a while. Gives its exit status."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pass  # sleeping is too coarse to hit a write
    os.kill(child, signal.SIGKILL)
    return end(child)
