"""A cheap slice of every stored result that a claim rests on, measured again.

`SLICES` maps the name of a stored result to a function that returns what was measured now beside
what is stored. The tests compare the two; the tests of the experiments look at more of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bncourse import results


@dataclass(frozen=True)
class Slice:
    """Some numbers of a stored result, now and then.

    Attributes:
        what: which numbers.
        now, stored: of the same shape.
        tolerance: how far they may be apart: sums in another order, on another machine, let a few
            test images change sides.
    """

    what: str
    now: np.ndarray
    stored: np.ndarray
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether no number is further away than the tolerance."""
        return bool(np.all(np.abs(np.subtract(self.now, self.stored)) <= self.tolerance))


SLICES: dict[str, Callable[[], Iterator[Slice]]] = {}


def slice_of(name: str):
    """Register a function as the slice of a stored result."""

    def register(function: Callable[[], Iterator[Slice]]) -> Callable[[], Iterator[Slice]]:
        SLICES[name] = function
        return function

    return register


@slice_of("batch_sizes")
def _() -> Iterator[Slice]:
    from bncourse.experiments.batch_race import grid, learn

    stored = results.load("batch_sizes")
    arm = next(a for a in stored["arms"] if a["batch_size"] == 256)
    seeds = stored["seeds"][:2]
    points = [point for point in grid(30_000) if point <= max(arm["updates"][:2])]
    curve = learn(
        256, arm["learning_rate"], seeds, points, until_accuracy=stored["target_accuracy"]
    )
    # The grid has steps of one twentieth: one of them is allowed.
    yield Slice("updates to 95 %", curve.updates_to(), np.array(arm["updates"][:2]), 4)


@slice_of("stuck_nets")
def _() -> Iterator[Slice]:
    from bncourse.experiments.stuck_nets import EARLY, Nets

    stored = results.load("stuck_nets")
    net = stored["nets"][0]
    nets = Nets(net["activation"], stored["seeds"][:2]).descend(
        EARLY, net["learning_rate"], net["batch_size"]
    )
    early = np.array(net["early"]["mini-batches"]["loss"][:2])
    yield Slice("loss early on", nets.loss(), early, 0.002)


@slice_of("tables")
def _() -> Iterator[Slice]:
    from bncourse.experiments.tables import train_on

    stored = results.load("tables")
    for how in ("raw", "standardised"):
        arm = stored["arms"]["wine"][how]
        *_, accuracies = train_on(
            "wine", how, arm["learning_rate"], stored["seeds"][:2], stored["steps"][-1:]
        )
        yield Slice(how, accuracies[:, 0], np.array(arm["test_accuracy"][:2]), 1e-3)


@slice_of("deeper_layers")
def _() -> Iterator[Slice]:
    from bncourse.experiments.deeper_layers import measure_deeper_layers

    stored = results.load("deeper_layers")
    arm, seeds = stored["arms"]["raw"], stored["seeds"][:2]
    now = measure_deeper_layers(seeds, [stored["updates"]], arm="raw").accuracy[:, 0]
    row = stored["learning_rates"].index(arm["best_learning_rate"])
    yield Slice("accuracy on raw pixels", now, np.array(arm["accuracy"][row][:2]), 0.009)


@slice_of("placement")
def _() -> Iterator[Slice]:
    from bncourse.experiments.placement import accuracies

    stored = results.load("placement")["shorter"]
    for placement, images in (("before", 3), ("after", 7)):
        now = accuracies(placement, stored["learning_rate"][placement], (0, 1), [stored["updates"]])
        then = np.array(stored["accuracy"][placement][:2])
        yield Slice(placement, now[:, 0], then, images / 500)


