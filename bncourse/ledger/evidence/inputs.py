"""Lesson 02: rulers, bowls, whitening, activations, the layers further up."""

from __future__ import annotations

from functools import cache

import numpy as np

from bncourse import results
from bncourse.experiments.deeper_layers import DeeperLayers, measure_deeper_layers
from bncourse.experiments.rulers import bowl, people, prepare
from bncourse.experiments.saturation import Saturation, measure_saturation
from bncourse.experiments.small_batch_whitening import (
    SmallBatchWhitening,
    measure_small_batch_whitening,
)
from bncourse.experiments.tables import TableBowl, table_bowls
from bncourse.experiments.too_fast import TooFast, too_fast
from bncourse.ledger.measuring import Value, finding, over, paired


@cache
def _bowls() -> dict[tuple[str, str], TableBowl]:
    return {(each.table, each.preparation): each for each in table_bowls()}


@finding(
    "wine-steps-raw",
    "steps of descent to 0.1 % of the excess, raw wines (closed form)",
    2e8,
    3e9,
    unit="steps",
    by="tables",
)
def _() -> float:
    return _bowls()["wine", "raw"].steps


@finding(
    "wine-steps-standardised",
    "steps of descent to 0.1 % of the excess, standardised wines",
    10,
    140,
    unit="steps",
    by="tables",
)
def _() -> float:
    return _bowls()["wine", "standardised"].steps


@finding(
    "tumour-steps-standardised",
    "steps of descent to 0.1 % of the excess, standardised tumours",
    3_000,
    30_000,
    unit="steps",
    by="tables",
)
def _() -> float:
    return _bowls()["breast cancer", "standardised"].steps


@finding(
    "rate-raw-over-standardised",
    "largest learning rate for standardised wines over that for raw ones",
    4e4,
    5e5,
    unit="times",
    by="tables",
)
def _() -> float:
    table = _bowls()
    return table["wine", "standardised"].largest_rate / table["wine", "raw"].largest_rate


def _test_gap(table: str) -> Value:
    arms = results.load("tables")["arms"][table]
    good, raw = (np.multiply(100, arms[how]["test_accuracy"]) for how in ("standardised", "raw"))
    return paired(good, raw, "splits")


@finding(
    "wine-test-gap",
    "test accuracy after 1000 steps, standardised minus raw wines, each at its own best rate",
    15,
    45,
    unit="points",
    by="tables",
    stored="tables",
)
def _() -> Value:
    return _test_gap("wine")


@finding(
    "tumour-test-gap",
    "test accuracy after 1000 steps, standardised minus raw tumours",
    2,
    15,
    unit="points",
    by="tables",
    stored="tables",
)
def _() -> Value:
    return _test_gap("breast cancer")


@finding("standardised-rows-measured", "distance of mean and sd from 0 and 1", by="rulers")
def _() -> float:
    x, _ = people(rho=0.8)
    z = (x[:100] - x[:100].mean(axis=0)) / x[:100].std(axis=0)
    return max(abs(z.mean(axis=0)).max(), abs(z.std(axis=0) - 1).max())


@finding(
    "standardised-other-rows",
    "largest distance of an sd from 1 on rows that were not measured",
    0.06,
    0.5,
    by="rulers",
)
def _() -> float:
    x, _ = people(rho=0.8)
    z = (x[100:] - x[:100].mean(axis=0)) / x[:100].std(axis=0)
    return abs(z.std(axis=0) - 1).max()


@finding(
    "correlation-left",
    "correlation of two standardised columns that had 0.8",
    0.799,
    0.801,
    by="rulers",
)
def _() -> float:
    return np.corrcoef(prepare(people(rho=0.8)[0], "standardised").T)[0, 1]


@finding("correlation-whitened", "correlation of two whitened columns that had 0.8", by="rulers")
def _() -> float:
    return abs(np.corrcoef(prepare(people(rho=0.8)[0], "whitened").T)[0, 1])


@finding(
    "condition-standardised",
    "condition number of two standardised columns with correlation 0.8",
    8.99,
    9.01,
    by="rulers",
)
def _() -> float:
    return bowl(prepare((p := people(rho=0.8))[0], "standardised"), p[1]).condition


@cache
def _runs(quick: bool) -> dict[tuple[str, str], TooFast]:
    seeds = (0,) if quick else tuple(range(10))
    return {(run.model, run.preparation): run for run in too_fast(seeds)}


@finding(
    "overflow-raw",
    "steps until the squared error of raw wines overflows, at a rate for standardised ones",
    10,
    100,
    unit="steps",
    by="too_fast",
)
def _(quick: bool = False) -> float:
    return _runs(quick)["squared error", "raw"].steps_to_overflow()[0]


