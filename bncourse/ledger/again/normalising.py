"""Slices of lessons 04 to 06: gradients, running averages, convolutions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bncourse import results
from bncourse.ledger.again.slices import Slice, slice_of


@slice_of("outside_the_gradient", "outside-same-rate")
def _() -> Iterator[Slice]:
    from bncourse.experiments.outside_the_gradient import COMMON_RATE, load, net_runs

    for arm, runs in load().items():
        run = next(run for run in runs if run.learning_rate == COMMON_RATE)
        now = net_runs(arm, COMMON_RATE, run.updates, run.seeds[:1])
        yield Slice(f"{arm}: weights", now.weight_norm, run.weight_norm[:1], 0.01)
        yield Slice(f"{arm}: accuracy", now.accuracy[:, -1], run.accuracy[:1, -1], 0.03)


@slice_of("one_digit", "more-than-one-class")
def _() -> Iterator[Slice]:
    from bncourse.experiments.one_digit import load_one_digit, measure_one_digit

    stored = load_one_digit()
    now = measure_one_digit(
        seeds=stored.seeds[:2], learning_rate=stored.learning_rate, batch_sizes=(4,)
    )
    yield Slice("share with several classes", now.changing[0], stored.changing[1, :2], 0.03)


@slice_of("averages_lag", "lag-early", "lag-late")
def _() -> Iterator[Slice]:
    from bncourse.experiments.averages_lag import averages_lag, load

    stored = load()
    now = averages_lag(stored.learning_rate, (0.1,), stored.updates, stored.seeds[:2])
    at = stored.momenta.index(0.1)
    yield Slice("running averages", now.running[0], stored.running[at, :2], 0.009)
    yield Slice("recomputed", now.precise, stored.precise[:2], 0.009)


@slice_of("shared_ruler", "moved-test-error-16", "test-error-16")
def _() -> Iterator[Slice]:
    from bncourse.experiments.shared_ruler import load_shared_ruler, measure

    stored = load_shared_ruler()
    k, at = stored.kinds.index("per activation"), list(stored.batch_sizes).index(16)
    test, moved = measure("per activation", 16, stored.rates[k, at], stored.seeds[:1])
    # Training in float32 makes the rounding of another machine grow.
    yield Slice("per activation: error", test, stored.test_error[k, at, :1], 2)
    yield Slice("per activation: error, moved", moved, stored.shifted_error[k, at, :1], 10)


@slice_of("shifts", "conv-bn-accuracy", "contrast-old", "contrast-new", "inverted-mended")
def _() -> Iterator[Slice]:
    from bncourse.experiments.shifts import load_images, load_shifts, repairs, score, train_net

    stored, (x, y, x_test, y_test) = load_shifts(), load_images()
    rate = results.load("shifts")["search"]["batch"]["learning_rate"]
    net = train_net(0, "batch", rate, x, y)
    yield Slice("as they are", np.array(score(net, x_test, y_test)), stored.clean[0], 0.01)
    for name in ("contrast × 0.25", "inverted"):
        now, k = repairs(net, name, 0), stored.names.index(name)
        for how, of in (("frozen", stored.frozen), ("recalibrated", stored.recalibrated)):
            yield Slice(f"{name}, {how}", np.array(now[how]), of[k, 0], 0.03)