@slice_of("outside_the_gradient")
def _() -> Iterator[Slice]:
    from bncourse.experiments.outside_the_gradient import COMMON_RATE, load, net_runs

    for arm, runs in load().items():
        run = next(run for run in runs if run.learning_rate == COMMON_RATE)
        now = net_runs(arm, COMMON_RATE, run.updates[:6], run.seeds[:2])  # to 100 updates
        yield Slice(f"{arm}: weights", now.weight_norm, run.weight_norm[:2, :6], 0.005)
        yield Slice(f"{arm}: accuracy", now.accuracy, run.accuracy[:2, :6], 0.009)


@slice_of("one_digit")
def _() -> Iterator[Slice]:
    from bncourse.experiments.one_digit import load_one_digit, measure_one_digit

    stored = load_one_digit()
    now = measure_one_digit(
        seeds=stored.seeds[:2], learning_rate=stored.learning_rate, batch_sizes=(4,)
    )
    yield Slice("share with several classes", now.changing[0], stored.changing[1, :2], 0.03)


@slice_of("averages_lag")
def _() -> Iterator[Slice]:
    from bncourse.experiments.averages_lag import averages_lag, load

    stored = load()
    now = averages_lag(stored.learning_rate, (0.1,), stored.updates[:2], stored.seeds[:2])
    at = stored.momenta.index(0.1)
    yield Slice("running averages", now.running[0], stored.running[at, :2, :2], 0.009)
    yield Slice("recomputed", now.precise, stored.precise[:2, :2], 0.009)


@slice_of("shared_ruler")
def _() -> Iterator[Slice]:
    from bncourse.experiments.shared_ruler import load_shared_ruler, measure

    stored = load_shared_ruler()
    at = list(stored.batch_sizes).index(64)
    for kind in ("per channel", "per activation"):
        k = stored.kinds.index(kind)
        test, moved = measure(kind, 64, stored.rates[k, at], stored.seeds[:1])
        # Training in float32 makes the rounding of another machine grow.
        yield Slice(f"{kind}: error", test, stored.test_error[k, at, :1], 2.5)
        yield Slice(f"{kind}: error, moved", moved, stored.shifted_error[k, at, :1], 8)


@slice_of("shifts")
def _() -> Iterator[Slice]:
    from bncourse.experiments.shifts import load_images, load_shifts, repairs, score, train_net

    stored, (x, y, x_test, y_test) = load_shifts(), load_images()
    rate = results.load("shifts")["search"]["batch"]["learning_rate"]
    net = train_net(0, "batch", rate, x, y)
    yield Slice("as they are", np.array(score(net, x_test, y_test)), stored.clean[0], 0.01)
    name = "contrast × 0.25"
    now, k = repairs(net, name, 0), stored.names.index(name)
    yield Slice("old statistics", np.array(now["frozen"]), stored.frozen[k, 0], 0.12)
    yield Slice("new statistics", np.array(now["recalibrated"]), stored.recalibrated[k, 0], 0.03)


@slice_of("sigmoid_rates")
def _() -> Iterator[Slice]:
    from bncourse.experiments.sigmoid_nets import SEARCH_SEEDS, train_sigmoid_nets

    nets = train_sigmoid_nets(SEARCH_SEEDS[:2], tuple(range(0, 61, 5)))
    run = nets.runs[3]  # with batch norm at its best rate
    arm = results.load("sigmoid_rates")["arms"]["with BN"]["search"]
    tried = next(t for t in arm if t["learning_rate"] == run.learning_rate)
    then = np.array(tried["updates_to_target"][:2])
    yield Slice("updates to 90 %", nets.updates_to(run, 0.9), then, 5)


@slice_of("noisy_batch_norm")
def _() -> Iterator[Slice]:
    from bncourse.experiments.noisy_batch_norm import COMMON_RATE, load_noisy_batch_norm, run_arm

    for name in ("without BN", "with BN, noise 1"):
        stored = load_noisy_batch_norm().run(name, "common")
        now = run_arm(name, COMMON_RATE, (0, 1), 60)
        yield Slice(name, now.accuracy, stored.accuracy[:2, :7], 0.04)


