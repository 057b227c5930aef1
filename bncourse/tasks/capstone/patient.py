"""The patients: the healthy package with eight faults in it, drawn by the learner's name.

A fault is a few words of the healthy source exchanged for others. So the code that learners get and
the wrong answers that checks recognise are made from the same list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from bncourse.grading.learner import personal_seed

PARTS = ("batch_norm", "group_norm", "layer_norm", "data", "sequence", "inference")
NEEDS = {"group_norm": "batch_norm"}  # a part that uses another one's functions
HEALTHY = Path(__file__).with_name("healthy.py")


@dataclass(frozen=True)
class Fault:
    """The part that is ill, and what is exchanged in its source."""

    part: str
    exchanged: Mapping[str, str]


def _one(part: str, right: str, wrong: str, *more: tuple[str, str]) -> Fault:
    return Fault(part, dict([(right, wrong), *more]))


FAULTS: Mapping[str, Fault] = {
    "Bessel in the forward pass": _one(
        "batch_norm", "x.mean(axes), x.var(axes)\n", "x.mean(axes), x.var(axes, ddof=1)\n",
        ("unbiased = var * m / (m - 1)\n            self", "unbiased = var\n            self"),
    ),
    "biased running variance": _one("batch_norm", "var * m / (m - 1)", "var"),
    "momentum reversed": _one(
        "batch_norm", "old, new = 1 - self.momentum, self.momentum",
        "old, new = self.momentum, 1 - self.momentum",
    ),
    "eval mode ignored": _one(
        "batch_norm", "mean, var = self.running_mean, self.running_var\n",
        "mean, var = x.mean(axes), x.var(axes)\n",
    ),
    "remembers in evaluation": _one(
        "batch_norm",
        "            mean, var = self.running_mean, self.running_var\n",
        "            mean, var = self.running_mean, self.running_var\n"
        "            self.running_mean = old * mean + new * x.mean(axes)\n"
        "            self.running_var = old * var + new * x.var(axes)\n",
    ),
    "eps outside the root": _one(
        "batch_norm", "1 / np.sqrt(var + self.eps)", "1 / (np.sqrt(var) + self.eps)"
    ),
    "statistics detached in backward": _one(
        "batch_norm",
        "        through_mean, through_var = 0.0, 0.0\n"
        "        if self.by_batch:\n"
        "            through_mean = dx_hat.mean(axes, keepdims=True)\n"
        "            through_var = self.x_hat * (dx_hat * self.x_hat).mean(axes, keepdims=True)\n"
        "        dx = (dx_hat - through_mean - through_var) * wide(self.inv_std, dy)\n",
        "        dx = dx_hat * wide(self.inv_std, dy)\n",
    ),
    "gamma missing on the way back": _one(
        "batch_norm", "dx_hat = dy * wide(self.gamma, dy)", "dx_hat = dy"
    ),
    "groups of every second number": _one(
        "group_norm", "x.reshape(len(x), self.groups, -1)\n",
        "x.reshape(len(x), -1, self.groups).swapaxes(1, 2)\n",
        ("return blocks.reshape(shape)", "return blocks.swapaxes(1, 2).reshape(shape)"),
    ),
    "groups shared by the batch": _one(
        "group_norm", "blocks - blocks.mean(2, keepdims=True)",
        "blocks - blocks.mean((0, 2), keepdims=True)",
        ("np.sqrt((centred**2).mean(2, keepdims=True) + self.eps)",
         "np.sqrt((centred**2).mean((0, 2), keepdims=True) + self.eps)"),
    ),
    "layer norm along the batch": _one(
        "layer_norm", "x - x.mean(-1, keepdims=True)", "x - x.mean(0, keepdims=True)",
        ("np.sqrt((centred**2).mean(-1, keepdims=True) + self.eps)",
         "np.sqrt((centred**2).mean(0, keepdims=True) + self.eps)"),
    ),
    "layer norm's eps outside the root": _one(
        "layer_norm", "1 / np.sqrt((centred**2).mean(-1, keepdims=True) + self.eps)",
        "1 / (np.sqrt((centred**2).mean(-1, keepdims=True)) + self.eps)",
    ),
    "standardised by the test images too": _one(
        "data", "known = x_train\n", "known = np.concatenate([x_train, x_test])\n"
    ),
    "batches of one class": _one(
        "data", "order = rng.permutation(len(x))\n",
        'order = np.argsort(y_train, kind="stable")\n',
    ),
    "one statistic for all steps": _one(
        "sequence", "return min(t, self.longest - 1)\n", "return 0\n"
    ),
    "no step beyond the last": _one(
        "sequence", "return min(t, self.longest - 1)\n", "return t\n"
    ),
    "folded without eps": _one(
        "inference", "np.sqrt(layer.running_var + layer.eps)",
        "np.sqrt(layer.running_var)",
    ),
    "bias folded without the slope": _one(
        "inference", "layer.beta + (bias - layer.running_mean) * slope",
        "layer.beta + bias - layer.running_mean * slope",
    ),
}  # fmt: skip
# Mistakes that are made in mending; no patient comes with them.
SLIPS: Mapping[str, Fault] = {
    "mode of the moment on the way back": _one(
        "batch_norm", "if self.by_batch:", "if self.training:"
    ),
    "evaluation goes back as training does": _one("batch_norm", "if self.by_batch:", "if True:"),
    "images counted instead of values": _one(
        "batch_norm", "unbiased = var * m / (m - 1)\n", "unbiased = var * len(x) / (len(x) - 1)\n"
    ),
    "gamma missing in the mean's path": _one(
        "batch_norm", "through_mean = dx_hat.mean", "through_mean = dy.mean"
    ),
    "gamma missing in both paths": _one(
        "batch_norm", "through_mean = dx_hat.mean", "through_mean = dy.mean",
        ("self.x_hat * (dx_hat * self.x_hat).mean", "self.x_hat * (dy * self.x_hat).mean"),
    ),
    "remembers in evaluation as in training": _one(
        "batch_norm",
        "            mean, var = self.running_mean, self.running_var\n",
        "            unbiased = x.var(axes) * m / (m - 1)\n"
        "            self.running_mean = old * self.running_mean + new * x.mean(axes)\n"
        "            self.running_var = old * self.running_var + new * unbiased\n"
        "            mean, var = self.running_mean, self.running_var\n",
    ),
    "batches drawn anew": _one(
        "data", "    order = rng.permutation(len(x))\n", "",
        ("rows = order[start : start + batch_size]",
         "rows = rng.choice(len(x), min(batch_size, len(x) - start), replace=False)"),
    ),
    "labels left behind": _one("data", "y_train[rows]", "y_train[start : start + batch_size]"),
    "dealt with replacement": _one(
        "data", "order = rng.permutation(len(x))\n", "order = rng.integers(0, len(x), len(x))\n"
    ),
    "one mean for all pixels": _one(
        "data", "known.mean(0), known.std(0)", "known.mean(), known.std()"
    ),
    "eps of its own": _one(
        "inference", "layer.running_var + layer.eps", "layer.running_var + 1e-5"
    ),
    "beta forgotten": _one(
        "inference", "layer.beta + (bias - layer.running_mean) * slope",
        "(bias - layer.running_mean) * slope",
    ),
}  # fmt: skip
MISTAKES = {**FAULTS, **SLIPS}
# How many faults each part of a patient has: eight in all.
ILL = {
    "batch_norm": 2, "group_norm": 1, "layer_norm": 1, "data": 2, "sequence": 1, "inference": 1,
}  # fmt: skip
# Two that hide each other: of these a patient has one at most.
APART = (
    {"eval mode ignored", "remembers in evaluation"},
    {"Bessel in the forward pass", "biased running variance"},
    {"statistics detached in backward", "gamma missing on the way back"},
)


def faults_of(learner: str) -> tuple[str, ...]:
    """Return the eight faults of that learner's patient, in the order of the package."""
    rng = np.random.default_rng(personal_seed(learner, "capstone"))
    while True:
        chosen: list[str] = []
        for part, count in ILL.items():
            names = _faults_in(part)
            chosen += (names[k] for k in sorted(rng.choice(len(names), count, replace=False)))
        if not any(pair <= set(chosen) for pair in APART):
            return tuple(chosen)


