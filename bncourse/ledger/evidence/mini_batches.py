"""Lesson 01: counting, noise, epochs, memory, valleys."""

from __future__ import annotations

from functools import cache

import numpy as np

from bncourse import results
from bncourse.experiments.batch_sizes import EQUAL_UPDATES
from bncourse.experiments.escape import Escape, escape
from bncourse.experiments.gradient_noise import measure_gradient_noise
from bncourse.experiments.saved_memory import SavedMemory, measure_memory
from bncourse.experiments.training import mini_batches
from bncourse.ledger.measuring import Value, finding, over, paired


@finding("updates-in-an-epoch", "updates of 12 images in batches of 4", 3, 3, by="training")
def _() -> float:
    batches, first = mini_batches(12, 4, [0]), []
    for batch in batches:
        if set(batch[0].tolist()) & set(first):
            raise AssertionError("an image came twice in an epoch")
        first += batch[0].tolist()
        if len(first) == 12:
            return len(first) / 4
    return 0


def _arm(batch_size: int) -> dict:
    return next(a for a in results.load("batch_sizes")["arms"] if a["batch_size"] == batch_size)


@finding(
    "epochs-full-over-4",
    "epochs to 95 % with the full batch over those with batches of 4",
    10,
    120,
    unit="times",
    by="batch_sizes",
    stored="batch_sizes",
)
def _() -> Value:
    return over(np.divide(_arm(1297)["epochs"], _arm(4)["epochs"]))


@finding(
    "updates-4-over-full",
    "updates to 95 % with batches of 4 over those with the full batch",
    3,
    30,
    unit="times",
    by="batch_sizes",
    stored="batch_sizes",
)
def _() -> Value:
    return over(np.divide(_arm(4)["updates"], _arm(1297)["updates"]))


@finding(
    "seconds-4-over-64",
    "time to 95 % with batches of 4 over that with batches of 64, on one machine",
    1.6,
    24,
    unit="times",
    by="batch_sizes",
    stored="batch_sizes",
)
def _() -> Value:
    four, middle = (np.multiply(_arm(b)["updates"], _arm(b)["ms_per_update"]) for b in (4, 64))
    return over(four / middle)


@finding(
    "equal-updates-full-minus-4",
    f"test accuracy after {EQUAL_UPDATES[1]} updates, full batch minus batches of 4",
    6,
    50,
    unit="points",
    by="batch_sizes",
    stored="batch_sizes",
)
def _() -> Value:
    full, four = (np.multiply(100, _arm(b)["equal_updates_accuracy"][1]) for b in (1297, 4))
    return paired(full, four)


@finding(
    "epochs-best-size",
    "the batch size with the fewest epochs to 95 %",
    1,
    4,
    by="batch_sizes",
    stored="batch_sizes",
)
def _() -> float:
    return _best("epochs")


@finding(
    "updates-best-size",
    "the batch size with the fewest updates to 95 %",
    64,
    1024,
    by="batch_sizes",
    stored="batch_sizes",
)
def _() -> float:
    return _best("updates")


def _best(ruler: str) -> float:
    arms = results.load("batch_sizes")["arms"]
    return min(arms, key=lambda arm: np.median(arm[ruler]))["batch_size"]


@finding(
    "noise-slope",
    "slope of a batch gradient's squared error by the batch size, both logarithmic, to size 32",
    -1.15,
    -0.85,
    by="gradient_noise",
)
def _(quick: bool = False) -> Value:
    noise = measure_gradient_noise(*(([0, 1], 50) if quick else ()))
    small = noise.batch_sizes <= 32
    curves = np.log(noise.measured[0][:, small])
    return over([np.polyfit(np.log(noise.batch_sizes[small]), c, 1)[0] for c in curves])


@cache
def _memory() -> SavedMemory:
    return measure_memory()


@finding(
    "memory-per-image",
    "bytes kept for the backward pass, for each image of a batch",
    5_000,
    20_000,
    unit="bytes",
    by="saved_memory",
)
def _() -> float:
    return _memory().per_image


@finding(
    "memory-over-data",
    "what a batch of 1024 keeps over the size of the whole data set",
    9,
    100,
    unit="times",
    by="saved_memory",
)
def _() -> float:
    return _memory().saved[-1] / _memory().data_set


@finding("memory-not-linear", "what a straight line leaves of the bytes kept", by="saved_memory")
def _() -> float:
    memory = _memory()
    line = memory.constant + memory.per_image * memory.batch_sizes
    return abs(memory.saved - line).max() / memory.saved.max()


@cache
def _valleys(rate: float, quick: bool) -> Escape:
    return escape((1, 8, 64), rate, seeds=range(2 if quick else 5), runs=200)


@finding(
    "escape-8",
    "runs with batches of 8 that leave the poor valley",
    70,
    100,
    unit="%",
    by="escape",
)
def _(quick: bool = False) -> Value:
    return over(100 * _valleys(0.1, quick).left_poor[:, 1])


@finding(
    "escape-8-half-rate",
    "runs with batches of 8 that leave it at half the learning rate",
    0,
    2.5,
    unit="%",
    by="escape",
)
def _(quick: bool = False) -> Value:
    return over(100 * _valleys(0.05, quick).left_poor[:, 1])


@finding(
    "escape-64",
    "runs with batches of 64 that leave the poor valley",
    0,
    3,
    unit="%",
    by="escape",
)
def _(quick: bool = False) -> Value:
    return over(100 * _valleys(0.1, quick).left_poor[:, 2])


@finding(
    "escape-good",
    "runs with batches of 1 that leave the good valley, too",
    97,
    100,
    unit="%",
    by="escape",
)
def _(quick: bool = False) -> Value:
    return over(100 * _valleys(0.1, quick).left_good[:, 0])


def _net(activation: str) -> dict:
    return next(n for n in results.load("stuck_nets")["nets"] if n["activation"] == activation)


def _after_8(activation: str) -> Value:
    net = _net(activation)
    at = net["search"]["batch_sizes"].index(8)
    return paired(net["loss_by_batch_size"][at], net["full batch"]["loss"], "nets")


@finding(
    "stuck-relu-8",
    "training loss of small ReLU nets that go on with batches of 8, minus with the full batch",
    0.0015,
    0.018,
    by="stuck_nets",
    stored="stuck_nets",
)
def _() -> Value:
    return _after_8("relu")


@finding(
    "stuck-sigmoid-8",
    "training loss of small sigmoid nets that go on with batches of 8, minus the full batch",
    0.0015,
    0.015,
    by="stuck_nets",
    stored="stuck_nets",
)
def _() -> Value:
    return _after_8("sigmoid")
