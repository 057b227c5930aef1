"""Slices of lessons 01 to 03: batches, inputs, where the norm stands, the first real run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bncourse import results
from bncourse.ledger.again.slices import Slice, slice_of


@slice_of("batch_sizes", "equal-updates-full-minus-4", "updates-best-size")
def _() -> Iterator[Slice]:
    from bncourse.experiments.batch_race import grid, learn

    stored = results.load("batch_sizes")
    seeds = stored["seeds"][:2]
    arms = {arm["batch_size"]: arm for arm in stored["arms"]}
    for size in (4, 1297):
        curve = learn(size, arms[size]["learning_rate"], seeds, stored["equal_updates"])
        then = np.array(arms[size]["equal_updates_accuracy"])[:, :2].T
        yield Slice(f"accuracy with batches of {size}", curve.accuracy, then, 0.009)
    arm = arms[256]
    points = [point for point in grid(30_000) if point <= max(arm["updates"][:2])]
    curve = learn(
        256, arm["learning_rate"], seeds, points, until_accuracy=stored["target_accuracy"]
    )
    # The grid has steps of one twentieth: one of them is allowed.
    yield Slice("updates to 95 %", curve.updates_to(), np.array(arm["updates"][:2]), 4)


@slice_of("stuck_nets", "stuck-relu-8")
def _() -> Iterator[Slice]:
    from bncourse.experiments.stuck_nets import get_stuck, go_on

    stored = results.load("stuck_nets")
    net = next(each for each in stored["nets"] if each["activation"] == "relu")
    at = net["search"]["batch_sizes"].index(8)
    nets = get_stuck("relu", net["learning_rate"], stored["seeds"][:1])
    yield Slice("stuck", nets.loss(), np.array(net["stuck"]["loss"][:1]), 0.05)  # it still wavers
    share = net["share_by_batch_size"][at]
    now = go_on(nets, net["learning_rate"], batch_size=8, factor=share).loss()
    yield Slice("batches of 8", now, np.array(net["loss_by_batch_size"][at][:1]), 0.005)


@slice_of("tables", "wine-test-gap", "tumour-test-gap")
def _() -> Iterator[Slice]:
    from bncourse.experiments.tables import train_on

    stored = results.load("tables")
    for table, arms in stored["arms"].items():
        for how in ("raw", "standardised"):
            seeds, steps = stored["seeds"][:2], stored["steps"][-1:]
            *_, now = train_on(table, how, arms[how]["learning_rate"], seeds, steps)
            then = np.array(arms[how]["test_accuracy"][:2])
            yield Slice(f"{table}, {how}", now[:, 0], then, 0.006)  # one sample


@slice_of("deeper_layers", "raw-pixels-accuracy")
def _() -> Iterator[Slice]:
    from bncourse.experiments.deeper_layers import measure_deeper_layers

    stored = results.load("deeper_layers")
    arm, seeds = stored["arms"]["raw"], stored["seeds"][:2]
    now = measure_deeper_layers(seeds, [stored["updates"]], arm="raw").accuracy[:, 0]
    row = stored["learning_rates"].index(arm["best_learning_rate"])
    yield Slice("accuracy on raw pixels", now, np.array(arm["accuracy"][row][:2]), 0.009)


@slice_of("placement", "before-minus-after-early")
def _() -> Iterator[Slice]:
    from bncourse.experiments.placement import accuracies

    stored = results.load("placement")["shorter"]
    for placement, images in (("before", 3), ("after", 7)):
        now = accuracies(placement, stored["learning_rate"][placement], (0, 1), [stored["updates"]])
        then = np.array(stored["accuracy"][placement][:2])
        yield Slice(placement, now[:, 0], then, images / 500)


@slice_of("sigmoid_rates", "rates-with-bn")
def _() -> Iterator[Slice]:
    from bncourse.experiments.sigmoid_nets import SEARCH_SEEDS, train_sigmoid_nets

    arm = results.load("sigmoid_rates")["arms"]["with BN"]["search"]
    tried = {each["learning_rate"]: each["updates_to_target"][:2] for each in arm}
    nets = train_sigmoid_nets(SEARCH_SEEDS[:2], tuple(range(0, 61, 5)))
    for k in (1, 3):  # with batch norm, at the common rate and at its best one
        rate = nets.runs[k].learning_rate
        then = np.array(tried[rate])
        yield Slice(f"updates to 90 % at {rate}", nets.updates_to(nets.runs[k], 0.9), then, 5)