def patients_of(part: str) -> list[tuple[str, ...]]:
    """Return the faults that a patient's part may have, for every patient there can be."""
    chosen = combinations(_faults_in(part), ILL[part])
    return [ill for ill in chosen if not any(pair <= set(ill) for pair in APART)]


def _faults_in(part: str) -> list[str]:
    return [name for name, fault in FAULTS.items() if fault.part == part]


@cache
def healthy(part: str) -> str:
    """Return the healthy source of a part. Raises KeyError for one that there is not."""
    pieces = re.split(r"^# --- (\w+) ---\n", HEALTHY.read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))[part].strip() + "\n"


def source(part: str, faults: Collection[str] = ()) -> str:
    """Return a part's source with those of the faults that belong to it."""
    text = healthy(part)
    for name, fault in MISTAKES.items():
        if name not in faults or fault.part != part:
            continue
        for right, wrong in fault.exchanged.items():
            assert text.count(right) == 1, f"{name}: {right!r}"
            text = text.replace(right, wrong)
    return text


@cache
def built(part: str, faults: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the names that a part defines, run with those faults."""
    scope: dict[str, Any] = {"np": np, "__name__": f"patient_{part}"}
    if part in NEEDS:
        scope |= built(NEEDS[part])
    exec(compile(source(part, faults), f"<patient {part}>", "exec"), scope)
    return scope
