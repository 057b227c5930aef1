"""What was seen of a layer that was used: the use as lines of code, and the numbers that differ."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.layer_uses import GRADIENTS
from bncourse.grading.words import SMALL, apart

SHORT = 30  # numbers of an array that are written out


def tell_use(make: str) -> Callable[[Evidence], tuple[str, ...]]:
    """Return the ``tell`` of a task whose layers are made by ``make``, with {} for the settings."""

    def tell(evidence: Evidence) -> tuple[str, ...]:
        worst = evidence.smallest_failing()
        settings, gamma, beta, events, _ = worst.case.args
        lines = [
            f"layer = {make.format(*settings)}",
            f"layer.gamma, layer.beta = {_code(gamma)}, {_code(beta)}",
        ]
        calls = [event for event, *_ in events].count("forward")
        passes = 0
        for event, *given in events:
            passes += event == "forward"
            y = _name("y", passes, calls)
            to = {"forward": y + " = layer.forward({})", "backward": "layer.backward({})"}.get(
                event
            )
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
        return (*lines, _difference(name, got, wanted, events, worst.case.rtol))

    return tell


def _difference(name: str, got: np.ndarray, wanted: np.ndarray, events, rtol: float) -> str:
    """Tell the numbers of the first call that gave others than it should."""
    back = name in GRADIENTS
    passes = [given[0] for event, *given in events if event == ("backward" if back else "forward")]
    sizes = [x.size if name in ("y", "dx") else wanted.size // len(passes) for x in passes]
    off = ~(np.abs(got - wanted) <= rtol * np.abs(wanted).max())
    first = int(off.argmax())
    call = int(np.searchsorted(np.cumsum(sizes), first, side="right"))
    start = sum(sizes[:call])
    inside = (first - start) // SMALL * SMALL
    part = slice(start + inside, start + min(inside + SMALL, sizes[call]))
    mine, right = apart(got[part], wanted[part])
    label = name if back or name != "y" else _name("y", call + 1, len(passes))
    if name.startswith("running"):
        label += f" after {_name('y', call + 1, len(passes))}"
    many = f" (numbers {inside + 1} to {inside + part.stop - part.start} of {sizes[call]}"
    many += ", row by row)"
    return f"then {label} is {mine}; expected {right}" + many * (sizes[call] > SMALL)


def _name(name: str, number: int, count: int) -> str:
    return f"{name}{number}" if count > 1 else name


def _code(a: np.ndarray) -> str:
    if a.size > SHORT:
        return f"x of shape {a.shape}"
    return f"np.array({np.round(a, 3).tolist()})"
