"""Ghost batches: the layer, and the stored comparison."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.ghost_batches import (
    BATCH_SIZE,
    BUDGETS,
    GROUP_SIZES,
    SEARCH_SEEDS,
    SEEDS,
    GhostBatchNorm1d,
    StackedGhostNorm,
    build,
    load_ghost_batches,
    measure,
)


@pytest.fixture(scope="module")
def record():
    return load_ghost_batches()


@pytest.fixture
def x():
    return torch.from_numpy(np.random.default_rng(0).normal(3, 2, (12, 5)))


def at(size):
    return GROUP_SIZES.index(size)


def test_each_group_is_normalised_as_a_batch_of_its_own(x):
    ghost = GhostBatchNorm1d(5, 4, dtype=torch.float64)
    plain = torch.nn.BatchNorm1d(5, dtype=torch.float64)
    with torch.no_grad():
        for layer in (ghost, plain):
            layer.weight.copy_(torch.arange(1.0, 6))
            layer.bias.copy_(torch.arange(5.0))
    wanted = torch.cat([plain(x[k : k + 4]) for k in (0, 4, 8)])
    torch.testing.assert_close(ghost(x), wanted)
    # The gradient passes through the statistics of each group.
    weights = torch.from_numpy(np.random.default_rng(1).normal(size=x.shape))
    one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    (ghost(one) * weights).sum().backward()
    (torch.cat([plain(other[k : k + 4]) for k in (0, 4, 8)]) * weights).sum().backward()
    torch.testing.assert_close(one.grad, other.grad)


def test_running_averages_and_evaluation_know_no_groups(x):
    ghost = GhostBatchNorm1d(5, 2, dtype=torch.float64)
    plain = torch.nn.BatchNorm1d(5, dtype=torch.float64)
    for _ in range(3):
        ghost(x), plain(x)
    torch.testing.assert_close(ghost.running_mean, plain.running_mean)
    torch.testing.assert_close(ghost.running_var, plain.running_var)
    assert ghost.num_batches_tracked == 3
    torch.testing.assert_close(ghost.eval()(x), plain.eval()(x))


def test_a_rest_is_refused(x):
    with pytest.raises(RuntimeError):
        GhostBatchNorm1d(5, 5, dtype=torch.float64)(x)


@pytest.mark.parametrize("size", [2, 4, 12])
def test_a_stack_does_the_same_for_each_network(size):
    x = torch.from_numpy(np.random.default_rng(0).normal(3, 2, (3, 12, 5)))
    stack = StackedGhostNorm(3, 5, size)
    y = stack(x)
    stack.eval()
    for k, inputs in enumerate(x):
        single = GhostBatchNorm1d(5, size, dtype=torch.float64)
        torch.testing.assert_close(y[k], single(inputs))
        torch.testing.assert_close(stack.running_var[5 * k : 5 * k + 5], single.running_var)
        torch.testing.assert_close(stack(x)[k], single.eval()(inputs))


def test_groups_of_the_whole_batch_are_plain_batch_norm():
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(1, BATCH_SIZE, 64))).float()
    ghost, plain = build(BATCH_SIZE, (0,)), torch.nn.BatchNorm1d(64)
    torch.testing.assert_close(ghost[1](x)[0], plain(x[0]))


def test_everything_was_measured_with_every_seed(record):
    assert record.batch_size == BATCH_SIZE and all(BATCH_SIZE % n == 0 for n in GROUP_SIZES)
    assert record.seeds == SEEDS and record.updates == BUDGETS
    shape = len(BUDGETS), len(GROUP_SIZES), len(SEEDS)
    assert record.test_error.shape == record.group_error.shape == shape


def test_each_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("ghost_batches")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    for run in stored["runs"]:
        rates, errors = run["search_rates"], run["search_errors"]
        assert errors[rates.index(run["rate"])] == min(errors)
        assert rates[0] < run["rate"] < rates[-1]


def test_groups_of_two_fail_though_the_gradient_has_all_images(record):
    lost = record.test_error - record.test_error[:, :1]
    mean, error = lost.mean(-1), lost.std(-1, ddof=1) / np.sqrt(len(SEEDS))
    for few in (2, 3):
        assert (mean[:, at(few)] > 5 * error[:, at(few)]).all()
    assert (mean[:, at(2)] > 10).all()
    assert mean[0, at(4)] > 2 * error[0, at(4)]


def test_no_size_of_the_groups_improves_accuracy(record):
    lost = record.test_error - record.test_error[:, :1]
    mean, error = lost.mean(-1), lost.std(-1, ddof=1) / np.sqrt(len(SEEDS))
    assert (mean[:, 1:] > -2 * error[:, 1:]).all()
    assert (np.abs(mean[:, : at(8) + 1]) < 0.4).all()


def test_training_mode_is_worse_than_evaluation_in_small_groups(record):
    worse = (record.group_error - record.test_error).mean(-1)
    assert (worse[:, at(8) :] > 1).all()
    assert (np.diff(worse[:, at(32) :], axis=1) > 0).all()


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    k = at(8)
    plain, grouped = measure(8, BUDGETS[0], SEEDS[:1], [record.rates[0, k]])
    # Another machine's sums may differ, and training in float32 makes that grow.
    assert np.abs(plain[0] - record.test_error[0, k, :1]).max() < 1.5
    assert np.abs(grouped[0] - record.group_error[0, k, :1]).max() < 3
