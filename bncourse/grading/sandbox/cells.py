"""Running a notebook's cells in a learner's process."""

from __future__ import annotations

import ast
import codeop
import contextlib
import inspect
import io
import linecache
import sys
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from bncourse.grading.outcome import Failure
from bncourse.grading.run_local import describe_error
from bncourse.grading.sandbox.preload import has_magic
from bncourse.grading.sandbox.stand_ins import Flag, Shell, stand_in_for_the_course
from bncourse.grading.time_limit import TimeLimit, deadline


class Notebook:
    """The cells of one notebook and the names that they define.

    The names of the notebook's first cell (``np`` and the course's calls) are there before, so
    that a lost or moved first cell costs nothing.
    """

    def __init__(self, flag: Flag) -> None:
        main = ModuleType("__main__")
        sys.modules["__main__"] = main
        self.scope: dict[str, Any] = vars(main)
        self.scope["np"] = np
        self.scope["display"] = lambda *_args, **_kwargs: None
        self.scope.update(stand_in_for_the_course(flag))
        self._compile = codeop.Compile()  # remembers "from __future__" for later cells
        self._compile.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._shell = Shell(self.scope, self._run_body, flag)
        self.scope["get_ipython"] = lambda: self._shell

    def run(self, number: int, source: str, seconds: float) -> Failure | None:
        """Run cell ``number``; returns why it stopped, or None. Never raises."""
        filename = f"<cell {number}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        try:
            with deadline(seconds), _quiet():
                self._execute(source, filename)
        except TimeLimit:
            return Failure("timeout", message=f"it was stopped after {seconds:g} seconds")
        except SyntaxError as error:
            return _syntax(error)
        except BaseException as error:
            return describe_error(error)
        return None

    def _run_body(self, source: str) -> None:
        self._execute(source, "<cell>")

    def _execute(self, source: str, filename: str) -> None:
        code = self._compile(plain(source), filename, "exec")
        if not code.co_flags & inspect.CO_COROUTINE:
            exec(code, self.scope)
            return
        waiting = eval(code, self.scope)  # a cell with "await" outside a function
        with contextlib.suppress(StopIteration):
            while True:
                waiting.send(None)


def run_all(
    notebook: Notebook,
    cells: Sequence[tuple[int, str]],
    seconds: float,
    begin: Callable[[int], None],
    ended: Callable[[int, Failure | None], None],
) -> None:
    """Run all cells in their order; ``begin`` is told of each, ``ended`` of those that stop.

    A cell that missed a name is tried once more at the end: it may only stand too early. It can
    then add names but change none, for later cells have had their say. ``ended`` is told how
    that went.
    """
    early = []
    for number, source in cells:
        begin(number)
        failure = notebook.run(number, source, seconds)
        if failure:
            ended(number, failure)
        if failure and failure.type == "NameError":
            early.append((number, source))
    for number, source in early:
        begin(number)
        before = dict(notebook.scope)
        ended(number, notebook.run(number, source, seconds))
        notebook.scope.update(before)


def plain(source: str) -> str:
    """Return a cell as plain Python: magics and shell lines become calls, as IPython does it."""
    if not has_magic(source):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


@contextlib.contextmanager
def _quiet():
    nowhere = _Nowhere()
    with (
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


def _syntax(error: SyntaxError) -> Failure:
    text = error.text if isinstance(error.text, str) else ""
    line = error.lineno if isinstance(error.lineno, int) else 0
    return Failure("raised", type(error).__name__, str(error.msg)[:500], line, text.strip()[:200])
