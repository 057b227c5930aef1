"""What stands in a learner's process for things that are elsewhere: the course and IPython."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

COURSE = "bncourse"
CALLS = (
    "check",
    "hint",
    "explain",
    "progress",
    "ask",
    "try_out",
    "gain",
    "certificate",
    "admit",
    "trial",
    "score_card",
)
Flag = Callable[[str], None]


def stand_in_for_the_course(flag: Flag) -> dict[str, Any]:
    """Put an empty course in place of the real one; returns the names that notebooks use.

    Its calls do nothing. Importing anything else of it raises ImportError and calls ``flag``.
    """
    for name in [n for n in sys.modules if n == COURSE or n.startswith(COURSE + ".")]:
        del sys.modules[name]
    course = ModuleType(COURSE)
    course.__path__ = []
    names = {name: _nothing for name in CALLS}
    vars(course).update(names)
    sys.modules[COURSE] = course
    sys.meta_path.insert(0, _NoCourse(flag))
    return names


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """Stand for check and its siblings, which have nothing to say while marking."""


class _NoCourse(importlib.abc.MetaPathFinder):
    def __init__(self, flag: Flag) -> None:
        self._flag = flag

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: Any = None
    ) -> ModuleSpec | None:
        if name.split(".")[0] != COURSE:
            return None
        self._flag(f"imports {name}")
        raise ImportError(f"{name} is not here while an exercise is marked: write it yourself")


class Shell:
    """Stands for IPython: magics run their cell's body or do nothing, shell commands never run."""

    def __init__(self, scope: dict[str, Any], run: Callable[[str], None], flag: Flag) -> None:
        self.user_ns = scope
        self._run, self._flag = run, flag

    def run_line_magic(self, *_args: Any, **_kwargs: Any) -> None:
        """Leave a line magic out."""

    def run_cell_magic(self, name: str, _line: str, body: str) -> None:
        """Run the body of a cell that is only timed or captured; leave others out."""
        if name in ("time", "timeit", "capture", "prun"):
            self._run(body)
        else:
            self._flag(f"cell magic %%{name} was left out")

    def system(self, _command: str) -> None:
        """Refuse a shell command."""
        self._flag("a shell command was left out")

    def getoutput(self, command: str) -> list[str]:
        """Refuse a shell command whose output is asked for."""
        self.system(command)
        return []
