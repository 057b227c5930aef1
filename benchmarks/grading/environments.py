"""A virtual environment of its own for each of the other tools, made once and kept outside."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.grading.exercise import ROOT
from benchmarks.import_time import ONE_THREAD

# What an import-hungry submission needs, and the kernel; all at this repository's releases.
BESIDE = ("numpy", "scipy", "matplotlib", "ipykernel")


class NoPeer(Exception):
    """Another tool cannot be installed here; the message says why."""


def cache_folder() -> Path:
    """Return where the environments are kept: BNCOURSE_BENCHMARKS, or below ~/.cache."""
    chosen = os.environ.get("BNCOURSE_BENCHMARKS")
    return Path(chosen) if chosen else Path.home() / ".cache" / "bncourse-benchmarks"


def environment(requirement: str) -> Path:
    """Return the bin folder of an environment with this release, making it when there is none.

    Raises NoPeer with pip's last words.
    """
    home = cache_folder() / f"{requirement}-py{sys.version_info[0]}.{sys.version_info[1]}"
    made = home / "made"
    wanted = "\n".join([requirement, *pins()])
    if not made.exists() or made.read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        print(f"installing {requirement} into {home}", file=sys.stderr)
        _do([sys.executable, "-m", "venv", home], requirement)
        _do([home / "bin" / "python", "-m", "pip", "install", "-q", requirement, *pins()],
            requirement)  # fmt: skip
        made.write_text(wanted)
    return home / "bin"


def pins() -> list[str]:
    """Return this repository's releases of what the environments share."""
    text = (ROOT / "constraints.txt").read_text()
    return [f"{name}=={re.search(rf'^{name}==(.+)$', text, re.M)[1]}" for name in BESIDE]


def quiet_env(folder: Path, programs: Path) -> dict[str, str]:
    """Return the variables of a run: one thread, nothing of the user's, home and tmp in there."""
    theirs = ("JUPYTER", "IPYTHON", "PYTHON", "VIRTUAL_ENV", "XDG", "MPL", "BNCOURSE")
    kept = {name: v for name, v in os.environ.items() if not name.startswith(theirs)}
    return {
        **kept,
        **ONE_THREAD,
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
    }


def _do(command: list, requirement: str) -> None:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        words = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise NoPeer(f"{requirement} could not be installed: {words}")
