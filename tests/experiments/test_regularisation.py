"""Does BN regularise: the stored comparison is complete, honest and reproducible."""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse import results
from bncourse.experiments.regularisation import (
    DESIGNS,
    IMAGES,
    SEARCH_SEEDS,
    SEEDS,
    Arm,
    StackedDropout,
    StackedGroupedBatchNorm,
    Trained,
    build,
    load_regularisation,
    load_splits,
    measure,
)
from bncourse.experiments.training import StackedBatchNorm


@pytest.fixture(scope="module")
def designs():
    return load_regularisation()


def pick(arms, inputs="pixels", **wanted):
    (found,) = (
        trained
        for trained in arms
        if trained.arm.inputs == inputs
        and all(getattr(trained.arm, name) == value for name, value in wanted.items())
    )
    return found


def test_every_arm_was_measured_with_every_seed(designs):
    assert set(designs) == set(DESIGNS)
    for design, arms in designs.items():
        assert tuple(found.arm for found in arms) == DESIGNS[design]
        for found in arms:
            assert found.test.shape == found.train.shape == found.loss.shape == (len(SEEDS),)
            assert (found.test > 20).all() and (found.train <= 100).all()


def test_each_runs_at_the_best_rate_of_a_search_on_other_splits(designs):
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    assert tuple(results.load("regularisation")["search_seeds"]) == SEARCH_SEEDS
    for arms in designs.values():
        for found in arms:
            rates = sorted(found.searched)
            assert found.rate == max(found.searched, key=found.searched.get)
            place = rates.index(found.rate)
            assert place >= 2 and len(rates) - place > 2


def test_bn_helps_on_pixels_and_fits_better_too(designs):
    none, bn = (pick(designs["methods"], name=name) for name in ("none", "BN"))
    gain, error = bn.gain(none)
    assert 1 < gain < 2.5 and gain > 4 * error
    assert bn.loss.mean() < none.loss.mean()
    assert bn.train.mean() > 99.5


def test_bn_without_any_noise_helps_as_well(designs):
    none = pick(designs["noise"], name="none")
    full = pick(designs["noise"], group=IMAGES)
    gain, error = full.gain(none)
    assert gain > 1 and gain > 4 * error


def test_the_noise_adds_a_few_tenths_at_most(designs):
    full = pick(designs["noise"], group=IMAGES)
    for group in (5, 10, 25):
        gain, _ = pick(designs["noise"], group=group).gain(full)
        assert -0.2 < gain < 0.8


def test_with_standardised_inputs_bn_gains_about_half(designs):
    for design, wanted in (("methods", {"name": "BN"}), ("noise", {"group": IMAGES})):
        gains = [
            pick(designs[design], inputs, **wanted).gain(
                pick(designs[design], inputs, name="none")
            )[0]
            for inputs in ("pixels", "standardised")
        ]
        assert 0.3 < gains[1] < 0.75 * gains[0]


def test_dropout_and_bn_together_are_not_worse_and_better_once(designs):
    gains = {}
    for inputs in ("pixels", "standardised"):
        bn = pick(designs["methods"], inputs, name="BN")
        for rate in (0.2, 0.5):
            both = pick(designs["methods"], inputs, name=f"BN + dropout {rate}")
            gains[inputs, rate] = both.gain(bn)
    assert all(mean > -error for mean, error in gains.values())
    mean, error = gains["standardised", 0.5]
    assert mean > 2.5 * error
    assert abs(gains["pixels", 0.5][0]) < 2 * gains["pixels", 0.5][1]


def test_with_bn_batches_of_5_do_worse_than_of_25_for_equal_updates_and_equal_epochs(designs):
    for design in ("updates", "epochs"):
        bn = {f.arm.batch: f for f in designs[design] if f.arm.group}
        assert bn[25].gain(bn[5])[0] > 0


def test_what_batches_of_5_gain_hangs_on_the_budget(designs):
    """More than batches of 200 with equal updates, less than 25 with equal epochs: no verdict."""

    def gains(design):
        arms = {(f.arm.batch, bool(f.arm.group)): f for f in designs[design]}
        return {size: arms[size, True].gain(arms[size, False])[0] for size in (5, 25, 200)}

    updates, epochs = gains("updates"), gains("epochs")
    assert updates[5] - updates[200] > 0.8
    assert 0 < epochs[5] < epochs[25] - 0.5
    assert epochs[200] > 10  # the net without BN has hardly been trained


