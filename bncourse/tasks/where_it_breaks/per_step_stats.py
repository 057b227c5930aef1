"""Statistics for each time step of a sequence, with every slip that learners make in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar
from weakref import WeakValueDictionary

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception

WEIGHTS: dict[str, Callable] = {  # of the newest update, from the count so far
    "plain": lambda n: 1 / n,
    "newest": lambda n: 1.0,
    "sum": lambda n: 1.0,
    "half": lambda n: 1.0 if n == 1 else 0.5,
    "n + 1": lambda n: 1 / (n + 1),
    "momentum": lambda n: 0.1,
    "momentum 0.9": lambda n: 0.9,
    "momentum, from the first": lambda n: 1.0 if n == 1 else 0.1,
    "first": lambda n: float(n == 1),
}
POOLS: dict[str, Callable] = {  # mean and variance for late steps, from those of all steps
    "average": lambda n, mean, var: (mean[n > 0].mean(axis=0), var[n > 0].mean(axis=0)),
    "all rows": lambda n, mean, var: (mean.mean(axis=0), var.mean(axis=0)),
    "weighted": lambda n, mean, var: tuple(np.average(a, axis=0, weights=n) for a in (mean, var)),
    "between": lambda n, mean, var: (
        mean[n > 0].mean(axis=0),
        var[n > 0].mean(axis=0) + mean[n > 0].var(axis=0),
    ),
}


class PerStepStats:
    """The plain average of the means and variances of each step; the keywords switch slips on."""

    def __init__(
        self, T_max, d, *, place="right", counted="step", weight="plain", unseen="refused",
        past="last", swap=False, spread="var", by="average", late="kept",
    ):  # fmt: skip
        self.T_max, self.d, self.by = T_max, d, by
        self.place, self.counted, self.weight, self.unseen = place, counted, weight, unseen
        self.past, self.swap, self.spread, self.late = past, swap, spread, late
        rows = T_max + place.startswith("one past")
        self.mean, self.var = np.zeros((rows, d)), np.zeros((rows, d))
        if weight in ("momentum", "momentum 0.9"):
            self.var += 1
        self.n, self.all, self.begun, self.came = np.zeros(rows, dtype=int), 0, 0, set()
        self.squares = np.zeros((rows, d))

    def _step(self, t):
        if self.place.startswith("pooled"):
            return 0
        if self.place == "from 1":
            return min(t, self.T_max) - 1
        if self.place.startswith("one past"):
            if t >= self.T_max and self.place == "one past":
                raise IndexError(_message(self.T_max, self.T_max))
            if t >= self.T_max and self.place == "one past, KeyError":
                raise KeyError(self.T_max)
            return min(t, self.T_max)
        return min(t, self.T_max - 1)

    def update(self, t, mean, var):
        """Average one more mean (d,) and variance (d,) into step t."""
        if t >= self.T_max and self.late != "kept":
            if self.late == "IndexError":
                raise IndexError(_message(t, self.T_max))
            if self.late == "list":
                raise IndexError("list index out of range")
            if self.late == "KeyError":
                raise KeyError(t)
            if self.late == "ValueError":
                raise ValueError(f"step {t} is too late")
            return
        self.came.add(min(t, self.T_max - 1))
        self.begun += t == 0
        t = self._step(t)
        self.all += 1
        self.n[t] += 1
        n = max(self._count(t), 1) if self.weight in ("plain", "n + 1") else self.n[t]
        w = 1.0 if self.by == "sums" else WEIGHTS[self.weight](n)
        keep = 1.0 if "sum" in (self.weight, self.by.rstrip("s")) else 1 - w
        self.mean[t] = keep * self.mean[t] + w * mean
        self.var[t] = keep * self.var[t] + w * (np.sqrt(var) if self.spread == "sd" else var)
        self.squares[t] = keep * self.squares[t] + w * mean**2

    def get(self, t):
        """Return mean and variance of step t; ValueError for a step that was never seen."""
        if t >= self.T_max and self.past != "last":
            return self._past(t)
        if self.place == "pooled, each seen" and min(t, self.T_max - 1) not in self.came:
            raise ValueError(f"step {t} was never seen")
        t = self._step(t)
        if not self._known(t):
            if self.unseen == "other":
                raise KeyError(t)
            raise ValueError(f"step {t} was never seen")
        mean, var, squares = self.mean[t], self.var[t], self.squares[t]
        if self.by == "sums":
            mean, var, squares = (a / self._count(t) for a in (mean, var, squares))
        if self.spread == "between":
            var = var + squares - mean**2
        return self._pair(mean, var)

    def _known(self, t):
        seen = {
            "accepted": True,
            "any": self.all > 0,
            "before": self.n[: t + 1].any(),
            "no sequence": self.begun > 0,
        }
        return seen.get(self.unseen, self.n[t] > 0)

    def _count(self, t):
        return {
            "step": self.n[t],
            "all": self.all,
            "first": self.n[0],
            "begun": self.begun,
        }[self.counted]

    def _pair(self, mean, var):
        var = var**2 if self.spread == "sd" else var
        mean, var = mean.copy(), var.copy()
        return (var, mean) if self.swap else (mean, var)

    def _past(self, t):
        if self.past == "IndexError":
            raise IndexError(_message(t, self.T_max))
        if self.past == "list":
            raise IndexError("list index out of range")
        if self.past == "KeyError":
            raise KeyError(t)
        if self.past == "ValueError":
            raise ValueError(f"step {t} was never seen")
        seen = np.flatnonzero(self.n)
        if not seen.size and self.past != "all rows":
            raise ValueError("nothing seen")
        if self.past in POOLS:
            return self._pair(*POOLS[self.past](self.n, self.mean, self.var))
        if self.past == "start":
            return self._pair(np.zeros(self.d), np.ones(self.d))
        t = {"first": 0, "wrapped": t % self.T_max, "last seen": seen[-1]}[self.past]
        if not self.n[t]:
            raise ValueError("unseen")
        return self._pair(self.mean[t], self.var[t])


def _message(t, T_max):
    return f"index {t} is out of bounds for axis 0 with size {T_max}"


class _Memory:
    """Arrays that several objects write into; it lives as long as one of them."""

    def __init__(self, *arrays):
        self.arrays = arrays


class ClassLevel(PerStepStats):
    """Every object writes into the same arrays, as if they belonged to the class.

    They are forgotten with the last object: what this returns must not depend on earlier cases.
    """

    living: ClassVar[WeakValueDictionary] = WeakValueDictionary()

    def __init__(self, T_max, d):
        super().__init__(T_max, d)
        self.memory = self.living.get((T_max, d)) or _Memory(self.mean, self.var, self.n)
        self.living[T_max, d] = self.memory
        self.mean, self.var, self.n = self.memory.arrays


class HandsOut(PerStepStats):
    """What get returns is the object's own memory."""

    def _pair(self, mean, var):
        return mean, var


class KeepsTheirs(PerStepStats):
    """The first mean and variance of a step are kept as the arrays that came in."""

    def __init__(self, T_max, d):
        super().__init__(T_max, d)
        self.theirs = {}

    def update(self, t, mean, var):
        """Average one more mean (d,) and variance (d,) into step t."""
        t = self._step(t)
        if t not in self.theirs:
            self.theirs[t] = mean, var
            self.n[t] = 1
            return
        self.n[t] += 1
        old = self.theirs[t]
        self.theirs[t] = tuple(
            a + (b - a) / self.n[t] for a, b in zip(old, (mean, var), strict=True)
        )

    def get(self, t):
        """Return mean and variance of step t; ValueError for a step that was never seen."""
        if self.n[self._step(t)] == 0:
            raise ValueError("unseen")
        mean, var = self.theirs[self._step(t)]
        return mean.copy(), var.copy()


slip = slips(PerStepStats)


def also(entry: Misconception, *others: dict) -> Misconception:
    """Return a slip that may have been made in other ways, too: settings of `PerStepStats`."""
    return replace(entry, variants=tuple(partial(PerStepStats, **o) for o in others))
