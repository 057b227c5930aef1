"""The sandbox as the grader uses it: cells and questions go in, outcomes come out."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.sandbox import tiers
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


@dataclass(frozen=True)
class Ran:
    """What came of one notebook.

    ``outcomes`` has for each task one Outcome per case, ``absent`` the tasks whose entry was not
    defined, ``stopped`` why cells stopped, by number. ``cpu`` and ``size`` are the children's.
    """

    outcomes: dict[str, list[Outcome]]
    absent: frozenset[str]
    stopped: dict[int, Failure]
    learner: str
    flags: tuple[str, ...]
    kind: str
    tier: str
    cpu: float = 0.0
    size: int = 0


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
        self._asked: tuple[Question, ...] = ()
        self._asked_message = questions_message(())

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
        until = time.monotonic() + TOTAL * self.time_limit
        replies = Replies({q.id: q for q in questions}, frozenset(n for n, _ in cells))
        stopped: dict[int, Failure] = {}
        lost: dict[str, Failure] = {}
        cpu, size, restarts = 0.0, 0, 0
        while True:
            left = [q for q in questions if q.id not in replies.done and q.id not in lost]
            failure, ended = self._attempt(
                kind, [c for c in cells if c[0] not in stopped], left, replies, until
            )
            if ended is None:  # the runner itself was killed: that is not the learner's doing
                restarts += 1
                if restarts <= RESTARTS:
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
            replies.step = ("start", None)
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
        )

    def _attempt(
        self,
        kind: str,
        cells: Sequence[tuple[int, str]],
        questions: Sequence[Question],
        replies: Replies,
        until: float,
    ) -> tuple[Failure | None, Ended | None]:
        strict = not any(q.asked["library_layers"] for q in questions)
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
        if self._asked != tuple(questions):
            self._asked, self._asked_message = tuple(questions), questions_message(questions)
        return self._asked_message

    def _start(self, kind: str) -> Any:
        if kind not in self._runners:
            exactly = self.tier or self._exactly
            self._runners[kind], self.tier = tiers.best(kind, self._at_least, exactly)
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
