"""A grader in a process of its own, so that an attack that gets through hits nobody else.

``python -m tests.hostile.arena TIER`` reads one request in JSON a line and answers each
with what became of the submission, of the honest one after it, and of everything around.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import psutil

from bncourse.grade.notebook import Grader, Submitted
from bncourse.grade.settings import versions
from bncourse.grading.record import to_json
from bncourse.grading.sandbox.box import Sandbox
from tests.hostile import canaries
from tests.hostile.making import dump, solution

SET_CHILD_SUBREAPER = 36
EXERCISE = "03_batch_norm"
PATIENT = 20.0  # seconds for honest work, however busy the machine is
SIGNALS = ("SIGURG", "SIGUSR1", "SIGUSR2", "SIGHUP", "SIGTERM", "SIGINT", "SIGALRM", "SIGIO")


class Arena:
    """One grader of one tier, and what it should look like from outside while nothing runs."""

    def __init__(self, tier: str) -> None:
        self.box = Sandbox(time_limit=PATIENT, exactly=tier)
        self.grader = Grader(self.box, "a run", versions())
        self.signals: list[str] = []
        for name in SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._noted)
        # Whoever loses its parent becomes ours, and is found.
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.honest = dump(solution())
        self.rounds = 0
        self.first = self.score(self.honest)
        self.below = [self._below(runner) for runner in self._runners()]

    def _noted(self, number: int, _frame: Any) -> None:
        self.signals.append(signal.Signals(number).name)

    def grade(self, data: bytes) -> dict[str, Any]:
        """Grade one file and return its result as data."""
        return to_json(self.grader.grade(Submitted("a", "A", EXERCISE, "a.ipynb", "", data)))

    def score(self, data: bytes) -> list[float]:
        """Grade one file and return its points and the most there are."""
        result = self.grade(data)
        return [result["score"], result["out_of"]]

    def attacked(self, data: bytes, *, twice: bool, seconds: float) -> dict[str, Any]:
        """Grade a submission, then an honest one, and look around."""
        before, self.signals[:] = self._around(), []
        try:
            self.box.time_limit = seconds
            results = [self.grade(data) for _ in range(1 + twice)]
            after = self._around()
            left = self._left()
            self.box.time_limit = PATIENT
            following = self._following()
        except Exception:
            return {"crash": traceback.format_exc()}
        harm = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
        return {
            "result": results[-1],
            "following": following,
            "left": left,
            "harm": sorted(harm) + self.signals,
        }

    def _following(self) -> list[float]:
        """What an honest submission scores now; seldom asked where each has its own interpreter."""
        self.rounds += 1
        if self.box.tier == "process" and self.rounds % 5:
            return self.first
        return self.score(self.honest)

    def _around(self) -> dict[str, Any]:
        """What a submission may not change: the canaries, this process, its limits."""
        around: dict[str, Any] = {f"file {k}": v for k, v in canaries.look().items()}
        for name in ("RLIMIT_NOFILE", "RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_FSIZE"):
            around[name] = resource.getrlimit(getattr(resource, name))
        around["priority"] = os.getpriority(os.PRIO_PROCESS, 0)
        around["folder"] = sorted(os.listdir(os.getcwd()))
        with contextlib.suppress(AttributeError):
            around["processors"] = sorted(os.sched_getaffinity(0))
        return around

    def _left(self) -> list[str]:
        """The processes that should not be there any more."""
        runners = self._runners()
        known = {pid for runner in runners for pid in (runner, *self._tree(runner))}
        strays = [p for p in psutil.Process().children(recursive=True) if p.pid not in known]
        left = [text for p in strays if (text := _describe(p))]
        usual = max(self.below, default=0)
        more = [
            f"{self._below(r) - usual} below a runner" for r in runners if self._below(r) > usual
        ]
        return left + more

    def _runners(self) -> list[int]:
        processes = [getattr(r, "_process", None) for r in self.box._runners.values()]
        return [process.pid for process in processes if process is not None]

    def _tree(self, pid: int) -> list[int]:
        with contextlib.suppress(psutil.Error):
            return [p.pid for p in psutil.Process(pid).children(recursive=True)]
        return []

    def _below(self, pid: int) -> int:
        return len(self._tree(pid))


def _describe(process: psutil.Process) -> str:
    """What a process is; nothing where it has ended and only waits to be forgotten."""
    with contextlib.suppress(psutil.Error):
        if process.status() != psutil.STATUS_ZOMBIE:
            return f"{process.pid} {process.status()} {' '.join(process.cmdline())[:80]}"
    return ""


def main() -> None:
    """Serve requests until there are no more. Says first what an honest submission scores."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(data: Any) -> None:
        print(json.dumps(data), file=out, flush=True)

    try:
        arena = Arena(sys.argv[1])
    except Exception as error:
        say({"cannot": f"{type(error).__name__}: {error}"})
        return
    say({"first": arena.first, "tier": arena.box.tier})
    for line in sys.stdin:
        data = Path("handed-in").read_bytes()
        say(arena.attacked(data, **json.loads(line)))
    arena.box.close()


if __name__ == "__main__":
    main()
