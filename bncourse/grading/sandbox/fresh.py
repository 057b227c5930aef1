"""One fresh interpreter for each submission: what is possible on every system.

The learner's code is in another process than the answers, within limits of time (and of memory
where the system has them), but it can do to files, processes and network what its user can.
"""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading

import psutil

from bncourse.grading.sandbox.folder import overfull
from bncourse.grading.sandbox.job import Ended
from bncourse.grading.sandbox.preload import CPU_SECONDS, MEMORY, ONE_THREAD
from bncourse.grading.sandbox.readable import PACKAGE, library_folders

BOOT = (
    "import sys; sys.path[:0] = {path!r}; "
    "from bncourse.grading.sandbox.fresh_child import main; main({kind!r}, {cpu}, {memory})"
)
PIECE = 1 << 16
WAITING_PIECES = 64
MARK = "BNCOURSE_JOB"
ROUNDS = 10  # of looking for processes that it keeps starting


class FreshRunner:
    """Starts interpreters of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._boot = BOOT.format(
            path=[os.path.dirname(PACKAGE), *library_folders()],
            kind=kind,
            cpu=CPU_SECONDS,
            memory=MEMORY[kind],
        )

    def start(self) -> FreshSession:
        """Start an interpreter."""
        return FreshSession(self._boot)

    def close(self) -> str:
        """Nothing is left to close."""
        return ""


class FreshSession:
    """One interpreter that serves one request."""

    def __init__(self, boot: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="bncourse-")
        self._mark = secrets.token_hex(16)
        other = _other_user()
        if other:
            os.chown(self._folder, *other)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", boot],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env=_environment(self._folder) | {MARK: self._mark},
            start_new_session=True,
            **({"user": other[0], "group": other[1], "extra_groups": []} if other else {}),
        )
        # Pipes cannot be waited for with a time limit on every system; a thread can.
        self._pieces: queue.Queue[bytes] = queue.Queue(WAITING_PIECES)
        self._closing = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._to_write: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while piece := os.read(self._process.stdout.fileno(), PIECE):
                while not self._closing:
                    with contextlib.suppress(queue.Full):
                        self._pieces.put(piece, timeout=0.2)
                        break
        with contextlib.suppress(queue.Full):
            self._pieces.put(b"", timeout=0.2)

    def _write(self) -> None:
        """Write what is to be sent: whoever does not read must not hold up the grader."""
        with contextlib.suppress(OSError):
            while data := self._to_write.get():
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(self._process.stdin.fileno(), rest) :]

    def send(self, data: bytes, seconds: float = 0.0) -> None:
        """Send the request, or an answer; an interpreter that is gone shows when it is read."""
        self._to_write.put(data)

    def receive(self, seconds: float) -> bytes | None:
        """Return the next bytes, b"" when the interpreter is gone, None after ``seconds``."""
        try:
            return self._pieces.get(timeout=max(seconds, 1e-4))
        except queue.Empty:
            return None if self._reader.is_alive() else b""

    def overfull(self) -> bool:
        """Say whether more was written to the private folder than may be."""
        return overfull(self._folder)

    def end(self) -> Ended:
        """Kill the interpreter and every process that it has started, and tidy up."""
        for _ in range(ROUNDS):
            family = _family(self._process.pid, self._mark)
            for process in family:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            if len(family) <= 1:
                break
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, 9)
        code = self._process.wait()
        self._to_write.put(b"")
        self._writer.join(5)
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._closing = True
        self._reader.join(5)
        self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        return Ended(status=-code if code < 0 else code << 8)


def _other_user() -> tuple[int, int] | None:
    if sys.platform == "win32":
        return None
    from bncourse.grading.sandbox.root import other_user

    return other_user()


def _family(pid: int, mark: str) -> list[psutil.Process]:
    """Return the interpreter and what it has started, also what has left it, by its mark."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid == pid or process.environ().get(MARK) == mark:
                found.append(process)
    return found


def _environment(folder: str) -> dict[str, str]:
    keep = ("SYSTEMROOT", "WINDIR") if sys.platform == "win32" else ()
    return {
        "PATH": os.defpath,
        "HOME": folder,
        "TMPDIR": folder,
        "TEMP": folder,
        "LANG": "C.UTF-8",
        **{name: os.environ[name] for name in keep if name in os.environ},
        **ONE_THREAD,
    }
