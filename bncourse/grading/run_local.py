"""Run an answer on its cases inside this very process.

In a notebook that is the kernel: feedback while learning. For marks it is a process of its own
that has no answers in it.
"""

from __future__ import annotations

import contextlib
import copy
import io
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, named_arrays
from bncourse.grading.asked import Asked
from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.task import Case
from bncourse.grading.time_limit import TimeLimit, deadline

SOMETIMES_NOTHING = Failure("form", message="For some inputs None came back.")
TIME_LIMIT = 5.0
PRINTED_LIMIT = 2000
MESSAGE_LIMIT = 1000
MESSAGE_SECONDS = 1.0


def run_cases(
    task: Asked, value: Any, cases: Sequence[Case], time_limit: float = TIME_LIMIT
) -> list[Outcome]:
    """Run ``value`` on every case and report what happened; never raises for what it does.

    ``task`` is a Task, or what of it is asked. Inputs are copies, compared afterwards.
    ``time_limit`` in seconds, times the task's patience, covers all cases together and is watched
    in the main thread only.
    """
    time_limit *= task.patience
    outcomes: list[Outcome] = []
    try:
        with deadline(time_limit), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            answer = task.driver(task, value)
            for case in cases:
                outcomes.append(_run_one(task, answer, case))
                if outcomes[-1].failure and outcomes[-1].failure.kind == "not started":
                    if len(outcomes) > 1:  # it did return something for other inputs
                        outcomes[-1] = replace(outcomes[-1], failure=SOMETIMES_NOTHING)
                    break
    except TimeLimit:
        late = Failure("timeout", message=f"it was stopped after {time_limit:g} seconds")
        outcomes.append(Outcome(failure=late))
    except NotStarted:
        return [Outcome(failure=Failure("not started"))]
    except AnswerError as error:
        return [Outcome(failure=Failure("form", message=str(error)))]
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a dict of the learner's own making, say
        return [Outcome(failure=describe_error(error))] * len(cases)
    return outcomes[: len(cases)]


def _run_one(task: Asked, answer: Callable[..., Any], case: Case) -> Outcome:
    args = tuple(_fresh(a, case.strided) for a in case.args)
    sink = _Sink()
    values, failure = None, None
    try:
        with contextlib.redirect_stdout(sink):
            values = named_arrays(answer(*args), task.outputs)
    except NotStarted:
        failure = Failure("not started")
    except NotImplementedError:
        failure = Failure("not started")
    except AnswerError as error:
        failure = Failure("form", message=str(error))
    except (TimeLimit, KeyboardInterrupt):
        raise
    except BaseException as error:
        failure = describe_error(error)
    mutated = tuple(
        name
        for name, given, now in zip(task.params, case.args, args, strict=True)
        if not _surely_unchanged(given, now)
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


def _surely_unchanged(given: Any, now: Any) -> bool:
    try:
        return _unchanged(given, now)
    except Exception:  # something was put into it that cannot even be compared
        return False


def _unchanged(given: Any, now: Any) -> bool:
    if isinstance(given, np.ndarray):
        return given.shape == now.shape and np.array_equal(given, now, equal_nan=True)
    if isinstance(given, dict):
        return given.keys() == now.keys() and all(_unchanged(given[k], now[k]) for k in given)
    if isinstance(given, (list, tuple)):
        return len(given) == len(now) and all(map(_unchanged, given, now))
    return bool(given == now)


def _message(error: BaseException) -> str:
    """Return the first line of an exception's text; asking for it is the learner's code too."""
    try:
        with deadline(MESSAGE_SECONDS):
            return " ".join(str(error)[: 2 * MESSAGE_LIMIT].split())[:MESSAGE_LIMIT]
    except BaseException:
        return ""


def describe_error(error: BaseException) -> Failure:
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
    return Failure(
        "raised",
        type(error).__name__,
        _message(error),
        (last.lineno or 0) if last else 0,
        (last.line or "").strip() if last else "",
    )


class _Sink(io.StringIO):
    """Keeps the beginning of what is printed."""

    def write(self, text: str) -> int:
        room = PRINTED_LIMIT - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)
