"""Starting arenas, talking to them, and telling when one has been brought down."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from tests.hostile import canaries
from tests.hostile.attack import Attack
from tests.hostile.making import ROOT

PATIENCE = 60.0  # after this long the grader itself hangs
NOBODY = 54321


@cache
def interpreter() -> tuple[list[str], dict[str, str], int | None]:
    """How to run Python as an ordinary user: the command, its environment and the user.

    Attackers are to own the very files that they must not touch. Root becomes somebody else,
    where some interpreter can be run by others; the environment then shows it the libraries.
    """
    mine = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return [sys.executable], mine, None
    libraries = [p for p in sys.path if p.endswith("site-packages")]
    for python in (sys.executable, "/usr/bin/python3"):
        theirs = mine | {"PYTHONPATH": os.pathsep.join([str(ROOT), *libraries])}
        with contextlib.suppress(OSError):
            done = subprocess.run(
                [python, "-c", "import numpy, psutil, bncourse.grade"],
                env=theirs, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True,
            )  # fmt: skip
            if done.returncode == 0:
                return [python], theirs, NOBODY
    return [sys.executable], mine, None


class Contest:
    """An arena of one tier that is set up anew whenever an attack has brought it down."""

    def __init__(self, tier: str, *, as_root: bool = False) -> None:
        self.tier = tier
        self._as_root = as_root
        self.secret = f"sesame-{secrets.token_hex(8)}"
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.mkdtemp(prefix="bncourse-arena-")
        self.cannot = ""

    def ready(self) -> None:
        """Set the arena up where it is not; ``cannot`` says why it cannot be."""
        if self._process is not None or self.cannot:
            return
        command, environment, user = interpreter()
        if self._as_root:
            command, user = [sys.executable], None
        canaries.lay(self.secret, user)
        who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        if user is not None:
            os.chown(self._folder, user, user)
        own = self._temporary(user)
        with Path(self._folder, "said").open("wb") as said:
            self._process = subprocess.Popen(
                [*command, "-m", "tests.hostile.arena", self.tier],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
                cwd=self._folder, start_new_session=True, **who,
                env={**environment, "HOME": str(canaries.PLACE / "home"), "TOKEN": self.secret,
                     "PATH": os.environ.get("PATH", os.defpath), "TMPDIR": own,
                     "XDG_CACHE_HOME": own, "BNCOURSE_CANARIES": str(canaries.PLACE),
                     "BNCOURSE_CANARY_PORT": canaries.port()},
            )  # fmt: skip
        self.cannot = self._hear().get("cannot", "")

    def _temporary(self, user: int | None) -> str:
        path = Path(self._folder, "tmp")
        path.mkdir(exist_ok=True)
        if user is not None:
            os.chown(path, user, user)
        return str(path)

    def attack(self, attack: Attack) -> dict[str, Any]:
        """What became of a submission; "crash" says that the grader did not survive it."""
        self.ready()
        Path(self._folder, "handed-in").write_bytes(attack.file())
        request = {"twice": attack.twice, "seconds": attack.seconds}
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return {"crash": self._ended()}
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        answers = self._process.stdout
        ready = select.select([answers], [], [], PATIENCE)[0]
        line = answers.readline() if ready else b""
        if line.endswith(b"\n"):
            return json.loads(line)
        return {"crash": self._ended() if ready else f"it hung; {self._ended()}"}

    def _ended(self) -> str:
        process, self._process = self._process, None
        end(process)
        said = Path(self._folder, "said").read_text(errors="replace")
        return f"exit status {process.returncode}\n{said[-2000:]}"

    def close(self) -> None:
        """End the arena and everything in it."""
        if self._process is not None:
            self._process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all below it."""
    with contextlib.suppress(psutil.Error):
        for below in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                below.kill()
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            pipe.close()
