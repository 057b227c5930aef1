"""Run a command under limits, measure its whole process tree and leave none of it behind.

Linux only. The command runs below a supervisor of its own (this file, run as a script), which
adopts every process that loses its parent: what daemonises is counted and ended as well.
"""

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
MB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a command may use; beyond it the whole tree is killed.

    ``seconds`` of wall time; ``memory`` in bytes, of address space for each process and of
    resident memory for the tree; ``disk`` in bytes, for one file and for what the file system
    loses; ``tick`` is how often the tree is looked at, in seconds, and ``pss`` whether its
    proportional memory is then summed (that costs time, so measure memory in runs of its own).
    """

    seconds: float = 600.0
    memory: int = 4096 * MB
    processes: int = 200
    disk: int = 1024 * MB
    tick: float = 0.25
    pss: bool = False


USUAL = Limits()


@dataclass(frozen=True)
class Run:
    """How a command went.

    ``code`` is its exit status (negative for a signal). ``wall`` and ``cpu`` are seconds, CPU
    being user and system time of the whole tree; ``largest`` is the peak resident memory of its
    largest process and ``pss`` the peak of the tree's sum, in bytes (0 when not asked for).
    ``stopped`` names the limit that was met. ``left`` counts processes that outlived the command.
    """

    code: int
    wall: float
    cpu: float
    largest: int
    pss: int
    stopped: str
    left: int
    output: str


def run(command, cwd, env=None, limits=USUAL) -> Run:
    """Run a command in a folder; raises RuntimeError when the supervisor itself fails."""
    with tempfile.TemporaryFile() as output:
        order = {"command": [str(c) for c in command], "limits": asdict(limits)}
        done = subprocess.run(
            [sys.executable, __file__, json.dumps(order)],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
        )
        output.seek(max(0, output.seek(0, os.SEEK_END) - 20_000))
        text = output.read().decode("utf-8", "replace")
    if done.returncode:
        raise RuntimeError(f"the supervisor of {command[0]} failed: {text}")
    return Run(**json.loads(done.stdout), output=text)


def _supervise(command, limits: Limits) -> dict:
    """Start the command, wait for it, end what is left; the part that runs in the supervisor."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory,) * 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.disk,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    watch, code = Watch(limits), None
    try:
        start = time.perf_counter()
        child = subprocess.Popen(
            command, stdout=sys.stderr, stderr=sys.stderr, start_new_session=True,
            preexec_fn=prepare,
        )  # fmt: skip
        watch.start()
        while child.poll() is None and not watch.stopped:
            signal.sigtimedwait({signal.SIGCHLD}, limits.tick)
            _reap(but=child.pid)
        wall = time.perf_counter() - start
        code = child.poll()
    finally:
        watch.end()
        left = _end_all(grace=0.0 if watch.stopped else 1.0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "code": -signal.SIGKILL if code is None else code,
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "largest": used.ru_maxrss * 1024,
        "pss": watch.pss,
        "stopped": watch.stopped,
        "left": left,
    }


class Watch(threading.Thread):
    """Looks at the tree now and then, and says which limit it met."""

    def __init__(self, limits: Limits):
        super().__init__(daemon=True)
        self.limits, self.stopped, self.pss = limits, "", 0
        self._free, self._over = shutil.disk_usage(".").free, threading.Event()
        self._until = time.monotonic() + limits.seconds

    def run(self) -> None:
        """Look until told to end."""
        while not self._over.wait(self.limits.tick):
            self.stopped = self._look()
            if self.stopped:
                # Wakes the supervisor, which waits for nothing else.
                os.kill(os.getpid(), signal.SIGCHLD)
                return

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        if self.is_alive():
            self.join()

    def _look(self) -> str:
        tree = _descendants()
        if self.limits.pss:
            self.pss = max(self.pss, sum(map(_pss, tree)))
        if time.monotonic() > self._until:
            return "time"
        if len(tree) > self.limits.processes:
            return "processes"
        if sum(map(_resident, tree)) > self.limits.memory:
            return "memory"
        if self._free - shutil.disk_usage(".").free > self.limits.disk:
            return "disk"
        return ""


def _descendants() -> list[int]:
    """Return the process ids of all that is below this process."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path("/proc", name, "stat").read_text("utf-8", "replace")
            except OSError:
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state != "Z":
                parents.setdefault(int(parent), []).append(int(name))
    found = list(parents.get(os.getpid(), []))
    for pid in found:
        found += parents.get(pid, [])
    return found


def _resident(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * resource.getpagesize()


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _reap(but: int = 0) -> None:
    """Collect the adopted processes that have ended; ``but`` is for its own Popen."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None or ended.si_pid == but:
                return
            os.waitpid(ended.si_pid, 0)
        except ChildProcessError:
            return


def _end_all(grace: float) -> int:
    """Kill all descendants; returns how many had not gone by themselves after the grace time."""
    until = time.monotonic() + grace
    while _descendants() and time.monotonic() < until:
        _reap()
        time.sleep(0.02)
    left = len(_descendants())
    while tree := _descendants():
        for pid in tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        time.sleep(0.005)
    # A dead process can be collected when the last of its threads is gone.
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    return left


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    print(json.dumps(_supervise(order["command"], Limits(**order["limits"]))))
