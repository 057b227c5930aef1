"""What a slice of a stored result is, and how slices are registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Slice:
    """Some numbers of a stored result, now and then.

    Attributes:
        what: which numbers.
        now, stored: of the same shape.
        tolerance: how far they may be apart: sums in another order, on another machine, let a few
            test images change sides. To see by how much, run with ATEN_CPU_CAPABILITY=default and
            MKL_CBWR=COMPATIBLE in the environment; each tolerance leaves room beyond that.
    """

    what: str
    now: np.ndarray
    stored: np.ndarray
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether no number is further away than the tolerance."""
        return bool(np.all(np.abs(np.subtract(self.now, self.stored)) <= self.tolerance))


Slicer = Callable[[], Iterator[Slice]]

SLICES: dict[str, Slicer] = {}
TOUCHED: dict[str, tuple[str, ...]] = {}


def slice_of(name: str, *findings: str) -> Callable[[Slicer], Slicer]:
    """Register a function as the slice of a stored result.

    Args:
        name: of the stored result.
        findings: those to which the arms that are trained again belong, with fewer seeds or, where
            it is stored as well, after fewer updates.

    Raises ValueError if the result has a slice already.
    """
    if name in SLICES:
        raise ValueError(f"there are two slices of {name!r}")

    def register(function: Slicer) -> Slicer:
        SLICES[name], TOUCHED[name] = function, findings
        return function

    return register