@finding(
    "dead-raw",
    "units of a ReLU net that are dead after 200 steps on raw wines at that rate",
    97,
    100,
    unit="%",
    by="too_fast",
)
def _(quick: bool = False) -> Value:
    dead = 100 * _runs(quick)["ReLU network", "raw"].dead
    return Value(dead.mean()) if quick else over(dead)


@cache
def _saturation() -> Saturation:
    return measure_saturation()


def _flat(activation: str, preparation: str) -> Value:
    s = _saturation()
    at = s.activations.index(activation), s.preparations.index(preparation)
    return over(100 * s.flat[at], "draws of the weights")


@finding(
    "flat-tanh-raw",
    "pairs of a tanh unit and a raw wine that are flat before training",
    96,
    100,
    unit="%",
    by="saturation",
)
def _() -> Value:
    return _flat("tanh", "raw")


@finding(
    "flat-tanh-standardised",
    "pairs of a tanh unit and a standardised wine that are flat",
    0.4,
    4,
    unit="%",
    by="saturation",
)
def _() -> Value:
    return _flat("tanh", "standardised")


@finding(
    "flat-relu-raw",
    "pairs of a ReLU and a raw wine that are flat",
    30,
    65,
    unit="%",
    by="saturation",
)
def _() -> Value:
    return _flat("relu", "raw")


@finding(
    "flat-relu-standardised",
    "pairs of a ReLU and a standardised wine that are flat",
    30,
    65,
    unit="%",
    by="saturation",
)
def _() -> Value:
    return _flat("relu", "standardised")


@cache
def _whitening() -> SmallBatchWhitening:
    return measure_small_batch_whitening(seeds=range(10), sizes=(16,))


@finding("rank-of-16", "rank of the covariance of 16 images", 15, 15, by="small_batch_whitening")
def _() -> float:
    return _whitening().rank.mean()


@finding(
    "directions-lost-16",
    "directions of 60 in which 16 images do not vary",
    45,
    45,
    by="small_batch_whitening",
)
def _() -> float:
    return _whitening().zeros.mean()


@finding(
    "whitened-new-variance",
    "median variance of new images whitened by 16 others, which should be 1",
    160,
    2_400,
    by="small_batch_whitening",
)
def _() -> Value:
    return over(_whitening().median[:, 0, 1], "draws")


@finding(
    "standardised-new-variance",
    "median variance of new images standardised by 16 others",
    0.5,
    3,
    by="small_batch_whitening",
)
def _() -> Value:
    return over(_whitening().standardised_median[:, 0, 1], "draws")


@cache
def _deeper(arm: str, quick: bool) -> DeeperLayers:
    return measure_deeper_layers(seeds=(0, 1) if quick else (0, 1, 2, 3, 4), arm=arm)


@finding(
    "moved-layer-4",
    "how far the means of layer 4's inputs moved in 300 updates, in sds of update 0",
    6,
    60,
    unit="sds",
    by="deeper_layers",
)
def _(quick: bool = False) -> Value:
    return over(_deeper("standardised", quick).moved_in_all[:, 3, -1])


@finding(
    "moved-layer-2",
    "how far the means of layer 2's inputs moved in 300 updates, in sds of update 0",
    0.2,
    2,
    unit="sds",
    by="deeper_layers",
)
def _(quick: bool = False) -> Value:
    return over(_deeper("standardised", quick).moved_in_all[:, 1, -1])


@finding(
    "moved-ratio-he",
    "movement of layer 4's inputs over that of layer 2's, He's weights",
    2,
    25,
    unit="times",
    by="deeper_layers",
)
def _(quick: bool = False) -> Value:
    moved = _deeper("standardised, He weights", quick).moved_in_all[:, :, -1]
    return over(moved[:, 3] / moved[:, 1])


@finding(
    "learned-while-moving",
    "test accuracy of a net without batch norm after 300 updates",
    95,
    100,
    unit="%",
    by="deeper_layers",
)
def _(quick: bool = False) -> Value:
    return over(100 * _deeper("standardised", quick).accuracy[:, -1])


@finding(
    "raw-pixels-accuracy",
    "test accuracy of a net on pixels with mean 0.3 and sd 0.4, at its best rate (the search)",
    91,
    100,
    unit="%",
    by="deeper_layers",
    stored="deeper_layers",
)
def _() -> Value:
    stored = results.load("deeper_layers")
    arm = stored["arms"]["raw"]
    at = stored["learning_rates"].index(arm["best_learning_rate"])
    return over(100 * np.array(arm["accuracy"][at]))
