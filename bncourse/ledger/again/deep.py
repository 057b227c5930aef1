"""Slices of lesson 07: why it might work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bncourse.ledger.again.slices import Slice, slice_of


@slice_of("noisy_batch_norm", "noise-jump", "plain-jump", "noise-still-faster")
def _() -> Iterator[Slice]:
    from bncourse.experiments.noisy_batch_norm import load_noisy_batch_norm, run_arm

    stored = load_noisy_batch_norm()
    for name in ("without BN", "with BN, noise 1"):
        run = stored.run(name)  # at its own best rate
        until = int(np.searchsorted(run.updates, run.updates_to()[:2].max())) + 1
        now = run_arm(name, run.rate, (0, 1), int(run.updates[until - 1]))
        yield Slice(f"{name}: accuracy", now.accuracy, run.accuracy[:2, :until], 0.03)
        yield Slice(f"{name}: jump", now.jump, run.jump[:2], 0.05)


@slice_of("internal_shift", "drift-with-bn", "drift-without-bn", "gradient-shift-relu")
def _() -> Iterator[Slice]:
    from bncourse.experiments.internal_shift import load_internal_shift, measure_run

    record = load_internal_shift()
    own = [key for key in record.best if key[0] == "ReLU"]
    for then in (run for run in record.runs if (run.net, run.with_bn, run.rate) in own):
        now = measure_run(then.net, then.with_bn, then.rate, (0, 1), then.updates)
        name = "with BN" if then.with_bn else "without BN"
        yield Slice(f"{name}: accuracy", now.accuracy, then.accuracy[:, :2], 0.03)
        yield Slice(f"{name}: drift", now.drift_in, then.drift_in[:2], 0.1 * then.drift_in.max())
        yield Slice(f"{name}: definition 2.1", now.relative, then.relative[:2], 0.03)


@slice_of("landscape", "smoother-relu", "loss-range-relu")
def _() -> Iterator[Slice]:
    from bncourse.experiments.landscape import load_landscape, measure_run

    for with_bn in (False, True):
        then = load_landscape().run("ReLU", with_bn)  # at its own best rate
        now = measure_run("ReLU", with_bn, then.rate, (0, 1), then.updates)
        name = "with BN" if with_bn else "without BN"
        for measure in ("beta", "loss_range"):
            stored = then.typical(measure)
            yield Slice(f"{name}: {measure}", now.typical(measure), stored[:2], 0.1 * stored.max())


@slice_of("layer_jacobians", "near-one-20-layers", "near-one-20-layers-plain", "largest-20-layers",
          "largest-20-layers-plain")  # fmt: skip
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


@slice_of("deep_training", "deep-20-bn-minus-none", "deep-40-bn-skips")
def _() -> Iterator[Slice]:
    from bncourse.experiments.deep_training import load_deep_training, train

    stored = load_deep_training()
    # After the shorter budget. The deeper a net, the more rounding grows in it.
    for kind, depth in (("none", 20), ("batch", 20), ("batch, skips", 40)):
        k, d = stored.kinds.index(kind), list(stored.depths).index(depth)
        rate, budget = stored.rates[k, d, 0], stored.budgets[0]
        now = train(kind, depth, [rate], stored.seeds[:1], [budget])
        yield Slice(f"{kind}, {depth} layers", now[0, :, 0], stored.accuracy[k, d, 0, :1], 0.06)


@slice_of("deep_sigmoid", "six-sigmoids-times")
def _() -> Iterator[Slice]:
    from bncourse.experiments.deep_sigmoid import STEPS, load_deep_sigmoid, measure, updates_to

    stored = load_deep_sigmoid()[0]
    for k in (1, 2):  # good weights without batch norm, small ones with it
        arm, then = stored.arms[k], stored.updates[k, k, 0, :2]
        steps = [step for step in STEPS if step <= 1.2 * then.max()]
        now = measure(stored.net, arm, [stored.rates[k]], (0, 1), steps, recompute=False)
        # One step of the grid is a tenth at most; float32 may need it, and one more.
        yield Slice(arm, updates_to(now[0, 0], steps, 0.9), then, then.max() / 6)


@slice_of("rate_range", "times-higher-he", "deep-with-bn")
def _() -> Iterator[Slice]:
    from bncourse.experiments.rate_range import load_rate_range, measure

    stored = load_rate_range()
    deep = stored.best()[stored.nets.index("8 x 64 ReLU"), stored.norms.index("batch"), -1]
    # After the shorter budget; of the first net the largest usable rate, and the next. At the
    # edge of what is usable rounding shows.
    for net, norm, rates in (
        ("3 x 64 ReLU, He", "none", [0.25, 0.5]),
        ("3 x 64 ReLU, He", "batch", [4.0, 8.0]),
        ("8 x 64 ReLU", "batch", [deep]),
    ):
        at = [list(stored.rates).index(rate) for rate in rates]
        now = measure(net, norm, rates, stored.seeds[:2], stored.budgets[:1])
        then = stored.accuracy[stored.nets.index(net), stored.norms.index(norm), at]
        yield Slice(f"{net}, {norm}", now[0, :, 0], then[:, 0, :2], 0.15)


@slice_of("initial_scale", "scale-10-in-time", "scale-10-kept", "scale-tiny",
          "scale-tiny-without-eps")  # fmt: skip
def _() -> Iterator[Slice]:
    from bncourse.experiments.initial_scale import (
        TINY_EPS,
        USUAL,
        load_initial_scale,
        measure,
    )

    stored = load_initial_scale()
    a = stored.norms.index("batch")
    kept = stored.kept_rates[a]
    for what, k, rate, then, settings in (
        ("in time", -1, kept, stored.rate_follows.accuracy,
         {"output_scale": USUAL, "rate_follows": True}),
        ("kept", -1, kept, stored.kept[a], {}),
        ("tiny", 0, stored.tuned_rates[a, 0, 0], stored.tuned[a], {}),
        ("tiny, small eps", 0, kept, stored.tiny_eps.accuracy, {"eps": TINY_EPS}),
    ):  # fmt: skip
        scale, budget = stored.scales[[k]], stored.budgets[:1]
        now = measure("batch", scale, [rate], stored.seeds[:2], budget, **settings)
        yield Slice(what, now[0, 0, 0], then[k, 0, :2], 0.12)


@slice_of("regularisation", "gain-bn", "gain-dropout", "gain-without-noise")
def _() -> Iterator[Slice]:
    from bncourse.experiments.regularisation import load_regularisation, measure

    stored = load_regularisation()
    chosen = [
        *((each, "methods") for each in stored["methods"]
          if each.arm.name in ("none", "BN", "dropout 0.5")),
        *((each, "all 200") for each in stored["noise"]
          if each.arm.name == "none" or each.arm.group == 200),
    ]  # fmt: skip
    for each, design in chosen:
        if each.arm.inputs == "pixels":
            now = measure(each.arm, each.rate, (0, 1))
            yield Slice(f"{each.arm.name}, {design}", now[0], each.test[:2], 1)


@slice_of("weight_decay", "lengths-without-decay")
def _() -> Iterator[Slice]:
    from bncourse.experiments.decayed_nets import train_nets
    from bncourse.experiments.weight_decay import load_weight_decay

    stored = next(run for run in load_weight_decay().runs if run.decay == 0)
    now = train_nets(stored.rate, 0.0, int(stored.updates[10]), stored.seeds[:2])
    # They grow by seven hundredths in all.
    yield Slice("length", now.length, stored.length[:2, :11], 0.005 * float(stored.length.max()))
