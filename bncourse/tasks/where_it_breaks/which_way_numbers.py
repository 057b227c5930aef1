"""The two numbers of 8.5, the growth per step and the mean slope, right and wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from bncourse.grading.task import Misconception
from bncourse.tasks.where_it_breaks.which_way_runs import SHOWN, STEPS, mean_slope

FIRST, LAST = SHOWN[0], SHOWN[-1]
TOLERANCE = 3e-3  # of the growth
PART = "a part of the row"
# The columns between which a growth may have been read off, the likeliest first.
_PARTS = ((0, 1), (5, 6), (0, 2), (0, 3), (0, 4), (0, 5))


def letter(p: Mapping, arm: int) -> np.ndarray:
    """Return which letter hides the curve of one of `ARMS`."""
    return np.asarray(float(np.flatnonzero(p["order"] == arm)[0]))


def growth(p: Mapping, power: float = 1 / (FIRST - LAST)) -> np.ndarray:
    """Return a root of the growth over the whole table, the factor of one step say."""
    return np.asarray(_row(p)[-1] ** power)


def told(**values: float) -> dict[str, np.ndarray]:
    """Return only these fields."""
    return {name: np.asarray(float(value)) for name, value in values.items()}


def _row(p: Mapping) -> np.ndarray:
    return p["curves"][int(letter(p, 1))]


def _parts(p: Mapping) -> Iterator[tuple[int, float]]:
    """Yield the factors per step over parts of the row that can be told from the right one."""
    found = [float(growth(p))]
    for k, (a, b) in enumerate(_PARTS):
        factor = float((_row(p)[b] / _row(p)[a]) ** (1 / (SHOWN[a] - SHOWN[b])))
        if all(abs(factor - other) > TOLERANCE * max(factor, other) for other in found):
            found.append(factor)
            yield k, factor


def _part(k: int) -> Misconception:
    def wrong(p: Mapping) -> dict[str, np.ndarray]:
        factors = dict(_parts(p))
        return told(growth=factors[k]) if k in factors else {}

    a, b = _PARTS[k]
    return Misconception(
        f"{PART}, {SHOWN[a]} to {SHOWN[b]}",
        "That is the factor over a part of the row. Its columns do not all grow alike; the factor "
        "from the first number of the row to the last one was asked for.",
        "Which two columns did you compare, and how many steps lie between them?",
        "",
        wrong,
    )


def mean(p: Mapping, f: Callable[[np.ndarray], np.ndarray], sd: float | None = None) -> float:
    """Return the mean of f(z) for z ~ N(0, sd²), with the sd of the question if none is given."""
    z = np.linspace(-9, 9, 20001)
    weight = np.exp(-(z**2) / 2)
    return float((weight / weight.sum() * f((p["sd"] if sd is None else sd) * z)).sum())


GROWTH_SLIPS = (
    Misconception(
        "the whole growth",
        f"That is the growth over all {FIRST - LAST} steps; the factor of one step was asked for.",
        "Which number, multiplied with itself that often, gives the growth?",
        "",
        lambda p: {"growth": growth(p, 1)},
    ),
    Misconception(
        "growth per column",
        "That is the factor from column to column, and a column is 8 steps.",
        "How many steps lie between two columns of the table?",
        "",
        lambda p: {"growth": growth(p, 1 / (len(SHOWN) - 1))},
    ),
    Misconception(
        "one column read off",
        f"That is what the table says of step {SHOWN[1]}: the growth over 8 steps. The factor of "
        "one step was asked for.",
        "How many steps lie between two columns of the table?",
        "",
        lambda p: told(growth=_row(p)[1]),
    ),
    Misconception(
        "the root of all steps",
        f"That is the {STEPS}th root. The net has {STEPS} steps, but the table goes from step "
        f"{FIRST} to {LAST} only.",
        f"How many steps back is it from step {FIRST} to step {LAST}?",
        "",
        lambda p: {"growth": growth(p, 1 / STEPS)},
    ),
    Misconception(
        "growth divided",
        "The growth was divided by the number of steps. Factors multiply.",
        "Which number, multiplied with itself that often, gives the growth?",
        "",
        lambda p: {"growth": growth(p, 1) / (FIRST - LAST)},
    ),
    Misconception(
        "growth forwards",
        "That is the factor forwards in time. Backwards, from step 64 to 16, it is one over that.",
        "Does the gradient of this net grow or shrink on its way back?",
        "",
        lambda p: {"growth": growth(p, -1 / (FIRST - LAST))},
    ),
    *map(_part, range(len(_PARTS))),
)

SLOPE_SLIPS = (
    Misconception(
        "slope at 0",
        "That is the slope of tanh at 0, its largest one. The arguments are spread around 0.",
        "What is 1 − tanh²(z) at z = 1?",
        "",
        lambda p: told(slope=1),
    ),
    Misconception(
        "slope at one sd",
        "That is the slope at one standard deviation, not the mean over all z.",
        "Which of the z do you get more often: those near 0 or those near one sd?",
        "",
        lambda p: told(slope=1 - np.tanh(p["sd"]) ** 2),
    ),
    Misconception(
        "tanh for its slope",
        "That is 1 minus the mean of |tanh|. The slope is 1 − tanh².",
        "What is the derivative of tanh?",
        "",
        lambda p: told(slope=mean(p, lambda z: 1 - np.abs(np.tanh(z)))),
    ),
    Misconception(
        "the squares only",
        "That is the mean of tanh²; the slope is 1 minus that.",
        "What is the slope of tanh at 0: 0 or 1?",
        "",
        lambda p: told(slope=1 - mean_slope(p["sd"])),
    ),
    Misconception(
        "variance for sd",
        "The z were drawn with the variance as their standard deviation. In N(0, s²) the second "
        "number is the variance, and rng.normal(0, s) wants the sd.",
        "What is the second argument of rng.normal, and how large is it here?",
        "M1",
        lambda p: told(slope=mean_slope(p["sd"] ** 2)),
    ),
    Misconception(
        "root of the sd",
        "The z were drawn with the root of the standard deviation. N(0, s²) has the variance s², "
        "so its sd is s.",
        "What is the standard deviation of N(0, 4²)?",
        "M1",
        lambda p: told(slope=mean_slope(p["sd"] ** 0.5)),
    ),
    Misconception(
        "sd of 1",
        "That is the mean slope for z with the standard deviation 1. Yours have another one.",
        "By what must standard normal numbers be multiplied to have your standard deviation?",
        "",
        lambda p: told(slope=mean_slope(1.0)),
    ),
    Misconception(
        "root of the mean square",
        "That is the root of the mean of the squared slopes; their plain mean was asked for.",
        "Which one weighs steep places more: the mean, or the root of the mean square?",
        "",
        lambda p: told(slope=mean(p, lambda z: (1 - np.tanh(z) ** 2) ** 2) ** 0.5),
    ),
)
