"""Lesson 05: modes, running averages, shifts."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from bncourse.experiments.averages_lag import load as load_lag
from bncourse.experiments.conventions import SpreadAverages, spread_averages
from bncourse.experiments.folding import measure_folding
from bncourse.experiments.one_digit import load_one_digit
from bncourse.experiments.shifts import load_shifts
from bncourse.ledger.measuring import Value, finding, over, paired


@finding(
    "more-than-one-class",
    "test images with more than one class in 20 batches of 4, in training mode",
    78,
    100,
    unit="%",
    by="one_digit",
    stored="one_digit",
)
def _() -> Value:
    return over(100 * load_one_digit().changing[1], "nets")


@finding("company-in-eval", "what company changes in an output in evaluation mode", by="PyTorch")
def _() -> float:
    layer = torch.nn.BatchNorm1d(5, dtype=torch.float64)
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(30, 5)))
    layer(x)
    layer.eval()
    both = layer(x[:10])[0], layer(torch.cat([x[:1], x[20:]]))[0]
    return float((both[0] - both[1]).detach().abs().max())


@finding(
    "fresh-net-refuses",
    "fresh copies of the text's net, of 5, that refuse a batch of one image",
    5,
    5,
    by="PyTorch",
)
def _() -> float:
    from torch import nn

    refused = 0
    for _ in range(5):
        net = nn.Sequential(nn.Linear(784, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, 10))
        try:
            net(torch.zeros(1, 784))
        except ValueError:
            refused += 1
    return refused


def _lag(momentum: float, updates: int) -> Value:
    lag = load_lag()
    at = lag.updates.index(updates)
    running = lag.running[lag.momenta.index(momentum)]
    gap = 100 * (running - lag.precise)[:, at]
    return over(gap)


@finding(
    "lag-early",
    "test accuracy after 10 updates with momentum 0.1, minus that with recomputed statistics",
    -60,
    -10,
    unit="points",
    by="averages_lag",
    stored="averages_lag",
)
def _() -> Value:
    return _lag(0.1, 10)


@finding(
    "lag-late",
    "test accuracy after 300 updates with momentum 0.1, minus that with recomputed statistics",
    -2,
    1,
    unit="points",
    by="averages_lag",
    stored="averages_lag",
)
def _() -> Value:
    return _lag(0.1, 300)


def _shift(k: int, arm: str) -> Value:
    return over(100 * getattr(load_shifts(), arm)[k])


@finding(
    "contrast-old",
    "test accuracy at a quarter of the contrast with the old statistics",
    5,
    30,
    unit="%",
    by="shifts",
    stored="shifts",
)
def _() -> Value:
    return _shift(1, "frozen")


@finding(
    "contrast-new",
    "test accuracy at a quarter of the contrast with statistics measured again",
    97,
    100,
    unit="%",
    by="shifts",
    stored="shifts",
)
def _() -> Value:
    return _shift(1, "recalibrated")


@finding(
    "plain-minus-bn-contrast",
    "test accuracy at a quarter of the contrast, without batch norm minus with it",
    10,
    70,
    unit="points",
    by="shifts",
    stored="shifts",
)
def _() -> Value:
    shifts = load_shifts()
    return paired(100 * shifts.plain[1], 100 * shifts.frozen[1])


@finding(
    "inverted-mended",
    "test accuracy on inverted images, statistics measured again minus the old ones",
    -10,
    0,
    unit="points",
    by="shifts",
    stored="shifts",
)
def _() -> Value:
    shifts = load_shifts()
    return paired(100 * shifts.recalibrated[-1], 100 * shifts.frozen[-1])


@cache
def _averages() -> SpreadAverages:
    return spread_averages()


def _mean_sd(size: int) -> Value:
    averages = _averages()
    return over(averages.sd[:, averages.batch_sizes.index(size)])


@finding("mean-sd-of-2", "average sd of batches of 2, true sd 1", 0.5, 0.63, by="conventions")
def _() -> Value:
    return _mean_sd(2)


@finding("mean-sd-of-32", "average sd of batches of 32, true sd 1", 0.95, 1, by="conventions")
def _() -> Value:
    return _mean_sd(32)


@finding(
    "unbiased-of-2",
    "root of the average variance over N − 1 of batches of 2",
    0.97,
    1.03,
    by="conventions",
)
def _() -> Value:
    return over(_averages().unbiased[:, 0])


@finding("alpha-is-one-minus-momentum", "text 5's rule at α = 0.9 minus PyTorch's at momentum 0.1",
         by="conventions")  # fmt: skip
def _() -> float:
    batches = np.random.default_rng(0).normal(size=(30, 8))
    layer = torch.nn.BatchNorm1d(1, dtype=torch.float64)
    mean = 0.0
    for batch in batches:
        layer(torch.tensor(batch).reshape(-1, 1))
        mean = 0.9 * mean + 0.1 * batch.mean()
    return abs(mean - layer.running_mean.item())


@finding(
    "woken-without-eps",
    "x_hat of 0.5 by STEP 6 for a unit that was silent in 200 batches",
    5e8,
    1e9,
    by="hand",
)
def _() -> float:
    return 0.5 / 0.9**200


@finding(
    "woken-with-eps",
    "x_hat of 0.5 for a unit that was silent in 200 batches, with eps = 1e-5",
    150,
    170,
    by="hand",
)
def _() -> float:
    return 0.5 / np.sqrt(0.9**200 + 1e-5)


@finding(
    "averages-share",
    "numbers in both running averages, as a share of those of one batch of 60",
    3.3,
    3.4,
    unit="%",
    by="hand",
)
def _() -> float:
    layer = torch.nn.BatchNorm1d(256)
    return 100 * (layer.running_mean.numel() + layer.running_var.numel()) / (60 * 256)


@cache
def _folded():
    return measure_folding("mlp", "float64")


@finding("folded-gap", "largest difference of a folded net's outputs, float64", by="folding")
def _() -> float:
    return _folded().largest_difference


@finding("folded-buffers", "running averages left in it", 0, 0, by="folding")
def _() -> float:
    return _folded().buffers[1]
