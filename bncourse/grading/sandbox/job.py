"""One submission in one child: the request, the deadlines, and what is believed of the replies."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np

from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.sandbox import wire
from bncourse.grading.sandbox.values import pack, unpack
from bncourse.grading.task import Case

REPLY_BUDGET = 32 << 20
GRACE = 0.3  # the child stops an endless loop by itself; after this long it is not waited for
START_SECONDS = 30.0
LOOK = 0.025  # how often the private folder is looked at
TEXT_LIMIT = 1000
MAX_NAMES = 64
MOST_FLAGS = 20
MOST_ASKED = 60_000  # questions of one notebook's answers
ASKED_BUDGET = 256 << 20  # bytes of all of them together; none of them is kept
NAME_LIMIT = 100
OUT_OF_TURN = "its process spoke out of turn, about cells or tasks that were not due: look at it"
TOO_MANY_FILES = "it wrote more files than it may"
USED_UP = Failure("timeout", message="the notebook had used up its time before this was done")
KINDS = ("raised", "timeout", "form", "not started")


class OutOfTurnError(wire.WireError):
    """What a child says is not due now."""


@dataclass(frozen=True, eq=False)
class Question:
    """What a task asks for, as data, and the inputs to try; no answers.

    ``oracle`` stays here and answers what the running answer asks; it may raise. One that
    remembers what it was asked has a method ``anew``, which returns one for a notebook.
    ``apart``: each case is for a process of its own, in which the oracle answers for that case
    alone; its first argument is what a question begins with.
    """

    id: str
    asked: Mapping[str, Any]
    cases: Sequence[Case]
    oracle: Callable[..., Sequence[np.ndarray]] | None = None
    apart: bool = False

    @cached_property
    def singly(self) -> tuple[Question, ...]:
        """The same question for each case alone."""
        return tuple(
            replace(self, cases=(case,), oracle=self.oracle and partial(_only, self.oracle, case))
            for case in self.cases
        )


def _only(oracle: Callable[..., Any], case: Case, about: Any = None, *args: Any) -> Any:
    if type(about) is not type(case.args[0]) or about != case.args[0]:
        raise ValueError("only what was handed in can be asked")
    return oracle(about, *args)


@dataclass(frozen=True)
class Ended:
    """How a child ended: wait status, CPU seconds, largest size in bytes, folder filled."""

    status: int = 0
    cpu: float = 0.0
    size: int = 0
    full: bool = False


class Session(Protocol):
    """A child that was just started, seen from the parent."""

    def send(self, data: bytes, seconds: float = START_SECONDS) -> None:
        """Send the request, or an answer. Raises OSError when nobody takes it."""

    def receive(self, seconds: float) -> bytes | None:
        """Return the next bytes, b"" when the child is gone, None after ``seconds``."""

    def overfull(self) -> bool:
        """Say whether the child has written more files than it may."""

    def end(self) -> Ended:
        """Kill the child with all it has started, and tidy up."""


@dataclass
class Replies:
    """What a child has said so far, and at which step it is.

    A child goes through its cells, those that it tries again, and its questions in this order, and
    never back: what it has said of one question is final before another one's oracle answers it.
    """

    questions: Mapping[str, Question]
    cells: Iterable[int]
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    stopped: dict[int, Failure] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    learner: str = ""
    oracles: dict[str, Callable[..., Sequence[np.ndarray]] | None] = field(default_factory=dict)
    step: tuple[str, Any] = ("start", None)
    ended: bool = False
    asked: int = 0
    asked_bytes: int = 0
    to_say: list[bytes] = field(default_factory=list)
    cells_took: float = 0.0
    tasks_took: float = 0.0
    _cells_left: list[int] = field(default_factory=list)
    _again: list[int] = field(default_factory=list)
    _retrying: bool = False
    _asked_for: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.forget(self.questions)
        self.expect(self.cells, self.questions)

    def forget(self, questions: Iterable[str]) -> None:
        """Let oracles that remember a notebook begin anew for these questions."""
        for name in questions:
            oracle = self.questions[name].oracle
            self.oracles[name] = oracle.anew() if hasattr(oracle, "anew") else oracle

    def expect(self, cells: Iterable[int], questions: Iterable[str]) -> None:
        """Begin with a new child, which is sent these cells and these questions in this order."""
        self._cells_left, self._again, self._retrying = list(cells), [], False
        self._asked_for = list(questions)
        self.step, self.ended, self.to_say = ("start", None), False, []

    @property
    def patience(self) -> int:
        """How many time limits the present step may take."""
        kind, name = self.step
        return self.questions[name].asked.get("patience", 1) if kind == "task" else 1

    def take(self, head: Any, arrays: list[np.ndarray]) -> None:
        """Note one message. Raises WireError for anything that makes no sense here."""
        kind = head.get("is") if isinstance(head, dict) else None
        if kind in ("cell", "ran"):
            self._cell(kind, head)
        elif kind in ("task", "absent", "outcomes"):
            self._task(kind, head, arrays)
        elif kind == "ask":
            self._ask(head, arrays)
        elif kind == "flag":
            self.flags = [*self.flags, _text(head.get("text"))][:MOST_FLAGS]
        elif kind == "learner" and self.step[0] != "task":
            self.learner = _text(head.get("name"))
        elif kind == "end":
            self.ended = True
        else:
            raise wire.WireError("a message of no kind")

    def _cell(self, kind: str, head: Mapping[str, Any]) -> None:
        number = head.get("number")
        if type(number) is not int or self.step[0] == "task":
            raise OutOfTurnError("a cell that there is not")
        if kind == "ran":
            if self.step != ("cell", number):
                raise OutOfTurnError("the end of a cell that had not begun")
            failure = _failure(head.get("failure"))
            self.stopped.pop(number, None)
            if failure:
                self.stopped[number] = failure
                self._again += [number] * (not self._retrying and number not in self._again)
            return
        # Once all have run, those that stopped may be tried again, some of them, in their order.
        self._retrying = not self._cells_left
        waiting = self._again if self._retrying else self._cells_left[:1]
        if number not in waiting:
            raise OutOfTurnError("a cell out of its turn")
        if self._retrying:
            del waiting[: waiting.index(number) + 1]
        else:
            del self._cells_left[0]
        self.step = ("cell", number)

    def _ask(self, head: Mapping[str, Any], arrays: list[np.ndarray]) -> None:
        """Answer what the running answer asks; its question may be anything."""
        kind, name = self.step
        running = kind == "task" and self._asked_for[:1] == [name]
        oracle = self.oracles[name] if running else None
        self.asked += 1
        if oracle is None or head.get("id") != name or self.asked > MOST_ASKED:
            raise wire.WireError("a question that nobody answers")
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                said = wire.encode(
                    None, [np.asarray(a) for a in oracle(*unpack(head.get("args"), arrays))]
                )
        except Exception as error:
            said = wire.encode(f"{type(error).__name__}: {error}"[:TEXT_LIMIT])
        self.to_say.append(said)

    def _task(self, kind: str, head: Mapping[str, Any], arrays: list[np.ndarray]) -> None:
        name = head.get("id")
        if not isinstance(name, str) or self._asked_for[:1] != [name]:
            raise OutOfTurnError("a task that was not asked, or out of its turn")
        self.step = ("task", name)
        if kind == "outcomes":
            self.outcomes[name] = _outcomes(
                head.get("cases"), arrays, len(self.questions[name].cases)
            )
        elif kind == "absent":
            self.absent.add(name)
        if kind != "task":
            self.done.add(name)
            del self._asked_for[0]


def cells_message(cells: Sequence[tuple[int, str]], seconds: float, strict: bool) -> bytes:
    """Return the first half of a request: what to run, and how long each may take.

    ``strict`` refuses libraries' own layers from the first cell on.
    """
    return wire.encode({"cells": cells, "seconds": seconds, "strict": strict})


def questions_message(questions: Sequence[Question]) -> bytes:
    """Return the second half: what is asked and the inputs to try; the same for a whole class."""
    arrays: list[np.ndarray] = []
    tasks = [
        {
            "asked": question.asked,
            "cases": [{"args": pack(c.args, arrays), "strided": c.strided} for c in question.cases],
            "oracle": question.oracle is not None,
        }
        for question in questions
    ]
    return wire.encode({"tasks": tasks}, arrays)


def converse(
    session: Session, message: bytes, replies: Replies, seconds: float, until: float
) -> Failure | None:
    """Send the request and take replies until the child is done.

    Returns None when it came to its end, otherwise why it did not; ``replies.step`` says where.
    Each cell and each task has ``seconds``, a patient task several times that, all together until
    the time ``until``.
    """
    inbox = wire.Inbox(REPLY_BUDGET)
    try:
        session.send(message)
        begun = now = time.monotonic()
        deadline, look = min(now + START_SECONDS, until), now + LOOK
        while not replies.ended:
            piece = session.receive(max(min(LOOK, deadline - now), 0.0))
            if piece == b"":
                return Failure("ended")
            now = time.monotonic()
            if now >= until:
                return USED_UP
            if now >= deadline:
                seconds *= replies.patience
                return Failure("timeout", message=f"it was stopped after {seconds:g} seconds")
            if now >= look:
                look = now + LOOK
                if session.overfull():
                    return Failure("ended", message=TOO_MANY_FILES)
            if piece is None:
                continue
            inbox.feed(piece)
            step = replies.step
            while (got := inbox.take()) is not None:
                questions = replies.asked
                replies.take(*got)
                if replies.asked > questions:  # answered and forgotten: another may come
                    replies.asked_bytes += inbox.last
                    if replies.asked_bytes <= ASKED_BUDGET:
                        inbox.give_back(inbox.last)
            while replies.to_say:
                session.send(replies.to_say.pop(0), max(deadline - now, LOOK))
            if replies.step != step:
                if replies.step[0] == "task" and step[0] != "task":
                    replies.cells_took, begun = now - begun, now
                deadline = min(now + seconds * replies.patience + GRACE, until)
    except wire.WireError as error:
        if isinstance(error, OutOfTurnError):  # no notebook does that by mistake
            replies.flags = list(dict.fromkeys([OUT_OF_TURN, *replies.flags]))
        return Failure("ended", message=f"its process sent {error}")
    except OSError:
        return Failure("ended")
    finally:
        if replies.step[0] == "task":
            replies.tasks_took = time.monotonic() - begun
    return None


def _outcomes(said: Any, arrays: list[np.ndarray], most: int) -> list[Outcome]:
    if not isinstance(said, list) or len(said) > most:
        raise wire.WireError("more outcomes than cases")
    outcomes = []
    for one in said:
        if not (isinstance(one, list) and len(one) == 4):
            raise wire.WireError("an outcome of no kind")
        names, failure, mutated, printed = one[0], _failure(one[1]), one[2], one[3]
        if (names is None) == (failure is None):
            raise wire.WireError("neither arrays nor a reason")
        values = None
        if names is not None:
            names = _texts(names, NAME_LIMIT)
            if len(set(names)) < len(names) or len(names) > len(arrays):
                raise wire.WireError("names without arrays")
            values, arrays = dict(zip(names, arrays, strict=False)), arrays[len(names) :]
        outcomes.append(
            Outcome(values, failure, tuple(_texts(mutated, NAME_LIMIT)), _text(printed, 2000))
        )
    return outcomes


def _texts(value: Any, most: int) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_NAMES:
        raise wire.WireError("a list of texts that is none")
    return [_text(v, most) for v in value]


def _failure(data: Any) -> Failure | None:
    if data is None:
        return None
    if not (isinstance(data, list) and len(data) == 5 and data[0] in KINDS):
        raise wire.WireError("a failure of no kind")
    line = data[4] if type(data[4]) is int and 0 <= data[4] < 1 << 31 else 0
    return Failure(data[0], _text(data[1]), _text(data[2]), line, _text(data[3]))


def _text(value: Any, most: int = TEXT_LIMIT) -> str:
    """Return a text of the learner's that can be stored and shown: no lone surrogates."""
    if not isinstance(value, str):
        raise wire.WireError("a text that is none")
    return value[:most].encode("utf-8", "replace").decode()
