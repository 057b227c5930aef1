"""The sandbox as the grader uses it: cells and questions go in, outcomes come out."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.sandbox import tiers
from bncourse.grading.sandbox.apart import Ran, go_on
from bncourse.grading.sandbox.job import (
    TOO_MANY_FILES,
    USED_UP,
    Ended,
    Question,
    Replies,
    cells_message,
    converse,
    questions_message,
)
from bncourse.grading.sandbox.preload import kind_for

TIME_LIMIT = 5.0
RESTARTS = 2
TOTAL = 12  # all of a notebook may take this many time limits
APART = 3  # all cases that have a process each may take this many, for their starts take time too
MOST_KEPT = 16 << 20  # bytes of requests that are kept as they are sent


class Sandbox:
    """Warm runners of one tier, started when a notebook first needs them; a context manager.

    Raises IsolationError when the tier cannot be had.
    """

    def __init__(
        self,
        time_limit: float = TIME_LIMIT,
        at_least: str = tiers.PROCESS,
        exactly: str | None = None,
    ) -> None:
        self.time_limit = time_limit
        self._at_least, self._exactly = at_least, exactly
        self._runners: dict[str, Any] = {}
        self.tier = ""
        self._messages: dict[tuple[Question, ...], bytes] = {}

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End all runners."""
        while self._runners:
            self._runners.popitem()[1].close()

    def run(self, cells: Sequence[tuple[int, str]], questions: Sequence[Question]) -> Ran:
        """Run a notebook's cells and try its answers; whatever it does, something comes back.

        Where the process ends or hangs, that cell or task is left out and the rest is run in a
        new one. Raises IsolationError when no runner can be started.
        """
        kind = kind_for(source for _, source in cells)
        self._ready(kind)
        until = time.monotonic() + TOTAL * self.time_limit
        strict = not any(q.asked["library_layers"] for q in questions)
        # A fresh interpreter is no wall, and slow to start: there all cases share one.
        apart = [q for q in questions if q.apart and self.tier != tiers.PROCESS]
        first = [q.singly[0] if q in apart else q for q in questions]
        ran = self._all(kind, strict, cells, first, until)
        for question in apart:
            ran = go_on(
                ran,
                question,
                cells,
                lambda cells, one: self._all(kind, strict, cells, [one], until),
                APART * self.time_limit * question.asked.get("patience", 1),
            )
        return ran

    def _all(
        self,
        kind: str,
        strict: bool,
        cells: Sequence[tuple[int, str]],
        questions: Sequence[Question],
        until: float,
    ) -> Ran:
        # Who can ask has nothing left to say of what cannot: that is final by then.
        in_turn = sorted(questions, key=lambda q: q.oracle is not None)
        replies = Replies({q.id: q for q in questions}, [n for n, _ in cells])
        stopped: dict[int, Failure] = {}
        lost: dict[str, Failure] = {}
        cpu, size, restarts = 0.0, 0, 0
        while True:
            left = [q for q in in_turn if q.id not in replies.done and q.id not in lost]
            failure, ended = self._attempt(
                kind, strict, [c for c in cells if c[0] not in stopped], left, replies, until
            )
            if ended is None:  # the runner itself was killed: that is not the learner's doing
                restarts += 1
                if restarts <= RESTARTS:
                    replies.forget(q.id for q in left)
                    continue
                ended = Ended()
            cpu, size = cpu + ended.cpu, max(size, ended.size)
            slow = {n: f for n, f in replies.stopped.items() if f.kind == "timeout"}
            stopped |= slow
            if failure is None:
                break
            failure = _in_words(failure, ended)
            where, which = replies.step
            if where == "cell" and which not in stopped:
                stopped[which] = failure
            elif where == "task" and which not in lost and which not in replies.done:
                lost[which] = failure
                replies.outcomes.pop(which, None)
            else:
                lost |= {q.id: failure for q in left}
            if time.monotonic() >= until:
                left = [q for q in questions if q.id not in replies.done]
                lost = {q.id: lost.get(q.id, USED_UP) for q in left}
            if len(lost) + len(replies.done) >= len(questions):
                break
        outcomes = {
            q.id: _complete(q, replies, lost.get(q.id))
            for q in questions
            if q.id not in replies.absent
        }
        return Ran(
            outcomes,
            frozenset(replies.absent),
            replies.stopped | stopped,
            replies.learner,
            tuple(replies.flags),
            kind,
            self.tier,
            cpu,
            size,
            replies.cells_took,
            replies.tasks_took,
        )

    def _attempt(
        self,
        kind: str,
        strict: bool,
        cells: Sequence[tuple[int, str]],
        questions: Sequence[Question],
        replies: Replies,
        until: float,
    ) -> tuple[Failure | None, Ended | None]:
        replies.expect([n for n, _ in cells], [q.id for q in questions])
        session = self._start(kind)
        try:
            failure = converse(
                session,
                cells_message(cells, self.time_limit, strict) + self._message(questions),
                replies,
                self.time_limit,
                until,
            )
        finally:
            ended = self._end(kind, session)
        return failure, ended

    def _message(self, questions: Sequence[Question]) -> bytes:
        """Return the message of these questions, made once for a class that is asked the same."""
        key = tuple(questions)
        if key not in self._messages:
            if sum(map(len, self._messages.values())) > MOST_KEPT:
                self._messages.clear()
            self._messages[key] = questions_message(questions)
        return self._messages[key]

    def _ready(self, kind: str) -> None:
        if kind not in self._runners:
            exactly = self.tier or self._exactly
            self._runners[kind], self.tier = tiers.best(kind, self._at_least, exactly)

    def _start(self, kind: str) -> Any:
        self._ready(kind)
        try:
            return self._runners[kind].start()
        except Exception:  # the runner was killed from outside: one more try with a new one
            self._runners.pop(kind).close()
            self._runners[kind], self.tier = tiers.best(kind, self._at_least, self.tier)
            return self._runners[kind].start()

    def _end(self, kind: str, session: Any) -> Ended | None:
        try:
            return session.end()
        except Exception:
            self._runners.pop(kind).close()  # the next one to start is a new one
            return None


def _complete(question: Question, replies: Replies, lost: Failure | None) -> list[Outcome]:
    """Return as many outcomes as there are cases; what is missing has a reason."""
    kept = replies.outcomes.get(question.id, [])
    failure = lost or Failure("ended", message="no answer came back")
    return [*kept, *[Outcome(failure=failure)] * (len(question.cases) - len(kept))]


def _in_words(failure: Failure, ended: Ended) -> Failure:
    if failure.kind != "ended" or failure.message:
        return failure
    if ended.full:
        return Failure("ended", message=TOO_MANY_FILES)
    if os.name == "posix" and os.WIFSIGNALED(ended.status):
        number = os.WTERMSIG(ended.status)
        how = {
            signal.SIGSEGV: "crashed Python itself (segmentation fault)",
            signal.SIGABRT: "crashed Python itself (abort)",
            signal.SIGKILL: "was ended by the system, which happens when memory runs out",
            signal.SIGXCPU: "used up its CPU time",
        }.get(number, f"was ended by signal {number}")
        return Failure("ended", message=f"it {how}")
    return Failure("ended", message="it ended the whole process instead of returning")
