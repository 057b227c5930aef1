"""What runs inside a learner's process: read the request, run cells and answers, send arrays."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from bncourse.grading.asked import from_data
from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.run_local import run_cases
from bncourse.grading.sandbox import wire
from bncourse.grading.sandbox.cells import Notebook, run_all
from bncourse.grading.sandbox.preload import HIDDEN
from bncourse.grading.sandbox.refusals import NotHere, refuse_for_good, refusing
from bncourse.grading.sandbox.values import pack, unpack
from bncourse.grading.task import Case

MAX_FLAGS = 20
NAME_LIMIT = 200


def serve(read_fd: int, write_fd: int, kind: str) -> None:
    """Serve one request and return. The caller ends the process, whatever happened here."""
    # Both halves are read before anything runs: a parent that waits to be read cannot watch.
    request, _ = wire.read_message(lambda n: os.read(read_fd, n))
    questions, arrays = wire.read_message(lambda n: os.read(read_fd, n))
    replies = _Replies(write_fd)
    notebook = Notebook(replies.flag)
    sys.meta_path.insert(0, NotHere(HIDDEN[kind], replies.flag))
    seconds = request["seconds"]
    strict = request["strict"]
    if strict:
        # A cell that could call a library's layer could prepare what an answer only hands over.
        refuse_for_good(replies.flag_task)
    run_all(notebook, request["cells"], seconds, replies.begin_cell, replies.end_cell)
    name = notebook.scope.get("learner")
    replies.put({"is": "learner", "name": name[:NAME_LIMIT] if isinstance(name, str) else ""})
    line = _Line(read_fd, replies)
    for data in questions["tasks"]:
        asked = from_data(data["asked"])
        if data["oracle"]:
            asked = replace(asked, oracle=line.ask)
        cases = [Case("", unpack(c["args"], arrays), strided=c["strided"]) for c in data["cases"]]
        replies.begin_task(asked.id)
        if asked.entry in notebook.scope:
            allowed = asked.library_layers or strict  # strict: it is refused already
            with nullcontext() if allowed else refusing(replies.flag_task):
                outcomes = run_cases(asked, notebook.scope[asked.entry], cases, seconds)
            replies.outcomes(asked.id, outcomes)
        else:
            replies.put({"is": "absent", "id": asked.id})
    replies.begin({"is": "end"})


class _Line:
    """Puts questions of the running answer to the parent, and waits for what it says."""

    def __init__(self, fd: int, replies: _Replies) -> None:
        self._fd, self._replies = fd, replies

    def ask(self, *args: Any) -> tuple[np.ndarray, ...]:
        """Return the arrays that come back. Raises ValueError with the parent's reason."""
        arrays: list[np.ndarray] = []
        self._replies.ask(pack(args, arrays), arrays)
        head, told = wire.read_message(lambda n: os.read(self._fd, n))
        if head is not None:
            raise ValueError(head)
        return tuple(told)


class _Replies:
    """What is said to the parent: kept until a step begins, so that it knows where we are."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting = bytearray()
        self._flags: set[str] = set()
        self._task = ""

    def put(self, head: Mapping[str, Any], arrays: Sequence[np.ndarray] = ()) -> None:
        self._waiting += wire.encode(head, arrays)

    def begin(self, head: Mapping[str, Any]) -> None:
        self.put(head)
        self._send()

    def _send(self) -> None:
        rest = memoryview(bytes(self._waiting))
        self._waiting.clear()
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def flag(self, text: str) -> None:
        if text not in self._flags and len(self._flags) < MAX_FLAGS:
            self._flags.add(text)
            self.put({"is": "flag", "text": text[:NAME_LIMIT]})

    def flag_task(self, text: str) -> None:
        """Flag what an answer does; in a cell of its own a learner may try anything."""
        if self._task:
            self.flag(f"{self._task} {text}")

    def begin_task(self, task: str) -> None:
        self._task = task
        self.begin({"is": "task", "id": task})

    def ask(self, args: Any, arrays: Sequence[np.ndarray]) -> None:
        self.put({"is": "ask", "id": self._task, "args": args}, arrays)
        self._send()

    def begin_cell(self, number: int) -> None:
        self.begin({"is": "cell", "number": number})

    def end_cell(self, number: int, failure: Failure | None) -> None:
        self.put({"is": "ran", "number": number, "failure": _failure_data(failure)})

    def outcomes(self, task: str, outcomes: Sequence[Outcome]) -> None:
        try:
            self._outcomes(task, outcomes)
        except wire.WireError as error:
            failure = Failure("form", message=f"What came back was {error}.")
            self._outcomes(task, [Outcome(failure=failure)])

    def _outcomes(self, task: str, outcomes: Sequence[Outcome]) -> None:
        cases, arrays = [], []
        for outcome in outcomes:
            values = outcome.values
            names = None if values is None else [str(name)[:NAME_LIMIT] for name in values]
            failure = _failure_data(outcome.failure)
            cases.append([names, failure, list(outcome.mutated), outcome.printed])
            arrays += (values or {}).values()
        self.put({"is": "outcomes", "id": task, "cases": cases}, arrays)


def _failure_data(failure: Failure | None) -> list[Any] | None:
    if failure is None:
        return None
    text = (failure.kind, failure.type, failure.message, failure.text)
    return [*(part[:1000] for part in text), failure.line]
