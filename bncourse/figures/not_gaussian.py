"""Standardising moves and stretches a distribution; it does not make it a normal one."""

from __future__ import annotations

import math

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import FEATURE, INK, new_figure, number, points

BINS = 40
FAR = -1.5  # standard deviations: for the caption, what a normal distribution has below


def not_gaussian(values: np.ndarray, name: str) -> Static:
    """Return histograms of one feature (N,), raw and standardised, the latter with a normal curve.

    Raises ValueError if the feature is constant.
    """
    values = np.asarray(values, dtype=np.float64)
    standard = standardised(values)
    before, after = skewness(values), skewness(standard)
    figure, (left, right) = new_figure(700, 280, widths=(1, 1))
    looks = {"bins": BINS, "density": True, "histtype": "stepfilled", "fc": FEATURE + "55"}
    left.hist(values, ec=FEATURE, **looks)
    right.hist(standard, ec=FEATURE, **looks)
    z = np.linspace(-4, max(4.0, standard.max()), 200)
    right.plot(z, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), color=INK, lw=2, ls="--")
    right.text(0.9, 0.36, "normal curve", fontsize=points())
    left.set(xlabel=name, title=f"raw, skewness {number(before)}", yticks=[])
    right.set(xlabel=f"{name}, standardised", title=f"standardised, skewness {number(after)}")
    right.set(yticks=[])
    left.set_ylabel("share of the rows")
    normal = math.erfc(-FAR / math.sqrt(2)) / 2
    caption = (
        f"{name} of {len(values)} rows: mean {number(values.mean(), 2)} and standard deviation "
        f"{number(values.std(), 2)} before, 0 and 1 after standardising. The skewness is "
        f"{before:.6f} before and {after:.6f} after; that of the normal curve is 0. "
        f"{number(100 * (standard < FAR).mean(), 1)} % of the values lie below {number(FAR)}, "
        f"where the normal curve has {number(100 * normal, 1)} %."
    )
    return Static(figure, caption)


def standardised(values: np.ndarray) -> np.ndarray:
    """Return values (N,) with mean 0 and standard deviation 1 (over N)."""
    spread = values.std()
    if spread == 0:
        raise ValueError("a constant feature has no shape to show")
    return (values - values.mean()) / spread


def skewness(values: np.ndarray) -> float:
    """Return the mean cube of the standardised values: 0 for what is symmetric."""
    return float((standardised(values) ** 3).mean())
