"""Noisy batch norm: the noise is what it says; the stored comparison is fair and reproducible."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.noisy_batch_norm import (
    ARMS,
    COMMON_RATE,
    SEARCH_SEEDS,
    SEEDS,
    SIZES,
    UPDATES,
    Noise,
    load_noisy_batch_norm,
    moments_of,
    run_arm,
    with_noise,
)
from bncourse.experiments.training import build_mlp


@pytest.fixture(scope="module")
def record():
    return load_noisy_batch_norm()


def end(record, name, at="best"):
    return 100 * record.run(name, at).accuracy[:, -1]


def values(networks=2, samples=50, units=3):
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.normal(3, 2, (networks, samples, units)))


def test_noise_moves_means_and_stretches_sds_as_far_as_it_says():
    x, noise = values(units=4000), Noise(1.0, (0, 1), 0)
    y = noise(x)
    moved = ((y.mean(1) - x.mean(1)) / x.std(1, correction=0)).numpy()
    stretched = (y.std(1) / x.std(1)).numpy()
    for found, middle, width in ((moved, 0, 1), (stretched, 1, 0.25)):
        assert np.abs(found - middle).max() <= width + 1e-9
        assert abs(found.mean() - middle) < 0.03 * width
        assert abs(found.std() - width / np.sqrt(3)) < 0.03 * width


def test_the_batch_shares_the_noise_and_every_call_draws_anew():
    x, noise = values(), Noise(1.0, (0, 1), 0)
    first, second = noise(x), noise(x)
    # A line for each unit: z-scores within the batch stay the same.
    for y in (first, second):
        z, z_y = ((v - v.mean(1, keepdim=True)) / v.std(1, keepdim=True) for v in (x, y))
        torch.testing.assert_close(z, z_y)
    assert (first.mean(1) - second.mean(1)).abs().min() > 1e-3
    assert (first[0].mean(0) - first[1].mean(0)).abs().min() > 1e-3  # seeds have their own


def test_noise_ends_with_training_and_strength_0_changes_nothing():
    x = values()
    assert Noise(1.0, (0, 1), 0).eval()(x) is x
    assert Noise(0.0, (0, 1), 0)(x) is x


def test_gradients_pass_the_noise_and_are_stretched_with_it():
    x, noise = values().requires_grad_(), Noise(1.0, (0, 1), 0)
    y = noise(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    ratio = (y.std(1) / x.std(1)).detach()
    torch.testing.assert_close(gradient, ratio[:, None].expand_as(gradient))


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_the_jump_is_that_of_what_comes_out(strength):
    noise, batches = Noise(strength, (0, 1), 0), [values() + shift for shift in (0, 0.5, -1)]
    out = [noise(batch) for batch in batches]
    wanted = [
        ((b.mean(1) - a.mean(1)).abs() / b.std(1, correction=0)).mean(1) for a, b in pairwise(out)
    ]
    torch.testing.assert_close(torch.stack(noise.jumps), torch.stack(wanted))


def test_noise_stands_between_bn_and_relu():
    net = build_mlp((4, 3, 3, 2), (0,), activation="relu", init="he", norm="batch")
    kinds = [type(m).__name__ for m in with_noise(net, [Noise(1.0, (0,), k) for k in range(2)])]
    hidden = ["StackedLinear", "StackedBatchNorm", "Noise", "ReLU"]
    assert kinds == [*hidden, *hidden, "StackedLinear"]


def test_every_arm_ran_with_every_seed_at_both_rates(record):
    for runs in (record.common, record.best):
        assert [run.name for run in runs] == list(ARMS)
        for run in runs:
            assert run.updates[-1] == UPDATES
            assert run.accuracy.shape == (len(SEEDS), len(run.updates))
            assert run.jump.shape == run.drift.shape == (len(SEEDS),)
    assert {run.rate for run in record.common} == {COMMON_RATE}
    assert len(SIZES) - 2 == 5


def test_own_rates_are_the_best_of_a_search_on_other_seeds_with_room_on_both_sides(record):
    stored = results.load("noisy_batch_norm")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS and not set(SEARCH_SEEDS) & set(SEEDS)
    for arm in stored["arms"]:
        rates, scores = arm["search"]["learning_rates"], arm["search"]["mean_accuracies"]
        best = int(np.argmax(scores))
        assert 2 <= best < len(rates) - 2
        assert record.run(arm["name"]).rate == rates[best]


def test_noise_makes_bn_less_steady_than_no_bn_and_it_still_learns_faster(record):
    for at in ("common", "best"):
        plain = record.run("without BN", at)
        noisy = record.run("with BN, noise 1", at)
        assert noisy.jump.min() > 1.4 * plain.jump.max()
        # Seed by seed, for both start from the same weights and see the same batches.
        faster = noisy.updates_to() < plain.updates_to()
        assert faster.sum() >= 4
        assert (end(record, noisy.name, at) - end(record, plain.name, at)).mean() > 0.3
    assert np.median(record.run("with BN, noise 1").updates_to()) <= 40
    assert np.median(record.run("without BN").updates_to()) >= 70


def test_moderate_noise_costs_no_accuracy_and_strong_noise_does(record):
    without_noise = end(record, "with BN")
    for name in ("with BN, noise 0.5", "with BN, noise 1"):
        gain = end(record, name) - without_noise
        assert gain.mean() > -0.5
    loss = without_noise - end(record, "with BN, noise 2")
    assert loss.mean() > 2


def test_the_noise_is_not_harmless_without_bn(record):
    """The control: equal noise, in sds, stops nets without BN from learning the digits."""
    noisy = record.run("without BN, noise 1")
    assert not np.isfinite(noisy.updates_to()).any()
    assert end(record, noisy.name).max() < 90
    assert 0.7 < noisy.jump.mean() / record.run("with BN, noise 1").jump.mean() < 1.6


def test_bn_alone_holds_the_means_still(record):
    assert record.run("with BN").jump.max() < 0.01
    assert record.run("without BN").jump.min() > 0.3


def test_jumps_count_until_the_target_is_reached_and_not_after(record):
    """A net without BN gets calmer later; the stored run is long, these end at the target."""
    run = record.run("without BN")
    for seed in (0, 2):
        end = int(run.updates_to()[seed])
        until = run_arm(run.name, run.rate, SEEDS[seed : seed + 1], end, with_drift=True)
        np.testing.assert_allclose(until.jump, run.jump[seed], rtol=0.1)
        np.testing.assert_allclose(until.drift, run.drift[seed], rtol=0.1)
    before = run_arm(run.name, run.rate, SEEDS[:1], 30)
    assert not np.isfinite(before.updates_to()).any() and np.isnan(before.drift).all()
    assert before.jump > run.jump[0]


def test_most_of_the_jump_without_bn_is_drift_and_bn_has_nearly_none(record):
    plain, normed = record.run("without BN"), record.run("with BN")
    assert (plain.drift / plain.jump).min() > 0.7
    assert normed.drift.max() < 0.01
    # The noise is no part of the drift.
    assert record.run("with BN, noise 1").drift.max() < 0.02


def test_moments_are_those_of_a_step_and_leave_the_running_statistics(record):
    net = build_mlp((4, 3, 3, 2), (0, 1), activation="relu", init="he", norm="batch")
    net = with_noise(net, [Noise(5.0, (0, 1), k) for k in range(2)])
    kept = [buffer.clone() for buffer in net.buffers() if buffer.dim()]
    means, sds = moments_of(net, values(units=4))
    assert means.shape == sds.shape == (2, 2, 3)
    np.testing.assert_allclose(means, 0, atol=1e-9)  # beta, and no noise
    np.testing.assert_allclose(sds, 1, atol=1e-3)
    now = [buffer for buffer in net.buffers() if buffer.dim()]
    for old, new in zip(kept, now, strict=True):
        torch.testing.assert_close(old, new)


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    for name in ("without BN", "with BN, noise 1"):
        stored = record.run(name, "common")
        again = run_arm(name, COMMON_RATE, SEEDS[:2], updates=60)
        # Other machines sum in another order, and float32 training makes that grow.
        np.testing.assert_allclose(again.accuracy, stored.accuracy[:2, :7], atol=0.04)
        assert abs(again.jump.mean() - stored.jump[:2].mean()) < 0.3
    assert (
        np.abs(run_arm(name, COMMON_RATE, SEEDS[1:2], 20).accuracy - again.accuracy[1, :3]).max()
        < 0.01
    )


def test_unknown_arms_raise():
    with pytest.raises(KeyError):
        run_arm("with BN, noise 3", 0.1)
