"""Lesson 07: internal covariate shift, measured and forced."""

from __future__ import annotations

import numpy as np

from bncourse.experiments.internal_shift import ShiftRun, load_internal_shift
from bncourse.experiments.noisy_batch_norm import load_noisy_batch_norm
from bncourse.ledger.measuring import Value, finding, over, paired


def _noisy(name: str) -> np.ndarray:
    return 100 * load_noisy_batch_norm().run(name).accuracy[:, -1]


@finding(
    "noise-jump",
    "jump of a unit's mean per update until 90 %, batch norm with noise of strength 1 behind it",
    0.55,
    0.85,
    unit="sds",
    by="noisy_batch_norm",
    stored="noisy_batch_norm",
)
def _() -> Value:
    return over(load_noisy_batch_norm().run("with BN, noise 1").jump)


@finding(
    "plain-jump",
    "jump of a unit's mean per update until 90 %, without batch norm and noise",
    0.25,
    0.5,
    unit="sds",
    by="noisy_batch_norm",
    stored="noisy_batch_norm",
)
def _() -> Value:
    return over(load_noisy_batch_norm().run("without BN").jump)


@finding(
    "jump-ratio",
    "that jump with noise of strength 1 behind batch norm over that without either",
    1.2,
    3,
    unit="times",
    by="noisy_batch_norm",
    stored="noisy_batch_norm",
)
def _() -> Value:
    runs = load_noisy_batch_norm()
    return over(runs.run("with BN, noise 1").jump / runs.run("without BN").jump)


@finding(
    "plain-drift",
    "drift of a fixed image set's means per update until 90 %, without batch norm and noise",
    0.2,
    0.5,
    unit="sds",
    by="noisy_batch_norm",
    stored="noisy_batch_norm",
)
def _() -> Value:
    return over(load_noisy_batch_norm().run("without BN").drift)


@finding(
    "noise-cost",
    "test accuracy, batch norm with noise of strength 1 behind it minus without that noise",
    -1.2,
    1.7,
    unit="points",
    by="noisy_batch_norm",
    stored="noisy_batch_norm",
)
def _() -> Value:
    return paired(_noisy("with BN, noise 1"), _noisy("with BN"))


@finding(
    "noise-still-faster",
    "updates to 90 %, no batch norm and no noise over batch norm with noise of strength 1",
    1.3,
    5,
    unit="times",
    by="noisy_batch_norm",
    stored="noisy_batch_norm",
)
def _() -> Value:
    runs = load_noisy_batch_norm()
    return over(runs.run("without BN").updates_to() / runs.run("with BN, noise 1").updates_to())


@finding(
    "five-relu-lower-rate",
    "updates to 90 % with batch norm, 5 ReLU layers: at the rate 0.1 over at its best",
    1.3,
    3,
    unit="times",
    by="noisy_batch_norm",
    stored="noisy_batch_norm",
)
def _() -> Value:
    runs = load_noisy_batch_norm()
    low, own = (runs.run("with BN", at).updates_to() for at in ("common", "best"))
    return over(low / own)


@finding(
    "noise-hurts-plain",
    "test accuracy lost without batch norm by noise of strength 1",
    10,
    40,
    unit="points",
    by="noisy_batch_norm",
    stored="noisy_batch_norm",
)
def _() -> Value:
    return paired(_noisy("without BN"), _noisy("without BN, noise 1"))


def _own(net: str, with_bn: bool) -> ShiftRun:
    shift = load_internal_shift()
    (key,) = (key for key in shift.best if key[:2] == (net, with_bn))
    return next(run for run in shift.runs if (run.net, run.with_bn, run.rate) == key)


def _common(net: str, with_bn: bool, rate: float) -> ShiftRun:
    runs = load_internal_shift().runs
    return next(r for r in runs if (r.net, r.with_bn, r.rate) == (net, with_bn, rate))


@finding(
    "drift-without-bn",
    "drift of the units' means in one update, ReLU net without batch norm at its best rate",
    0.031,
    0.4,
    unit="sds",
    by="internal_shift",
    stored="internal_shift",
)
def _() -> Value:
    return over(_own("ReLU", False).drift_in)


@finding(
    "drift-with-bn",
    "drift of what goes into batch norm in one update, at its best rate",
    0,
    0.012,
    unit="sds",
    by="internal_shift",
    stored="internal_shift",
)
def _() -> Value:
    return over(_own("ReLU", True).drift_in)


@finding(
    "gradient-shift-relu",
    "definition 2.1 relative to the gradient, ReLU nets at their best rates, with minus without BN",
    -0.22,
    0.1,
    by="internal_shift",
    stored="internal_shift",
)
def _() -> Value:
    return paired(_own("ReLU", True).relative, _own("ReLU", False).relative)


@finding(
    "gradient-shift-sigmoid",
    "definition 2.1 relative to the gradient, sigmoid nets at the rate 0.5, with minus without BN",
    0,
    0.3,
    by="internal_shift",
    stored="internal_shift",
)
def _() -> Value:
    both = (_common("sigmoid", with_bn, 0.5).relative for with_bn in (True, False))
    return paired(*both)


@finding(
    "gradient-shift-sigmoid-own",
    "definition 2.1 relative to the gradient, sigmoid nets at their best rates, with minus without",
    -0.6,
    0,
    by="internal_shift",
    stored="internal_shift",
)
def _() -> Value:
    return paired(_own("sigmoid", True).relative, _own("sigmoid", False).relative)
