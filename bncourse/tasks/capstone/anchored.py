"""Accuracies as marks: from chance to what a working norm reaches, and in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.served_layers import RESULTS
from bncourse.tasks.capstone.desk import opened, pattern

CHANCE = 0.10
LITTLE, NEARLY = 0.2, 0.8  # an accuracy that is hardly chance; a share of the top
MEASURED = "accuracies"
SOMEWHERE = "something is learned somewhere"
NO_NUMBERS = "no accuracy: not-a-number or infinity came out of the net"


def share(accuracy: np.ndarray, top: float) -> np.ndarray:
    """Return the share of the marks that accuracies earn, from 0 at chance to 1 at the top."""
    return np.clip((_numbers(accuracy) - CHANCE) / (top - CHANCE), 0, 1)


def _numbers(accuracy: np.ndarray) -> np.ndarray:
    """Read nets that gave no numbers as guessing ones."""
    return np.nan_to_num(np.asarray(accuracy, dtype=float), nan=CHANCE)


def measure_levels(labels: Sequence[str], top: float) -> Callable[..., dict[str, np.ndarray]]:
    """Return the ``measure`` of a task whose results are accuracies: a level, 0 to 3, for each."""

    def measure(got, *run):
        results = got[RESULTS[0]]
        levels = np.digitize(_numbers(results), (LITTLE, NEARLY * top, top))
        if levels.shape != (len(labels),):
            levels = np.zeros(len(labels), dtype=int)
        found = {SOMEWHERE: np.array(bool(levels.any()))}
        found |= dict(zip(labels, map(np.array, levels), strict=True))
        # The accuracies themselves are for the marks; they are not compared with anything.
        return found | ({MEASURED: results} if opened(run, results, got[RESULTS[1]]) else {})

    return measure


def accuracies(evidence: Evidence) -> np.ndarray:
    """Return the accuracies that were measured, or nothing."""
    values = evidence.cases[0].outcome.values or {}
    return values.get(MEASURED, np.zeros(0))


def credit(top: float) -> Callable[[Evidence], float]:
    """Return the ``credit`` of a task: the mean share over all conditions."""

    def earned(evidence: Evidence) -> float:
        found = accuracies(evidence)
        return float(share(found, top).mean()) if found.size else 0.0

    return earned


def tell(labels: Sequence[str], top: float) -> Callable[[Evidence], tuple[str, ...]]:
    """Return a task's ``tell``: the accuracy in every condition, and what it earns."""

    def told(evidence: Evidence) -> tuple[str, ...]:
        found = accuracies(evidence)
        lines = [
            f"{name}: accuracy {100 * a:.1f} %" if np.isfinite(a) else f"{name}: {NO_NUMBERS}"
            for name, a in zip(labels, found, strict=False)
        ]
        best = f"all marks from {100 * top:.0f} %, none at {100 * CHANCE:.0f} %"
        return (*lines, f"earned: {credit(top)(evidence):.0%} ({best})")

    return told


def with_levels(
    levels: Sequence[int], answer: Callable[..., object], top: float
) -> Callable[..., object]:
    """Return a stand-in for an answer, known by its levels; ``answer`` is one that has them."""
    middle = np.array([CHANCE, 0.4, (NEARLY + 1) / 2 * top, 1.0])[list(levels)]
    stand_in = pattern(middle)
    stand_in.__wrapped__ = answer
    return stand_in