@slice_of("internal_shift")
def _() -> Iterator[Slice]:
    from bncourse.experiments.internal_shift import load_internal_shift, measure_run

    runs = load_internal_shift().runs
    stored = next(r for r in runs if (r.net, r.with_bn, r.rate) == ("ReLU", True, 0.1))
    now = measure_run("ReLU", True, 0.1, (0, 1), stored.updates[:3])
    yield Slice("accuracy", now.accuracy, stored.accuracy[:3, :2], 0.009)


@slice_of("landscape")
def _() -> Iterator[Slice]:
    from bncourse.experiments.landscape import load_landscape, measure_run

    stored = load_landscape().run("ReLU", True, 0.1)
    now = measure_run("ReLU", True, 0.1, (0, 1), stored.updates[:2])
    yield Slice("beta", now.beta, stored.beta[:2, :2], 0.02 * float(stored.beta.max()))
    yield Slice("loss", now.loss, stored.loss[:2, :2], 0.02)


@slice_of("layer_jacobians")
def _() -> Iterator[Slice]:
    from bncourse.experiments.layer_jacobians import load_layer_jacobians, spectrum

    for norm in ("batch", "none"):
        stored = next(
            s
            for s in load_layer_jacobians()
            if (s.norm, s.activation, s.init, s.depth, s.trained) == (norm, "relu", "he", 20, False)
        )
        now = spectrum(norm, "he", 20, seeds=(0, 1))
        yield Slice(f"{norm}: near 1", now.near, stored.near[:2], 0.017)
        yield Slice(f"{norm}: largest", np.log(now.largest), np.log(stored.largest[:2]), 0.01)


@slice_of("small_batches")
def _() -> Iterator[Slice]:
    from bncourse.experiments.small_batches import budget_updates, load_small_batches, measure

    stored = load_small_batches()
    at = list(stored.batch_sizes).index(64)
    for arm in ("BN", "LN"):
        k = stored.arms.index(arm)
        updates = budget_updates("epochs", 64)
        now = measure(arm, 64, updates, stored.seeds[:2], [stored.rates[0, k, at]])
        # Training in float32 makes the rounding of another machine grow.
        yield Slice(arm, now[arm][0], stored.test_error[0, k, at, :2], 1.5)


@slice_of("ghost_batches")
def _() -> Iterator[Slice]:
    from bncourse.experiments.ghost_batches import load_ghost_batches, measure

    stored = load_ghost_batches()
    at = list(stored.group_sizes).index(8)
    now, _ = measure(8, stored.updates[0], stored.seeds[:2], [stored.rates[0, at]])
    yield Slice("groups of 8", now[0], stored.test_error[0, at, :2], 1.5)


@slice_of("sorted_batches")
def _() -> Iterator[Slice]:
    from bncourse.experiments.sorted_batches import load_sorted_batches, measure

    stored = load_sorted_batches()
    k = stored.orders.index("one class each")
    a = stored.arms.index("BN")
    now = measure("BN", "one class each", stored.seeds[:2], [stored.rates[a, k]])
    yield Slice("BN", now["test_error"][0], stored.test_error[a, k, :2], 4)


@slice_of("rate_range")
def _() -> Iterator[Slice]:
    from bncourse.experiments.rate_range import load_rate_range, measure

    stored = load_rate_range()
    net, rates = "3 x 64 ReLU, He", [4, 8]
    for norm in ("none", "batch"):
        now = measure(net, norm, stored.rates[rates], stored.seeds[:2], stored.budgets[:1])
        then = stored.accuracy[stored.nets.index(net), stored.norms.index(norm), rates]
        yield Slice(f"{norm}: accuracy", now[0, :, 0], then[:, 0, :2], 0.03)


@slice_of("weight_decay")
def _() -> Iterator[Slice]:
    from bncourse.experiments.decayed_nets import train_nets
    from bncourse.experiments.weight_decay import load_weight_decay

    stored = next(run for run in load_weight_decay().runs if run.decay == 0)
    now = train_nets(stored.rate, 0.0, int(stored.updates[2]), stored.seeds[:2])
    yield Slice("length", now.length, stored.length[:2, :3], 0.01 * float(stored.length.max()))


