"""What was seen of a layer that was used: the use as lines of code, and the numbers that differ."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.words import array

SHORT = 16  # numbers of an array that are written out


def tell_use(make: str) -> Callable[[Evidence], tuple[str, ...]]:
    """Return the ``tell`` of a task whose layers are made by ``make``, with {} for the settings."""

    def tell(evidence: Evidence) -> tuple[str, ...]:
        worst = evidence.smallest_failing()
        settings, gamma, beta, events, _ = worst.case.args
        lines = [
            f"layer = {make.format(*settings)}",
            f"layer.gamma, layer.beta = {_code(gamma)}, {_code(beta)}",
        ]
        for event, *given in events:
            to = {"forward": "y = layer.forward({})", "backward": "layer.backward({})"}.get(event)
            lines.append(to.format(_code(given[0])) if to else f"layer.{event}()")
        if worst.accepted:
            return (*lines, f"no {worst.case.raises} was raised")
        if not worst.wrong:
            return (*lines, "then an array that was handed in holds other numbers")
        name = worst.wrong[0]
        got, wanted = (worst.outcome.values or {}).get(name), worst.wanted[name]
        if got is None:
            return (*lines, f"then {name} is missing")
        if got.shape != wanted.shape:
            return (*lines, f"then {name} has {got.size} numbers; expected {wanted.size}")
        end = slice(-SHORT, None) if name.startswith("running") else slice(SHORT)
        shown = f"then {name} is {array(got[end])}; expected {array(wanted[end])}"
        return (*lines, shown + (" (the first of them)" if wanted.size > SHORT else ""))

    return tell


def _code(a: np.ndarray) -> str:
    if a.size > SHORT:
        return f"x of shape {a.shape}"
    return f"np.array({np.round(a, 3).tolist()})"
