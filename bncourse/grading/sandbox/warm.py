"""The parent's side of a warm runner, with or without namespaces around it (Linux)."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile

import numpy as np

from bncourse.grading.sandbox import landlock, namespaces, syscalls, wire
from bncourse.grading.sandbox.job import Ended
from bncourse.grading.sandbox.preload import CPU_SECONDS, ONE_THREAD
from bncourse.grading.sandbox.readable import PACKAGE, library_folders
from bncourse.grading.sandbox.root import other_user
from bncourse.grading.sandbox.runner import END, ENDED, RUN

BOOT = (
    "import sys; sys.path[:0] = {path!r}; "
    "from bncourse.grading.sandbox.runner import main; main({control})"
)
START_SECONDS = 60.0


class RunnerError(Exception):
    """The runner could not be started, or is gone."""


class WarmRunner:
    """A runner process of one kind. Raises RunnerError when it cannot be started."""

    def __init__(self, kind: str, *, within_namespaces: bool) -> None:
        self.kind = kind
        program = np.frombuffer(syscalls.program(), "u1")
        namespaces.look_for(within_namespaces)
        other = other_user()
        self._folder = "" if within_namespaces else tempfile.mkdtemp(prefix="bncourse-")
        if other and self._folder:
            os.chown(self._folder, *other)
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = self._launch(theirs.fileno(), other)
        settings = {
            "kind": kind,
            "private": self._folder or namespaces.PRIVATE,
            "libraries": library_folders(),
            "path": [*(p for p in sys.path if _standard(p)), *library_folders()],
            "landlock": landlock.version() > 0,
            "cpu": CPU_SECONDS,
        }
        try:
            self._control.settimeout(START_SECONDS)
            self._control.sendall(wire.encode(settings, [program]))
            wire.read_message(self._control.recv)
        except (OSError, EOFError, wire.WireError):
            said = self.close()
            raise RunnerError(f"the {kind} runner did not start: {said}") from None

    def _launch(self, control: int, other: tuple[int, int] | None) -> subprocess.Popen[bytes]:
        libraries = library_folders()
        course = os.path.dirname(PACKAGE) if self._folder else namespaces.COURSE
        boot = BOOT.format(path=[course, *libraries], control=control)
        command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", boot]
        environment = _environment(
            (self._folder or namespaces.PRIVATE) if other else _matplotlib_folder()
        )
        if not self._folder:
            command = namespaces.around(command, libraries, environment["MPLCONFIGDIR"])
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[control],
            env=environment,
            start_new_session=True,
            **({"user": other[0], "group": other[1], "extra_groups": []} if other else {}),
        )

    def start(self) -> WarmSession:
        """Fork a child. Raises RunnerError when the runner is gone."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [RUN], [theirs.fileno()])
        except OSError:
            ours.close()
            raise RunnerError(f"the {self.kind} runner is gone") from None
        return WarmSession(self._control, ours)

    def close(self) -> str:
        """End the runner with everything in it; returns the last line that it complained."""
        self._control.close()
        try:
            _, said = self._process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, said = self._process.communicate()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        lines = said.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.returncode}"


class WarmSession:
    """A child forked by a warm runner."""

    def __init__(self, control: socket.socket, job: socket.socket) -> None:
        self._control, self._job = control, job

    def send(self, data: bytes, seconds: float = START_SECONDS) -> None:
        """Send the request, or an answer. Raises OSError when nobody takes it in that time."""
        self._job.settimeout(seconds)
        self._job.sendall(data)

    def receive(self, seconds: float) -> bytes | None:
        """Return the next bytes, b"" when the child is gone, None after ``seconds``."""
        self._job.settimeout(max(seconds, 1e-4))
        try:
            return self._job.recv(1 << 18)
        except TimeoutError:
            return None
        except ConnectionResetError:
            return b""

    def overfull(self) -> bool:
        """Say False: the runner looks after the folder, which may lie where we cannot."""
        return False

    def end(self) -> Ended:
        """Kill the child and tidy up. Raises RunnerError when the runner is gone."""
        self._job.close()
        answer = b""
        with contextlib.suppress(OSError):
            self._control.sendall(END)
            while len(answer) < ENDED.size:
                piece = self._control.recv(ENDED.size - len(answer))
                if not piece:
                    break
                answer += piece
        if len(answer) < ENDED.size:
            raise RunnerError("the runner is gone")
        return Ended(*ENDED.unpack(answer))


def _environment(matplotlib: str) -> dict[str, str]:
    """The runner's environment: nothing of the instructor's."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "MPLCONFIGDIR": matplotlib,
        **ONE_THREAD,
    }


def _matplotlib_folder() -> str:
    """Return a folder where Matplotlib keeps its list of fonts between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(base, "bncourse", "matplotlib")
    with contextlib.suppress(OSError):
        os.makedirs(folder, exist_ok=True)
    return folder


def _standard(path: str) -> bool:
    inside = path.startswith((sys.base_prefix, sys.base_exec_prefix))
    return inside and not path.endswith(("site-packages", "dist-packages"))
