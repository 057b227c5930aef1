"""When two arrays count as the same answer."""

from __future__ import annotations

import numpy as np


def same(
    got: np.ndarray,
    wanted: np.ndarray,
    rtol: float,
    *,
    loose_shape: bool = False,
    scale: float = 1e-12,
) -> bool:
    """Say whether ``got`` is ``wanted`` up to rounding.

    The tolerance is ``rtol`` times the largest finite number of ``wanted`` (at least ``scale``),
    so that a result near zero among large ones is not asked for more digits than it has.
    Not-a-number equals not-a-number, infinity the same infinity. ``loose_shape`` ignores
    axes of length one.
    """
    if loose_shape:
        got, wanted = got.squeeze(), wanted.squeeze()
    if got.shape != wanted.shape:
        return False
    if got.size == 0:
        return True
    if got.dtype == wanted.dtype == bool:
        return np.array_equal(got, wanted)
    good = np.isfinite(wanted)
    if good.all() and np.isfinite(got).all():
        largest = max(float(np.abs(wanted).max()), scale)
        return bool((np.abs(got - wanted) <= rtol * largest).all())
    if not np.array_equal(np.isfinite(got), good):
        return False
    if not np.array_equal(got[~good], wanted[~good], equal_nan=True):
        return False
    return same(got[good], wanted[good], rtol, scale=scale)


def precise_enough(got: np.ndarray, inputs: tuple) -> bool:
    """Say whether ``got`` keeps at least the precision of the floating-point inputs."""
    floats = [a.dtype for a in inputs if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    if not floats or got.dtype.kind == "c":
        return True
    return got.dtype.kind == "f" and got.dtype.itemsize >= max(d.itemsize for d in floats)