def test_a_gain_is_paired():
    def trained(values):
        return Trained(Arm(25), 1.0, np.array(values), np.zeros(3), np.zeros(3), {})

    mean, error = trained([3.0, 5, 10]).gain(trained([1.0, 4, 7]))
    assert mean == pytest.approx(2)
    assert error == pytest.approx(1 / np.sqrt(3))


def test_groups_of_the_whole_batch_are_plain_bn():
    x = torch.from_numpy(np.random.default_rng(0).normal(2, 3, (2, 12, 5)))
    grouped, plain = StackedGroupedBatchNorm(2, 5, 12).double(), StackedBatchNorm(2, 5)
    torch.testing.assert_close(grouped(x), plain(x))
    torch.testing.assert_close(grouped.mean.flatten(), plain.running_mean)
    torch.testing.assert_close(grouped.var.flatten(), plain.running_var)
    torch.testing.assert_close(grouped.eval()(x), plain.eval()(x))


def test_small_groups_have_statistics_of_their_own():
    x = torch.from_numpy(np.random.default_rng(1).normal(2, 3, (2, 12, 5)))
    layer = StackedGroupedBatchNorm(2, 5, 4).double()
    y = layer(x).detach()
    for start in (0, 4, 8):
        alone = StackedGroupedBatchNorm(2, 5, 4).double()(x[:, start : start + 4]).detach()
        torch.testing.assert_close(y[:, start : start + 4], alone)
    parts = x.view(2, 3, 4, 5)
    torch.testing.assert_close(layer.mean, 0.1 * parts.mean(dim=(1, 2)).unsqueeze(1))
    var = parts.var(dim=2).mean(dim=1, keepdim=True)
    torch.testing.assert_close(layer.var, 0.9 + 0.1 * var)
    with pytest.raises(ValueError, match="groups of 4 do not divide a batch of 10"):
        layer(x[:, :10])


def test_dropout_drops_its_share_and_keeps_the_mean():
    x = torch.ones(2, 500, 40)
    layer = StackedDropout(0.2, (0, 1), 3)
    y = layer(x)
    assert set(y.unique().tolist()) == {0.0, 1.25}
    assert (y == 0).double().mean().item() == pytest.approx(0.2, abs=0.01)
    assert not torch.equal(y[0], y[1])
    assert not torch.equal(layer(x), y)
    assert torch.equal(layer.eval()(x), x)


def test_a_seed_fixes_the_weights_whatever_the_arm_is():
    plain, bn = build(Arm(25), (3,)), build(Arm(25, 25, dropout=0.5), (3,))
    kinds = [type(layer) for layer in bn]
    assert kinds.count(StackedGroupedBatchNorm) == kinds.count(StackedDropout) == 2
    assert kinds.index(StackedGroupedBatchNorm) < kinds.index(nn.ReLU) < kinds.index(StackedDropout)
    torch.testing.assert_close(plain[0].weight, bn[0].weight)
    torch.testing.assert_close(plain[-1].weight, bn[-1].weight)
    assert bn[0].bias is None and plain[0].bias is not None


@pytest.mark.parametrize("inputs", ["pixels", "standardised"])
def test_a_split_has_200_images_and_tests_with_all_others(inputs):
    x, y, x_test, y_test = load_splits(inputs, (5,))
    assert x.shape == (1, IMAGES, 64) and x_test.shape == (1, 1797 - IMAGES, 64)
    assert y.shape == (1, IMAGES) and y_test.shape == (1, 1797 - IMAGES)
    if inputs == "standardised":
        assert x[0].mean(dim=0).abs().max() < 1e-5
        sd = x[0].std(dim=0, correction=0)
        assert ((sd - 1).abs() < 1e-4).sum() > 40 and sd.max() < 1.001
    else:
        assert x.min() == 0 and x.max() == 1


@pytest.mark.parametrize("group", [0, IMAGES])
def test_a_slice_of_the_stored_runs_can_be_measured_again(designs, group):
    stored = pick(designs["noise"], group=group, dropout=0)
    test, train, _ = measure(stored.arm, stored.rate, SEEDS[:2])
    # Another machine's sums differ in the last digits of float32, and training makes that grow.
    np.testing.assert_allclose(test, stored.test[:2], atol=0.7)
    np.testing.assert_allclose(train, stored.train[:2], atol=1)


def test_decay_shrinks_the_weights_and_nothing_else():
    split = measure(Arm(25, decay=1.0, updates=40), 0.1, (0,))
    assert split[0, 0] < 30  # nothing is left of the weights
    assert measure(Arm(25, decay=0.0, updates=40), 0.1, (0,))[2, 0] < split[2, 0]
