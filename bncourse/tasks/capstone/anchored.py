"""Accuracies as marks: from none to what a working norm reaches, and in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.served_layers import RESULTS
from bncourse.tasks.capstone.desk import opened, pattern

CHANCE = 0.10
LITTLE, NEARLY = 0.2, 0.8  # an accuracy that is hardly chance; a share of the top
MEASURED = "accuracies"
SOMEWHERE = "something is learned somewhere"
NO_NUMBERS = "no accuracy: not-a-number or infinity came out of the net"


@dataclass(frozen=True)
class Scale:
    """How accuracies under K conditions become marks.

    Attributes:
        labels: (K,) the conditions in words.
        top: the accuracy that earns all of a condition's points.
        points: (K,) of the conditions.
        zero: the accuracy that earns nothing; in between marks grow evenly.
    """

    labels: tuple[str, ...]
    top: float
    points: tuple[float, ...]
    zero: float = CHANCE

    def shares(self, accuracy: np.ndarray) -> np.ndarray:
        """Return the share of each condition's points that is earned, 0 to 1."""
        return np.clip((_numbers(accuracy) - self.zero) / (self.top - self.zero), 0, 1)

    def measure(self, got, *run) -> dict[str, np.ndarray]:
        """Be the ``measure`` of a task whose results are accuracies: a level, 0 to 3, for each."""
        results = got[RESULTS[0]]
        levels = np.digitize(_numbers(results), (LITTLE, NEARLY * self.top, self.top))
        if levels.shape != (len(self.labels),):
            levels = np.zeros(len(self.labels), dtype=int)
        found = {SOMEWHERE: np.array(bool(levels.any()))}
        found |= dict(zip(self.labels, map(np.array, levels), strict=True))
        # The accuracies themselves are for the marks; they are not compared with anything.
        return found | ({MEASURED: results} if opened(run, results, got[RESULTS[1]]) else {})

    def credit(self, evidence: Evidence) -> float:
        """Be the ``credit`` of a task: the share of all points."""
        found = _accuracies(evidence)
        if not found.size:
            return 0.0
        return float(np.dot(self.shares(found), self.points) / sum(self.points))

    def tell(self, evidence: Evidence) -> tuple[str, ...]:
        """Be a task's ``tell``: the accuracy under every condition, and what it earns."""
        found = _accuracies(evidence)
        lines = [
            f"{name}: accuracy {100 * accuracy:.1f} %, {share * points:.1f} of {points:g} points"
            if np.isfinite(accuracy)
            else f"{name}: {NO_NUMBERS}"
            for name, accuracy, share, points in zip(
                self.labels, found, self.shares(found), self.points, strict=False
            )
        ]
        best = f"all points from {100 * self.top:.0f} %, none at {100 * self.zero:.0f} %"
        return (*lines, f"earned: {self.credit(evidence):.0%} ({best})")

    def with_levels(self, levels: Sequence[int], answer: Callable[..., object]) -> Callable:
        """Return a stand-in for an answer, known by its levels; ``answer`` is one that has them."""
        middle = np.array([CHANCE, 0.4, (NEARLY + 1) / 2 * self.top, 1.0])[list(levels)]
        stand_in = pattern(middle)
        stand_in.__wrapped__ = answer
        return stand_in


def _numbers(accuracy: np.ndarray) -> np.ndarray:
    """Read nets that gave no numbers as guessing ones."""
    return np.nan_to_num(np.asarray(accuracy, dtype=float), nan=CHANCE)


def _accuracies(evidence: Evidence) -> np.ndarray:
    """Return the accuracies that were measured, or nothing."""
    values = evidence.cases[0].outcome.values or {}
    return values.get(MEASURED, np.zeros(0))