@slice_of("deep_training")
def _() -> Iterator[Slice]:
    from bncourse.experiments.deep_training import load_deep_training, train

    stored = load_deep_training()
    k, d, budget = stored.kinds.index("batch"), 0, stored.budgets[0]
    now = train("batch", stored.depths[d], [stored.rates[k, d, 0]], stored.seeds[:2], [budget])
    yield Slice("5 layers", now[0, :, 0], stored.accuracy[k, d, 0, :2], 0.03)


@slice_of("regularisation")
def _() -> Iterator[Slice]:
    from bncourse.experiments.regularisation import load_regularisation, measure

    for k in (0, 6):  # nothing, and batch norm
        stored = load_regularisation()["methods"][k]
        now = measure(stored.arm, stored.rate, (0, 1))
        yield Slice(stored.arm.name, now[0], stored.test[:2], 1.5)


@slice_of("initial_scale")
def _() -> Iterator[Slice]:
    from bncourse.experiments.initial_scale import load_initial_scale, measure

    stored = load_initial_scale()
    k, a = list(stored.scales).index(0.01), stored.norms.index("batch")
    rate, budget = stored.kept_rates[a], stored.budgets[:1]
    now = measure("batch", stored.scales[[k]], [rate], stored.seeds[:2], budget)
    yield Slice("scale 0.01", now[0, 0, 0], stored.kept[a, k, 0, :2], 0.03)


@slice_of("deep_sigmoid")
def _() -> Iterator[Slice]:
    from bncourse.experiments.deep_sigmoid import load_deep_sigmoid, measure, updates_to

    stored = load_deep_sigmoid()[0]
    k = len(stored.arms) - 1  # with batch norm
    steps = tuple(range(0, 61, 2))
    now = measure(stored.net, stored.arms[k], [stored.rates[k]], (0, 1), steps, recompute=False)
    then = stored.updates[k, k, 0, :2]
    yield Slice("updates to 90 %", updates_to(now[0, 0], steps, 0.9), then, 4)


@slice_of("small_batch_convs")
def _() -> Iterator[Slice]:
    from bncourse.experiments.small_batch_convs import load_small_batch_convs, measure

    stored = load_small_batch_convs()
    h, a, k = stored.heads.index("flatten"), stored.arms.index("BN"), 0
    size = int(stored.batch_sizes[k])
    rate = stored.rates[h, a, k]
    now = measure("BN", "flatten", size, stored.epochs[h], stored.seeds[:2], [rate])
    # Training in float32 makes the rounding of another machine grow.
    yield Slice("BN, batches of 32", now[0], stored.test_error[h, a, k, :2], 2.5)


@slice_of("recurrent_arms")
def _() -> Iterator[Slice]:
    from bncourse.experiments.recurrent_arms import load_recurrent_arms
    from bncourse.experiments.recurrent_runs import evaluate, run

    stored = load_recurrent_arms()
    c = list(zip(stored.steps, stored.starts, strict=True)).index((8, "orthogonal"))
    a = stored.arms.index("per step 0.1")
    found = run(8, "orthogonal", "batch", 0.1, stored.rates[c, a, 0], stored.seeds[:2], evaluate,
                stored.budgets[c, :1])  # fmt: skip
    yield Slice("8 steps", found[0]["per step"], stored.evaluated[c, a, 0, :2], 0.04)


@slice_of("transformer_training")
def _() -> Iterator[Slice]:
    from bncourse.experiments.transformer_training import load_transformer_training, measure

    stored = load_transformer_training()
    a, r = stored.arms.index("pre, batch norm"), 3
    now = measure(stored.arms[a], stored.rates[[r]], stored.seeds[:1], stored.budgets[:1])
    yield Slice("batch norm", now[0, 0, 0], stored.accuracy[a, r, 0, :1], 0.06)
