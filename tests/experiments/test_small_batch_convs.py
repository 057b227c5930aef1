"""Small batches and convolutions: the nets, and the stored comparison."""

from itertools import product

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.small_batch_convs import (
    ARMS,
    BATCH_SIZES,
    BUDGETS,
    EPOCHS,
    HEADS,
    SEARCH_SEEDS,
    SEEDS,
    SIDE,
    UPDATES,
    StackedConvNet,
    build_norm,
    load_small_batch_convs,
    measure,
    numbers_per_mean,
    signs_only,
)

BN, PER_PLACE = ARMS.index("BN"), ARMS.index("BN per place")
TWO, LARGE = BATCH_SIZES.index(2), BATCH_SIZES.index(32)


@pytest.fixture(scope="module")
def record():
    return load_small_batch_convs()


def both_budgets(record):
    return (record.test_error, record.rates), (record.updates_error, record.updates_rates)


def test_everything_was_measured_with_every_seed(record):
    assert (record.arms, record.heads) == (ARMS, HEADS)
    assert record.epochs == tuple(EPOCHS[head] for head in HEADS)
    assert record.seeds == SEEDS
    shape = len(HEADS), len(ARMS), len(BATCH_SIZES)
    assert record.updates == tuple(UPDATES[head] for head in HEADS)
    for errors, rates in both_budgets(record):
        assert rates.shape == shape and errors.shape == (*shape, len(SEEDS))
        assert ((errors >= 0) & (errors <= 100)).all()


def test_each_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("small_batch_convs")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    done = {(run["budget"], run["head"], run["arm"], run["batch_size"]) for run in stored["runs"]}
    assert done == set(product(BUDGETS, HEADS, ARMS, BATCH_SIZES))
    assert len(stored["runs"]) == len(done)
    for run in stored["runs"]:
        rates, errors = run["search_rates"], run["search_errors"]
        assert errors[rates.index(run["rate"])] == min(errors)
        assert rates[0] < run["rate"] < rates[-1]


@pytest.mark.parametrize("head", range(len(HEADS)))
def test_two_images_are_enough_for_means_of_channels_and_not_for_means_of_places(record, head):
    for errors, _ in both_budgets(record):
        per_channel, per_place = errors[head, [BN, PER_PLACE]].mean(-1)
        assert per_place[TWO] - per_place[LARGE] > 5
        assert per_place[TWO] - per_channel[TWO] > 5


@pytest.mark.parametrize("head", range(len(HEADS)))
def test_the_budget_decides_whether_batches_of_two_are_better_than_of_32(record, head):
    """Batches of 2 make 16 times the updates, or see a sixteenth of the images."""
    epochs, updates = (errors[head, BN].mean(-1) for errors, _ in both_budgets(record))
    assert epochs[TWO] < epochs[LARGE]
    assert updates[TWO] > updates[LARGE] + 1


@pytest.mark.parametrize("head", range(len(HEADS)))
@pytest.mark.parametrize("other", ["GN", "LN", "none"])
def test_with_two_images_bn_is_not_behind_the_others(record, head, other):
    for errors, _ in both_budgets(record):
        behind = errors[head, BN, TWO] - errors[head, ARMS.index(other), TWO]
        assert behind.mean() < 0.5


def test_a_mean_over_places_learns_slowly_without_batch_norm(record):
    errors = record.test_error[HEADS.index("mean"), :, LARGE].mean(-1)
    for arm in ("GN", "LN", "none"):
        assert errors[ARMS.index(arm)] > errors[BN] + 15


def test_numbers_per_mean_are_counted_by_changing_one():
    for size in (2, 7):
        assert numbers_per_mean("BN", size) == size * SIDE**2
        assert numbers_per_mean("BN per place", size) == size


def test_only_means_of_two_numbers_leave_signs():
    assert signs_only("BN", 2, batches=10) < 0.05
    assert signs_only("BN per place", 2, batches=10) > 0.6
    assert signs_only("BN per place", 32, batches=10) < 0.05


@pytest.mark.parametrize(("arm", "groups"), [("GN", 4), ("LN", 1)])
def test_group_norms_are_torchs_for_each_network(arm, groups):
    x = torch.from_numpy(np.random.default_rng(0).normal(2, 3, (5, 3 * 8, SIDE, SIDE))).float()
    y = build_norm(arm, 3, 8)(x)
    for k in range(3):
        part = slice(8 * k, 8 * k + 8)
        torch.testing.assert_close(y[:, part], torch.nn.GroupNorm(groups, 8)(x[:, part]))


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("head", HEADS)
def test_networks_of_other_seeds_do_not_matter(arm, head):
    x = torch.from_numpy(np.random.default_rng(0).uniform(0, 1, (2, 6, 64))).float()
    both, alone = StackedConvNet(arm, head, (3, 4)), StackedConvNet(arm, head, (4,))
    assert both(x).shape == (2, 6, 10)
    torch.testing.assert_close(both(x)[1:], alone(x[1:]))
    for stack, one in zip(both.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(stack.flatten()[one.numel() :], one.flatten())


def test_a_seed_fixes_the_weights_of_a_head_whatever_the_arm_is():
    for head in HEADS:
        nets = [StackedConvNet(arm, head, (1,)) for arm in ARMS]
        for net in nets[1:]:
            assert torch.equal(net.weight, nets[0].weight)
            assert all(map(torch.equal, net.filters, nets[0].filters))


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    head = HEADS.index("flatten")
    for arm in (BN, PER_PLACE):
        rate = record.rates[head, arm, LARGE]
        found = measure(ARMS[arm], "flatten", 32, EPOCHS["flatten"], SEEDS[:2], [rate])[0]
        # Another machine's sums may differ, and training in float32 makes that grow.
        assert np.abs(found - record.test_error[head, arm, LARGE, :2]).max() < 2


def test_a_slice_of_the_runs_with_equal_updates_can_be_measured_again(record):
    head = HEADS.index("flatten")
    rate = record.updates_rates[head, BN, TWO]
    found = measure("BN", "flatten", 2, 0, SEEDS[:2], [rate], updates=UPDATES["flatten"])[0]
    assert np.abs(found - record.updates_error[head, BN, TWO, :2]).max() < 2.5
