"""2.2: fit a standardiser."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.input_normalisation.fit_slips import (
    MISCONCEPTIONS,
    OFFSETS,
    fit_standardizer,
)


def measure(got, X):
    """Return what came back, with the columns that never change told apart.

    Without a guard their spread is what rounding leaves, which differs from one way to the next.
    """
    mean, sd = got["mean"], got["sd"]
    constant = X.max(axis=0) == X.min(axis=0)
    if sd.shape != constant.shape or sd.dtype.kind not in "fiu":
        return {"mean": mean, "sd": sd}
    still = sd[constant].astype(float)
    return {
        "mean": mean,
        "sd": np.where(constant, 1, sd),
        "sd of a column that never changes (rounding shown as 0)": np.where(
            np.abs(still) < 1e-9, 0, still
        ),
    }


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw tables with mixed units, constant columns, small units and a large offset."""

    def draw(label, n, d, mean=3.0, scale=None, dtype=float, rtol=1e-7):
        scale = rng.uniform(0.3, 5, d) if scale is None else scale
        return Case(label, ((mean + rng.normal(0, 1, (n, d)) * scale).astype(dtype),), rtol)

    two = np.array([[20.0, 1000.0], [30.0, 5000.0], [40.0, 3000.0], [54.0, 7000.0]])
    constant = draw("a constant column", 5, 2)
    constant.args[0][:, 1] = 3.0
    tenths = draw("a column of 0.1s", 6, 2)
    tenths.args[0][:, 0] = 0.1
    large = draw("a column of 98765.4321s", 7, 2)
    large.args[0][:, 1] = 98765.4321
    alike = draw("a column that begins and ends alike", 5, 2)
    alike.args[0][:, 0] = [2.0, 2.0, 5.0, 1.0, 2.0]
    return [
        Case("age and kilometres of four people", (two,)),
        large,
        alike,
        draw("five rows, three features", 5, 3),
        constant,
        tenths,
        draw("units so small that the spread is a few 1e-9", 6, 2, 0.0, np.array([3e-9, 5e-9])),
        draw(OFFSETS[1], 8, 2, 1e7, np.array([2.0, 3.0])),
        draw("values between 0 and 1", 9, 2, 0.5, np.array([0.1, 0.2])),
        draw(OFFSETS[0], 12, 2, 3e5, np.array([30.0, 50.0]), np.float32, 2e-2),
    ]


def _loops(X):
    mean, sd = [], []
    for column in X.T:
        values = [float(v) for v in column]
        m = sum(values) / len(values)
        s = (sum((v - m) ** 2 for v in values) / len(values)) ** 0.5
        mean.append(m)
        sd.append(1.0 if max(values) == min(values) else s)
    return np.array(mean), np.array(sd)


def _tolerant(X):
    mean, sd = X.mean(0), np.sqrt(((X - X.mean(0)) ** 2).mean(0))
    sd[sd < 1e-10 * np.maximum(np.abs(mean), 1)] = 1
    return mean, sd


def _peak_to_peak(X):
    sd = X.std(axis=0)
    sd[np.ptp(X, axis=0) == 0] = 1.0
    return X.mean(axis=0), sd


def _one_pass(X):
    mean = X.mean(axis=0)
    sd = np.sqrt(np.maximum((X * X).mean(axis=0) - mean * mean, 0))
    return mean, np.where(X.max(0) == X.min(0), 1, sd).astype(X.dtype)


def stub(X):
    """The exercise as learners find it."""
    mean = sd = None
    return mean, sd


TASK = Task(
    id="2.2",
    title="fit a standardiser",
    entry="fit_standardizer",
    objective="Fit a standardiser, constant columns included",
    minutes=8,
    params=("X",),
    outputs=("mean", "sd"),
    cases=cases,
    reference=fit_standardizer,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "One mean and one spread for each column. Then ask what happens to a column whose values "
        "are all the same.",
        "A column that never changes carries nothing: with sd = 1 it becomes all 0 when its mean "
        "is subtracted. Its computed spread may be 1e-17 instead of 0, so do not ask the spread.",
        "X.max(axis=0) == X.min(axis=0) is True for the columns that never change, whatever "
        "rounding does. np.where(condition, a, b) takes a where it is True and b elsewhere.",
    ),
    stub=stub,
    measure=measure,
    accepted=(_loops, _tolerant, _peak_to_peak),
    mistakes={"one-pass variance": _one_pass},
    switchboard=fit_standardizer,
)
