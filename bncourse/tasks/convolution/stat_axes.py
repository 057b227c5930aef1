"""6.2: over which axes do the statistics run?"""

from __future__ import annotations

import math

import numpy as np

from bncourse.grading.answers import AnswerError
from bncourse.grading.task import Case, Task
from bncourse.tasks.convolution.stat_axes_slips import (
    KINDS,
    LAYOUTS,
    MISCONCEPTIONS,
    OTHER_LAYOUT,
    UNKNOWN_KIND,
    UNKNOWN_LAYOUT,
    stat_axes,
)

# Primes, so that a product tells which axes were multiplied.
SIZES = {"N": 2, "C": 3, "L": 5, "D": 7, "H": 11, "W": 13}
MEASURED = "numbers that share one mean, if N is 2, C 3, L 5, D 7, H 11 and W 13,"


def measure(got, layout, kind):
    """Return how many numbers share one mean: the same for any order, and for negative axes."""
    axes = np.atleast_1d(got["axes"])
    if axes.ndim != 1 or (axes.size and axes.dtype.kind not in "iu"):
        raise AnswerError("axes should be a tuple of whole numbers, such as (0, 1).")
    n = len(layout)
    for axis in axes.tolist():
        if not -n <= axis < n:
            raise AnswerError(
                f"axis {axis} came for {layout}, whose axes are counted from 0 to {n - 1}."
            )
    places = [axis % n for axis in axes.tolist()]
    if len(set(places)) < len(places):
        raise AnswerError(f"an axis of {layout} came twice: {tuple(axes.tolist())}.")
    return {MEASURED: np.array(math.prod(SIZES.get(layout[k], 1) for k in places))}


def cases(rng: np.random.Generator) -> list[Case]:
    """Return every layout with every kind, and two that must be refused."""
    known = [Case(f"{a}, {b}", (a, b)) for a in LAYOUTS for b in KINDS]
    return [
        *known,
        Case(UNKNOWN_KIND, ("NCHW", "group"), raises="ValueError"),
        Case(UNKNOWN_LAYOUT, ("CHW", "batch"), raises="ValueError"),
        Case(OTHER_LAYOUT, ("NTC", "batch"), raises="ValueError"),
    ]


def _table(layout, kind):
    table = {
        ("NC", "batch"): (0,), ("NC", "layer"): (1,), ("NC", "instance"): (),
        ("NCL", "batch"): (0, 2), ("NCL", "layer"): (1, 2), ("NCL", "instance"): (2,),
        ("NCHW", "batch"): (0, 2, 3), ("NCHW", "layer"): (1, 2, 3), ("NCHW", "instance"): (2, 3),
        ("NHWC", "batch"): (0, 1, 2), ("NHWC", "layer"): (1, 2, 3), ("NHWC", "instance"): (1, 2),
        ("NCDHW", "batch"): (0, 2, 3, 4), ("NCDHW", "layer"): (1, 2, 3, 4),
        ("NCDHW", "instance"): (2, 3, 4),
    }  # fmt: skip
    if (layout, kind) not in table:
        raise ValueError(f"{layout} or {kind} is not known")
    return table[layout, kind]


def _negative(layout, kind):
    if layout[0] != "N" or set(layout) - set("NCLDHW") or "C" not in layout:
        raise ValueError(layout)
    own = {"batch": {"C"}, "layer": {"N"}, "instance": {"N", "C"}}
    if kind not in own:
        raise ValueError(kind)
    return [k - len(layout) for k in range(len(layout))[::-1] if layout[k] not in own[kind]]


def _arrays(layout, kind):
    if layout not in LAYOUTS:
        raise ValueError("unknown layout")
    every = np.arange(len(layout))
    channel = layout.index("C")
    if kind == "batch":
        return np.delete(every, channel)
    if kind == "layer":
        return every[1:]
    if kind == "instance":
        return np.delete(every, [0, channel])
    raise ValueError("unknown kind")


def stub(layout, kind):
    """The exercise as learners find it."""
    axes = None
    return axes


TASK = Task(
    id="6.2",
    title="which axes?",
    entry="stat_axes",
    objective="Name the axes that share a mean, in any layout",
    minutes=8,
    params=("layout", "kind"),
    outputs=("axes",),
    cases=cases,
    reference=stat_axes,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Write the letters of the layout down and number them from 0. Which letters have a mean of "
        "their own? Those axes are not averaged over.",
        "The axes that are averaged are those that are left. Batch: every channel has its own "
        "mean. Layer: every image. Instance: every channel of every image.",
        'For a table with time, layout "NTC", batch would keep C (axis 2), so (0, 1) is left. '
        'layout.index("C") finds a letter; [k for k, letter in enumerate(layout) if …] goes '
        "through all of them.",
    ),
    stub=stub,
    accepted=(_table, _negative, _arrays),
    measure=measure,
    switchboard=stat_axes,
)
