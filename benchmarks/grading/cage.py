"""A cage for hostile notebooks that another tool runs: limits alone do not stop every harm."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

from benchmarks.grading.environments import cache_folder


def caged(command: list, folder: Path) -> list:
    """Return the command with namespaces around it, where bubblewrap works.

    It sees no process but its own and no network, and writes to nothing but the folder, which is
    thrown away. Without bubblewrap the command comes back as it is.
    """
    return [*_cage(folder), *command] if _works() else command


def _cage(folder: Path) -> list:
    kept = cache_folder()
    return [
        "bwrap", "--ro-bind", "/", "/", "--tmpfs", "/tmp", "--ro-bind", kept, kept,
        "--bind", folder, folder, "--chdir", folder, "--dev", "/dev", "--proc", "/proc",
        "--unshare-pid", "--unshare-net", "--unshare-ipc", "--cap-drop", "ALL",
        "--die-with-parent", "--",
    ]  # fmt: skip


@cache
def _works() -> bool:
    if not shutil.which("bwrap"):
        return False
    trial = [*_cage(cache_folder()), "true"]
    return subprocess.run(trial, capture_output=True).returncode == 0
