"""Run an answer on its cases inside this very process: feedback while learning, never marks."""

from __future__ import annotations

import _thread
import contextlib
import copy
import io
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, named_arrays
from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.task import Case, Task

TIME_LIMIT = 5.0
PRINTED_LIMIT = 2000


class TimeLimit(BaseException):
    """Raised in the learner's code when its time is up; no ``except Exception`` catches it."""


def run_cases(
    task: Task, value: Any, cases: Sequence[Case], time_limit: float = TIME_LIMIT
) -> list[Outcome]:
    """Run ``value`` on every case and report what happened; never raises for what it does.

    Inputs are copies, compared afterwards. ``time_limit`` in seconds covers all cases
    together and is watched in the main thread only.
    """
    try:
        answer = task.driver(task, value)
    except NotStarted:
        return [Outcome(failure=Failure("not started"))]
    except AnswerError as error:
        return [Outcome(failure=Failure("form", message=str(error)))]
    outcomes = []
    until = time.monotonic() + time_limit
    for case in cases:
        outcome = _run_one(task, answer, case, max(until - time.monotonic(), 0.01), time_limit)
        outcomes.append(outcome)
        if outcome.failure and outcome.failure.kind in ("timeout", "not started"):
            break
    return outcomes


def _run_one(
    task: Task, answer: Callable[..., Any], case: Case, seconds: float, limit: float
) -> Outcome:
    args = tuple(_fresh(a, case.strided) for a in case.args)
    sink = _Sink()
    values, failure = None, None
    try:
        with _deadline(seconds), contextlib.redirect_stdout(sink), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with np.errstate(all="ignore"):
                values = named_arrays(answer(*args), task.outputs)
    except NotStarted:
        failure = Failure("not started")
    except NotImplementedError:
        failure = Failure("not started")
    except AnswerError as error:
        failure = Failure("form", message=str(error))
    except TimeLimit:
        failure = Failure("timeout", message=f"it was stopped after {limit:g} seconds")
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        failure = _raised(error)
    mutated = tuple(
        name
        for name, given, now in zip(task.params, case.args, args, strict=True)
        if not _unchanged(given, now)
    )
    return Outcome(values, failure, mutated, sink.getvalue())


def _fresh(value: Any, strided: bool) -> Any:
    if not isinstance(value, np.ndarray):
        return copy.deepcopy(value)
    if not strided or value.ndim == 0:
        return value.copy()
    wide = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
    wide[..., ::2] = value
    return wide[..., ::2]


def _unchanged(given: Any, now: Any) -> bool:
    if isinstance(given, np.ndarray):
        return given.shape == now.shape and np.array_equal(given, now, equal_nan=True)
    if isinstance(given, dict):
        return given.keys() == now.keys() and all(_unchanged(given[k], now[k]) for k in given)
    return bool(given == now)


def _raised(error: BaseException) -> Failure:
    """Describe an exception by the last line of the learner's own code that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    package = __file__.rsplit("grading", 1)[0]
    own = [
        f
        for f in frames
        if not f.filename.startswith(package)
        and not any(part in f.filename for part in ("site-packages", "dist-packages"))
        and not f.filename.startswith((sys.base_prefix, "<frozen", "<__array_function__"))
    ]
    last = own[-1] if own else None
    message = " ".join(str(error).split())
    return Failure(
        "raised",
        type(error).__name__,
        message,
        (last.lineno or 0) if last else 0,
        (last.line or "").strip() if last else "",
    )


@contextlib.contextmanager
def _deadline(seconds: float):
    """Raise TimeLimit in the main thread after ``seconds``; elsewhere nothing is watched."""
    if threading.current_thread() is not threading.main_thread():
        yield
    elif hasattr(signal, "setitimer"):
        with _alarm(seconds):
            yield
    else:
        with _interrupt(seconds):
            yield


@contextlib.contextmanager
def _alarm(seconds: float):
    before, tracer = signal.signal(signal.SIGALRM, _stop), sys.gettrace()
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(tracer)
        signal.signal(signal.SIGALRM, before)


def _stop(_signum: int, frame: FrameType | None) -> None:
    """Raise TimeLimit here, and again on every further line of whoever swallows it.

    A bare ``except`` catches the first; what is raised inside it is not caught by it any more.
    """

    def again(_frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "line":
            raise TimeLimit
        # Functions called from here on, our own clearing up among them, run undisturbed.
        return None if event == "call" else again

    sys.settrace(again)
    package = __file__.rsplit("grading", 1)[0]
    while frame is not None and not frame.f_code.co_filename.startswith(package):
        frame.f_trace = again
        frame = frame.f_back
    raise TimeLimit


@contextlib.contextmanager
def _interrupt(seconds: float):
    """For Windows, which has no interval timer: interrupt as Ctrl-C would."""
    rang = threading.Event()

    def ring() -> None:
        rang.set()
        _thread.interrupt_main()

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if rang.is_set():
            raise TimeLimit from None
        raise
    finally:
        timer.cancel()


class _Sink(io.StringIO):
    """Keeps the beginning of what is printed."""

    def write(self, text: str) -> int:
        room = PRINTED_LIMIT - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)
