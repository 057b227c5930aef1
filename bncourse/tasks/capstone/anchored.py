"""Accuracies as marks: from none to what a working norm reaches, and in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.served_layers import RESULTS
from bncourse.tasks.capstone.desk import opened, pattern
from bncourse.tasks.capstone.ward import CHANCE, REFUSED_BATCH, REFUSED_IMAGE, guessed

LITTLE, NEARLY = 0.2, 0.8  # an accuracy that is hardly chance; a share of the top
MEASURED = "accuracies"
SOMEWHERE = "something is learned somewhere"
NO_NUMBERS = "no accuracy, as not-a-number or infinity came out of the net"
WORDS = {
    REFUSED_BATCH: "your layer refused a batch of one in training (it raised an error)",
    REFUSED_IMAGE: "your layer refused one image by itself in evaluation (it raised an error)",
}


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
        return np.clip((guessed(accuracy) - self.zero) / (self.top - self.zero), 0, 1)

    def measure(self, got, *run) -> dict[str, np.ndarray]:
        """Be the ``measure`` of a task whose results are accuracies: a level, 0 to 3, for each."""
        results = got[RESULTS[0]]
        count = len(self.labels)
        levels = np.zeros(count, dtype=int)
        if results.ndim == 1 and len(results) >= count:  # more than accuracies may have come
            levels = np.digitize(guessed(results[:count]), (LITTLE, NEARLY * self.top, self.top))
        found = {SOMEWHERE: np.array(bool(levels.any()))}
        found |= dict(zip(self.labels, map(np.array, levels), strict=True))
        # The accuracies themselves are for the marks; they are not compared with anything.
        return found | ({MEASURED: results} if opened(run, results, got[RESULTS[1]]) else {})

    def credit(self, evidence: Evidence) -> float:
        """Be the ``credit`` of a task: the share of all points."""
        found = self._accuracies(evidence)
        if not found.size:
            return 0.0
        return float(np.dot(self.shares(found), self.points) / sum(self.points))

    def tell(self, evidence: Evidence) -> tuple[str, ...]:
        """Be a task's ``tell``: the accuracy under every condition, and what it earns."""
        found = self._accuracies(evidence)
        lines = [
            f"{name}: {_in_words(accuracy)}, {share * points:.1f} of {points:g} points"
            for name, accuracy, share, points in zip(
                self.labels, found, self.shares(found), self.points, strict=False
            )
        ]
        best = f"all points from {100 * self.top:.0f} %, none at {100 * self.zero:.0f} %"
        return (*lines, f"earned: {self.credit(evidence):.0%} ({best})")

    def _accuracies(self, evidence: Evidence) -> np.ndarray:
        """Return the accuracies that were measured, or nothing."""
        values = evidence.cases[0].outcome.values or {}
        return values.get(MEASURED, np.zeros(0))[: len(self.labels)]

    def with_levels(
        self, levels: Sequence[int], answer: Callable[..., object], more: Sequence[float] = ()
    ) -> Callable:
        """Return a stand-in for an answer, known by its levels; ``answer`` is one that has them.

        ``more`` are numbers that come behind the accuracies.
        """
        middle = np.array([CHANCE, 0.4, (NEARLY + 1) / 2 * self.top, 1.0])[list(levels)]
        stand_in = pattern([*middle, *more])
        stand_in.__wrapped__ = answer
        return stand_in


def _in_words(accuracy: float) -> str:
    return WORDS.get(accuracy) or (
        f"accuracy {100 * accuracy:.1f} %" if np.isfinite(accuracy) else NO_NUMBERS
    )
