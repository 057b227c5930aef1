"""Drive a class that records statistics for each time step: a list of what happens to it.

What can happen: ``("update", t, mean, var)``, ``("get", t)``, ``("unseen", t)``, a get that should
be refused, and ``("other", t, mean, var)``, which makes another object and updates that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, as_numbers, call_function
from bncourse.grading.time_limit import TimeLimit

RECORDED = ("refused", "mean", "var")
OTHERWISE = 2  # refused, but not by a ValueError


def keep_records(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``cls(T_max, d)`` with the methods update(t, mean, var) and get(t) -> (mean, var).

    The driven class takes T_max, d and the list of events. It returns for each event "unseen" 1
    where a ValueError refused it, 2 where something else did and 0 where nothing did; and the means
    and variances (gets, d) that came back from the events "get".
    """
    make = call_function(task, value)

    def keep(T_max: int, d: int, events: Any) -> tuple:
        records = make(T_max, d)
        refused, means, variances = [], [], []
        for event in events:
            if event[0] in ("update", "other"):
                mean, var = event[2].copy(), event[3].copy()
                (records if event[0] == "update" else make(T_max, d)).update(event[1], mean, var)
                # Whoever measured these goes on using the arrays.
                mean[...], var[...] = np.nan, np.nan
            elif event[0] == "unseen":
                refused.append(_refused(records, event[1]))
            else:
                mean, var = _read(records.get(event[1]), d)
                means.append(mean)
                variances.append(var)
        shape = (len(means), d)
        came = (np.array(values, dtype=float).reshape(shape) for values in (means, variances))
        return np.array(refused, dtype=int), *came

    return keep


def _refused(records: Any, t: int) -> int:
    try:
        came = records.get(t)
    except ValueError:
        return 1
    except (AnswerError, NotStarted, TimeLimit):
        raise
    except Exception:
        return OTHERWISE
    if came is None or came is Ellipsis:
        raise AnswerError(f"get({t}) returned None; it should raise a ValueError there.")
    return 0


def _read(came: Any, d: int) -> list[np.ndarray]:
    """Read a mean and a variance, and write over what was handed out: it should be copies."""
    if came is None or came is Ellipsis:
        raise NotStarted
    if not isinstance(came, (tuple, list)) or len(came) != 2:
        raise AnswerError(f"get should return a mean and a variance; {came!r} came.")
    read = [as_numbers(part, name) for part, name in zip(came, ("mean", "var"), strict=True)]
    for array, part in zip(read, came, strict=True):
        if array.shape != (d,):
            raise AnswerError(f"get should return arrays of shape ({d},) here; {array.shape} came.")
        if isinstance(part, np.ndarray) and part.flags.writeable:
            part[...] = np.nan
    return read
