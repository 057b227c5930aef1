"""The warm runner: a process with libraries loaded that forks one child for each submission.

It is told what to do in single bytes and passes the ends of a submission's socket on without
ever reading from them, so that no child inherits anything of an earlier learner.

``r`` with a descriptor: fork a child that serves it. ``e``: end that child, tidy up, and answer
how it ended. The end of the control socket ends the runner.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import struct
import sys

from bncourse.grading.sandbox import child, landlock, wire
from bncourse.grading.sandbox.confine import (
    Limits,
    address_space,
    confine,
    die_with_parent,
    leave_everything,
)
from bncourse.grading.sandbox.folder import overfull
from bncourse.grading.sandbox.preload import HIDDEN, MEMORY, load
from bncourse.grading.sandbox.readable import readable
from bncourse.grading.sandbox.warm_up import warm_up

RUN, END = b"r", b"e"
LOOK = 0.025  # seconds between two looks at the private folder of a running child
# Wait status, CPU seconds, largest resident size in bytes, whether the private folder was full.
ENDED = struct.Struct("<idq?")


def main(control_fd: int) -> None:
    """Serve the control socket until it closes. Raises OSError where confinement is refused."""
    control = socket.socket(fileno=control_fd)
    settings, arrays = wire.read_message(control.recv)
    kind, private = settings["kind"], settings["private"]
    sys.path[:] = settings["path"]
    load(kind)
    rules = None
    if settings["landlock"]:
        allowed = [
            (path, landlock.READ if whole else landlock.READ_DIR)
            for path, whole in readable(settings["libraries"], HIDDEN[kind])
        ]
        rules = landlock.ruleset([*allowed, (private, landlock.PRIVATE)])
    limits = Limits(cpu=settings["cpu"], memory=address_space() + MEMORY[kind])
    confinement = limits, rules, arrays[0].tobytes()
    os.chdir(private)
    warm_up(kind)
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the children
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("the runner has more than one thread and cannot be forked")
    control.sendall(wire.encode({"ready": True}))
    running, full = 0, False
    while True:
        while running and not select.select([control], (), (), LOOK)[0]:
            if not full and overfull(private):
                full = True
                os.kill(running, signal.SIGKILL)  # it stays ours until it is asked about
        command, fds, _, _ = socket.recv_fds(control, 1, 1)
        if command == RUN:
            running, full = _fork(fds[0], kind, confinement), False
            os.close(fds[0])
        elif command == END:
            control.sendall(_end(running, full) if running else bytes(ENDED.size))
            running = 0
            _tidy(private)
        else:
            if running:
                _end(running, full)
            return


def _fork(job: int, kind: str, confinement: tuple) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        die_with_parent()
        leave_everything(job, confinement[1])
        confine(*confinement)
        child.serve(job, job, kind)
    finally:
        os._exit(0)


def _end(pid: int, full: bool) -> bytes:
    """Kill the child with its process group and say how it ended."""
    for kill in (os.killpg, os.kill):  # the group is there from the child's first step on
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return ENDED.pack(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, full)


def _tidy(folder: str) -> None:
    """Empty the private folder, which is flat: the rules let no child make folders or links."""
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
