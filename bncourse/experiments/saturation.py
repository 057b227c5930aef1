"""What a first layer makes of inputs that were not prepared: saturated before the first step.

One hidden layer reads wines. Its weights come from N(0, 1/D) for D columns, the usual size for
columns of variance 1. In a raw table the column with the largest numbers decides alone: it throws
tanh and sigmoid units to their flat ends, where the slope is 0, and settles for every row alike on
which side of its kink a ReLU is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bncourse.data import load_wine
from bncourse.experiments.rulers import PREPARATIONS, prepare

ACTIVATIONS = ("tanh", "sigmoid", "relu")
UNITS = 50


@dataclass(frozen=True)
class Saturation:
    """Flat units before training, for A activations, P preparations and S seeds of the weights.

    A unit is flat for a row where a tanh is beyond ±0.99, a sigmoid below 0.01 or above 0.99 and a
    ReLU 0. For tanh and sigmoid that leaves a slope of 0.02 and 0.01 at most, of 1 and 0.25.

    Attributes:
        activations: (A,) names.
        preparations: (P,) of `rulers.PREPARATIONS`.
        seeds: (S,).
        flat: (A, P, S) share of the pairs of a unit and a row that are flat.
        slope: (A, P, S) mean over those pairs of the derivative of the activation.
        one_sided: (P, S) share of units for which all rows are on one side of 0, where a unit
            without a bias has its centre or its kink. A ReLU of this kind is dead or linear.
    """

    activations: tuple[str, ...]
    preparations: tuple[str, ...]
    seeds: tuple[int, ...]
    flat: np.ndarray
    slope: np.ndarray
    one_sided: np.ndarray


def measure_saturation(seeds: Sequence[int] = tuple(range(20)), units: int = UNITS) -> Saturation:
    """Put all 178 wines through a layer of `units` units for every seed; nothing is trained."""
    wine = load_wine()
    columns = wine.x.shape[1]
    draws = [np.random.default_rng(seed).normal(size=(columns, units)) for seed in seeds]
    weights = np.stack(draws) / np.sqrt(columns)
    measured = [_measure(prepare(wine.x, how) @ weights) for how in PREPARATIONS]
    flat, slope, one_sided = (np.array(values) for values in zip(*measured, strict=True))
    return Saturation(
        activations=ACTIVATIONS,
        preparations=PREPARATIONS,
        seeds=tuple(seeds),
        flat=flat.swapaxes(0, 1),
        slope=slope.swapaxes(0, 1),
        one_sided=one_sided,
    )


def _measure(into: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Return flat (A, S), slope (A, S) and one-sided (S,) of the sums in units, (S, N, units)."""
    tanh, sigmoid, active = np.tanh(into), (1 + np.tanh(into / 2)) / 2, into > 0
    flat = (np.abs(tanh) > 0.99, np.abs(sigmoid - 0.5) > 0.49, ~active)
    slope = (1 - tanh**2, sigmoid * (1 - sigmoid), active)
    return (
        [values.mean(axis=(1, 2)) for values in flat],
        [values.mean(axis=(1, 2)) for values in slope],
        (active.all(axis=1) | ~active.any(axis=1)).mean(axis=1),
    )
