"""Lesson 08: how small a batch may be."""

from __future__ import annotations

import numpy as np

from bncourse.experiments.batch_mates import statistics_noise
from bncourse.experiments.ghost_batches import load_ghost_batches
from bncourse.experiments.small_batch_convs import load_small_batch_convs
from bncourse.experiments.small_batches import BUDGETS, load_small_batches
from bncourse.experiments.sorted_batches import load_sorted_batches
from bncourse.ledger.measuring import Value, finding, over, paired


def _errors(arm: str, batch_size: int, budget: str) -> np.ndarray:
    record = load_small_batches()
    at = list(record.batch_sizes).index(batch_size)
    return record.test_error[BUDGETS.index(budget), record.arms.index(arm), at]


def _against(one: tuple, other: tuple) -> Value:
    return paired(_errors(*one), _errors(*other))


@finding(
    "error-at-2",
    "test error with batches of 2, batch norm minus layer norm, equal epochs",
    12,
    50,
    unit="points",
    by="small_batches",
    stored="small_batches",
)
def _() -> Value:
    return _against(("BN", 2, "epochs"), ("LN", 2, "epochs"))


@finding(
    "error-at-4",
    "test error with batches of 4, batch norm minus layer norm, equal epochs",
    0.3,
    5,
    unit="points",
    by="small_batches",
    stored="small_batches",
)
def _() -> Value:
    return _against(("BN", 4, "epochs"), ("LN", 4, "epochs"))


@finding(
    "error-at-8",
    "test error with batches of 8, batch norm minus layer norm, equal epochs",
    -1.5,
    1,
    unit="points",
    by="small_batches",
    stored="small_batches",
)
def _() -> Value:
    return _against(("BN", 8, "epochs"), ("LN", 8, "epochs"))


@finding(
    "error-at-32",
    "test error with batches of 32, batch norm minus layer norm, equal epochs",
    -3,
    -0.2,
    unit="points",
    by="small_batches",
    stored="small_batches",
)
def _() -> Value:
    return _against(("BN", 32, "epochs"), ("LN", 32, "epochs"))


@finding(
    "recomputed-at-2",
    "what recomputed statistics mend of the test error with batches of 2",
    0,
    8,
    unit="points",
    by="small_batches",
    stored="small_batches",
)
def _() -> Value:
    return _against(("BN", 2, "epochs"), ("BN recomputed", 2, "epochs"))


@finding(
    "error-64-over-16",
    "test error of batch norm with batches of 64 minus 16, equal epochs",
    -1,
    1,
    unit="points",
    by="small_batches",
    stored="small_batches",
)
def _() -> Value:
    return _against(("BN", 64, "epochs"), ("BN", 16, "epochs"))


@finding(
    "error-64-over-16-updates",
    "test error of batch norm with batches of 64 minus 16, equal updates",
    -1,
    0,
    unit="points",
    by="small_batches",
    stored="small_batches",
)
def _() -> Value:
    return _against(("BN", 64, "updates"), ("BN", 16, "updates"))


@finding(
    "mean-noise-2",
    "sd of a unit's mean over batches of 2, in sds of all images",
    0.65,
    0.75,
    unit="sds",
    by="batch_mates",
)
def _() -> float:
    return statistics_noise((2, 32)).mean_sd[0]


@finding(
    "mean-noise-32",
    "sd of a unit's mean over batches of 32, in sds of all images",
    0.15,
    0.2,
    unit="sds",
    by="batch_mates",
)
def _() -> float:
    return statistics_noise((2, 32)).mean_sd[1]


@finding(
    "variance-noise-2",
    "sd of a unit's variance over batches of 2, in variances of all images",
    1,
    2,
    by="batch_mates",
)
def _() -> float:
    return statistics_noise((2, 32)).var_sd[0]


@finding(
    "variance-noise-32",
    "sd of a unit's variance over batches of 32, in variances of all images",
    0.15,
    0.45,
    by="batch_mates",
)
def _() -> float:
    return statistics_noise((2, 32)).var_sd[1]


@finding(
    "ghost-2",
    "test error, statistics over 2 images minus over 96, every gradient over 96",
    8,
    40,
    unit="points",
    by="ghost_batches",
    stored="ghost_batches",
)
def _() -> Value:
    return _ghost(2)


@finding(
    "ghost-8",
    "test error, statistics over 8 images minus over 96, every gradient over 96",
    -1,
    1.5,
    unit="points",
    by="ghost_batches",
    stored="ghost_batches",
)
def _() -> Value:
    return _ghost(8)


def _ghost(size: int) -> Value:
    record = load_ghost_batches()
    sizes = list(record.group_sizes)
    errors = record.test_error[-1]  # the longer budget
    return paired(errors[sizes.index(size)], errors[sizes.index(record.batch_size)])


@finding(
    "one-class-bn",
    "test error in evaluation mode, batch norm trained on batches of one class each",
    70,
    100,
    unit="%",
    by="sorted_batches",
    stored="sorted_batches",
)
def _() -> Value:
    return _one_class("BN")


@finding(
    "one-class-ln",
    "test error of layer norm trained on batches of one class each",
    1,
    9,
    unit="%",
    by="sorted_batches",
    stored="sorted_batches",
)
def _() -> Value:
    return _one_class("LN")


def _one_class(arm: str) -> Value:
    record = load_sorted_batches()
    at = record.arms.index(arm), record.orders.index("one class each")
    return over(record.test_error[at])


def _conv(one: str, other: str, budget: str) -> Value:
    """Return the errors of an arm minus those of another, both with batches of 2."""
    record = load_small_batch_convs()
    head, size = record.heads.index("flatten"), list(record.batch_sizes).index(2)
    errors = record.test_error if budget == "epochs" else record.updates_error
    return paired(*(errors[head, record.arms.index(arm), size] for arm in (one, other)))


@finding(
    "conv-2",
    "test error of a convolutional net, batches of 2, batch norm minus group norm, equal epochs",
    -2.5,
    0,
    unit="points",
    by="small_batch_convs",
    stored="small_batch_convs",
)
def _() -> Value:
    return _conv("BN", "GN", "epochs")


@finding(
    "conv-2-updates",
    "test error of a convolutional net, batches of 2, batch norm minus group norm, equal updates",
    -2,
    1,
    unit="points",
    by="small_batch_convs",
    stored="small_batch_convs",
)
def _() -> Value:
    return _conv("BN", "GN", "updates")


@finding(
    "conv-2-per-place",
    "test error of that net, batches of 2, a mean for each place minus each channel, equal epochs",
    3,
    25,
    unit="points",
    by="small_batch_convs",
    stored="small_batch_convs",
)
def _() -> Value:
    return _conv("BN per place", "BN", "epochs")


@finding(
    "conv-2-per-place-updates",
    "test error of that net, batches of 2, a mean for each place minus each channel, equal updates",
    3,
    25,
    unit="points",
    by="small_batch_convs",
    stored="small_batch_convs",
)
def _() -> Value:
    return _conv("BN per place", "BN", "updates")
