"""What learners get wrong when they keep statistics for each step."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar
from weakref import WeakValueDictionary

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception


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
        self.n, self.all, self.came = np.zeros(rows, dtype=int), 0, set()

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
            return
        self.came.add(min(t, self.T_max - 1))
        t = self._step(t)
        self.all += 1
        self.n[t] += 1
        n = max(self._count(t), 1)
        w = {
            "plain": 1 / n, "newest": 1.0, "sum": 1.0, "half": 0.5, "n + 1": 1 / (n + 1),
            "momentum": 0.1, "momentum 0.9": 0.9, "first": float(self.n[t] == 1),
        }[self.weight]  # fmt: skip
        if (self.weight == "half" and self.n[t] == 1) or self.by == "sums":
            w = 1.0
        keep = 1.0 if "sum" in (self.weight, self.by.rstrip("s")) else 1 - w
        self.mean[t] = keep * self.mean[t] + w * mean
        self.var[t] = keep * self.var[t] + w * (np.sqrt(var) if self.spread == "sd" else var)

    def get(self, t):
        """Return mean and variance of step t; ValueError for a step that was never seen."""
        if t >= self.T_max and self.past != "last":
            return self._past(t)
        if self.place == "pooled, each seen" and min(t, self.T_max - 1) not in self.came:
            raise ValueError(f"step {t} was never seen")
        t = self._step(t)
        if self.n[t] == 0:
            if self.unseen == "refused":
                raise ValueError(f"step {t} was never seen")
            if self.unseen == "other":
                raise KeyError(t)
        if self.by == "sums":
            n = self._count(t)
            return self._pair(self.mean[t] / n, self.var[t] / n)
        return self._pair(self.mean[t], self.var[t])

    def _count(self, t):
        return {"step": self.n[t], "all": self.all, "first": self.n[0]}[self.counted]

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
        if not seen.size:
            raise ValueError("nothing seen")
        if self.past == "average":
            return self._pair(self.mean[seen].mean(axis=0), self.var[seen].mean(axis=0))
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


_slip = slips(PerStepStats)


def _by_sums(*words, counted):
    """Return a slip of the count, made while averaging or when a sum is divided at last."""
    entry = _slip(*words, counted=counted)
    return replace(entry, variants=(partial(PerStepStats, counted=counted, by="sums"),))


def _also(entry, *others):
    return replace(entry, variants=tuple(partial(PerStepStats, **o) for o in others))


MISCONCEPTIONS = (
    _also(
        _slip(
            "pooled over time",
            "All steps share one average. Each step has a mean of its own, and the average fits "
            "none of them.",
            "After means 5 at step 0 and 1 at step 1: what should get(0) say?",
            "",
            place="pooled",
        ),
        {"place": "pooled, each seen"},
    ),
    _by_sums(
        "one count for all steps",
        "All updates are counted together. Each step's average has to be divided by how often that "
        "step was seen.",
        "After one sequence of two steps: how many means has step 1 seen?",
        "",
        counted="all",
    ),
    _by_sums(
        "counted in sequences",
        "The number of sequences was taken for the count of every step. Short sequences never "
        "reach the late steps.",
        "After lengths 4, 2, 3, 1: how often was step 3 seen?",
        "",
        counted="first",
    ),
    _slip(
        "counted from 1",
        "Step t went to place t − 1. Step 0 then sits at place −1, which Python takes for the last "
        "one.",
        "At which index of an array of T_max rows does step 0 belong?",
        "",
        place="from 1",
    ),
    _slip(
        "newest only",
        "A step's statistics are those of its newest update: nothing is averaged.",
        "After means 2 and 4 at the same step: what should get say?",
        "",
        weight="newest",
    ),
    _slip(
        "first only",
        "A step's statistics stay those of its first update.",
        "After means 2 and 4 at the same step: what should get say?",
        "",
        weight="first",
    ),
    _slip(
        "not divided",
        "A step's means were added up and not averaged.",
        "After means 2 and 4 at the same step: what should get say?",
        "",
        weight="sum",
    ),
    _slip(
        "half and half",
        "Each new value counts as much as all earlier ones together.",
        "After means 2, 4 and 9 at the same step: what is their plain average?",
        "",
        weight="half",
    ),
    _slip(
        "divided by one too many",
        "The average was divided by n + 1, as if a step had been seen once before anything came.",
        "After a single update with mean 2: what should get say?",
        "",
        weight="n + 1",
    ),
    _slip(
        "a momentum from 0 and 1",
        "That is a running average with momentum 0.1 from a start of 0 and 1. A late step is seen "
        "too seldom to get away from its start; the plain average was asked for.",
        "After a single update with mean 2: what should get say?",
        "M6",
        weight="momentum",
    ),
    _slip(
        "a momentum, reversed",
        "That is a running average in which the newest value weighs 0.9; the plain average was "
        "asked for.",
        "After a single update with mean 2: what should get say?",
        "M6",
        weight="momentum 0.9",
    ),
    _also(
        _slip(
            "one past the last step",
            "T_max steps have the numbers 0 to T_max − 1: min(t, T_max) points one past the last.",
            "T_max = 3: which index has the last of three rows?",
            "",
            place="one past",
        ),
        {"place": "one past, KeyError"},
        {"place": "one past, with a row more"},
    ),
    _also(
        _slip(
            "no late update",
            "update looks a step from T_max on up where nothing is kept. In get you saw to it.",
            "T_max = 3, a sequence of five steps: at which place does the last one arrive?",
            "",
            late="IndexError",
        ),
        {"late": "list"},
        {"late": "KeyError"},
    ),
    _also(
        _slip(
            "no step beyond T_max",
            "A step from T_max on is looked up where nothing is kept. Test sequences may well be "
            "longer than those of training.",
            "Which kept step does the exercise name for a step from T_max on?",
            "",
            past="IndexError",
            late="IndexError",
        ),
        {"past": "IndexError"},
        {"past": "list"},
        {"past": "KeyError"},
        {"past": "list", "late": "list"},
        {"past": "KeyError", "late": "KeyError"},
        {"past": "IndexError", "late": "ignored"},
        {"past": "list", "late": "ignored"},
        {"past": "KeyError", "late": "ignored"},
    ),
    _also(
        _slip(
            "refused beyond T_max",
            "A step from T_max on is refused. Test sequences may well be longer than those of "
            "training.",
            "Which kept step does the exercise name for a step from T_max on?",
            "",
            past="ValueError",
            late="ignored",
        ),
        {"past": "ValueError"},
    ),
    _slip(
        "begins anew beyond T_max",
        "From T_max on the steps begin again at 0; a late step should count as the last one.",
        "Which kept step does the exercise name for a step from T_max on?",
        "",
        past="wrapped",
    ),
    _slip(
        "the first step beyond T_max",
        "From T_max on you use the first step; a late step should count as the last one.",
        "Which kept step does the exercise name for a step from T_max on?",
        "",
        past="first",
    ),
    _slip(
        "the average of all steps beyond T_max",
        "From T_max on you use the average over all steps. It may serve as well, but the rule "
        "asked for is another one: a late step counts as the last one.",
        "Which kept step does the exercise name for a step from T_max on?",
        "",
        past="average",
    ),
    _slip(
        "unnormalised beyond T_max",
        "Beyond T_max you return 0 and 1: nothing would be normalised there.",
        "Which kept step does the exercise name for a step from T_max on?",
        "",
        past="start",
    ),
    _slip(
        "late updates lost",
        "Updates from T_max on leave no trace. Those steps share the statistics of the last one, "
        "so they belong into its average.",
        "T_max = 3, a sequence of five steps: how many updates belong to the last place?",
        "",
        late="ignored",
    ),
    _slip(
        "unseen as seen",
        "A step that was never updated got an answer: what was there at the start, or what belongs "
        "to another step. A net would go on with it, and nobody would notice.",
        "How can get know whether a step was ever updated?",
        "",
        unseen="accepted",
    ),
    _slip(
        "refused by chance",
        "An unseen step does end in an exception, but a ValueError was asked for: it says that the "
        "value passed in is wrong.",
        "Who raises this exception: you, or an object that was asked for something it lacks?",
        "",
        unseen="other",
    ),
    _slip(
        "mean and variance exchanged",
        "Mean and variance came back in the wrong order.",
        "In which order does get return the two?",
        "",
        swap=True,
    ),
    _slip(
        "sd averaged",
        "The standard deviations were averaged and the result was squared. The mean of roots is "
        "below the root of the mean.",
        "If a step has seen the variances 1 and 9, what is their average?",
        "M1",
        spread="sd",
    ),
)

MISCONCEPTIONS = (
    *MISCONCEPTIONS,
    Misconception(
        "one memory for all objects",
        "Two objects write into the same memory: what the second one saw is in the first one too.",
        "Where are the arrays made: once, in the class, or for each object, in __init__?",
        wrong=ClassLevel,
    ),
    Misconception(
        "hands out its memory",
        "get returned the memory itself. Whoever changes what came back changes the statistics.",
        "What happens to self.mean if the array that get returned is written into?",
        wrong=HandsOut,
    ),
    Misconception(
        "keeps what came in",
        "The arrays that came in were kept as they are. Whoever made them goes on using them, and "
        "your statistics change along.",
        "What happens to your record if the array that was passed in is written into later?",
        wrong=KeepsTheirs,
    ),
)
