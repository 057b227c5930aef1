"""Error over batch size: the stored comparison is complete, honest and reproducible."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.small_batches import (
    ARMS,
    BATCH_SIZES,
    BUDGETS,
    EPOCHS,
    NORMS,
    SEARCH_SEEDS,
    SEEDS,
    SIZES,
    STAGES,
    UPDATES,
    budget_updates,
    load_small_batches,
    measure,
    search_rate,
    train_stack,
)
from bncourse.experiments.training import build_mlp, mini_batches

BN, RECOMPUTED, LN, GN, NONE = range(len(ARMS))


@pytest.fixture(scope="module")
def record():
    return load_small_batches()


def gap(record, budget, one, other):
    """Return the mean difference of two arms' errors and its standard error, (K,) each."""
    between = record.test_error[budget, one] - record.test_error[budget, other]
    return between.mean(-1), between.std(-1, ddof=1) / np.sqrt(len(record.seeds))


def at(size):
    return BATCH_SIZES.index(size)


def test_everything_was_measured_with_every_seed(record):
    assert record.arms == ARMS and record.seeds == SEEDS
    assert (record.epochs, record.updates) == (EPOCHS, UPDATES)
    shape = len(BUDGETS), len(ARMS), len(BATCH_SIZES), len(SEEDS)
    assert record.test_error.shape == record.linear_error.shape == shape
    for errors in (record.test_error, record.linear_error):
        missing = np.isnan(errors)
        assert missing[:, :2, at(1)].all()  # BN cannot be trained with batches of 1
        assert missing.sum() == missing[:, :2, at(1)].size
    assert (np.isnan(record.rates) == np.isnan(record.test_error[..., 0])).all()


def test_each_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("small_batches")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    assert len(stored["runs"]) == len(BUDGETS) * (len(NORMS) * len(BATCH_SIZES) - 1)
    for run in stored["runs"]:
        rates, errors = run["search_rates"], run["search_errors"]
        assert errors[rates.index(run["rate"])] == min(errors)
        assert rates[0] < run["rate"] < rates[-1]


@pytest.mark.parametrize("budget", [0, 1])
@pytest.mark.parametrize("other", [LN, GN])
def test_bn_is_ahead_with_large_batches_and_behind_from_four_down(record, budget, other):
    mean, error = gap(record, budget, BN, other)
    large, small = slice(0, at(16) + 1), slice(at(4), at(2) + 1)
    assert (mean[large] < -2 * error[large]).all()
    assert (mean[small] > 4 * error[small]).all()
    assert mean[at(2)] > 20
    assert (np.diff(mean[at(8) : at(2) + 1]) > 0).all()


@pytest.mark.parametrize("budget", [0, 1])
def test_evaluation_is_the_smaller_part_of_the_loss(record, budget):
    mended, error = gap(record, budget, BN, RECOMPUTED)
    lost = record.test_error[budget, BN].mean(-1) - record.test_error[budget, BN, 0].mean()
    two = at(2)
    assert mended[two] > 2 * error[two]
    assert 0.03 < mended[two] / lost[two] < 0.25
    assert np.abs(mended[0]) < 0.2


def test_the_linear_rule_does_not_save_bn(record):
    for errors in record.linear_error:
        assert errors[BN, at(2)].mean() > errors[BN, 0].mean() + 20
        assert errors[LN, at(2)].mean() < 10


def test_the_budgets_disagree_about_the_others(record):
    epochs, updates = record.test_error.mean(-1)
    for arm in (LN, GN, NONE):
        # Few epochs are few updates for large batches, and few updates few images for small ones.
        assert epochs[arm, 0] > epochs[arm, at(2)]
        assert updates[arm, 0] < updates[arm, at(2)]


def test_a_budget_counts_updates():
    assert budget_updates("epochs", 64) == EPOCHS * 20
    assert budget_updates("epochs", 1) == EPOCHS * 1297
    assert budget_updates("updates", 2) == UPDATES


def test_every_network_learns_at_its_own_rate():
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(40, 64)))
    y = torch.arange(40) % 10

    def trained(seeds, rates):
        model = build_mlp(SIZES, seeds, activation="relu", init="torch", norm="batch")
        stream = (batch[:1].repeat(len(seeds), 1) for batch in mini_batches(40, 8, (0,)))
        train_stack(model, x, y, stream, rates, 8)
        return [p.detach() for p in model.parameters()]

    both, alone = trained((3, 3), [0.1, 0.4]), trained((3,), [0.4])
    for stack, one in zip(both, alone, strict=True):
        torch.testing.assert_close(stack.flatten()[one.numel() :], one.flatten())
        assert not torch.equal(stack.flatten()[: one.numel()], one.flatten())


def test_the_last_quarter_is_made_at_a_tenth_of_the_rate():
    assert sum(share for share, _ in STAGES) == 1
    # One weight, a loss whose gradient is constant enough: the steps tell the rates.
    steps = []

    class Watched(torch.nn.Linear):
        def forward(self, x):
            steps.append(self.bias.detach().clone())
            return super().forward(x)

    model = Watched(2, 2)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    stream = iter([torch.zeros(1, 1, dtype=torch.long)] * 9)
    train_stack(model, torch.zeros(1, 2), torch.zeros(1, dtype=torch.long), stream, [1e-3], 8)
    moved = [float((b - a).abs().sum()) for a, b in pairwise(steps)]
    assert len(steps) == 8
    np.testing.assert_allclose(moved[:6], moved[0], rtol=0.02)
    assert moved[6] == pytest.approx(moved[0] / 10, rel=0.02)


@pytest.mark.parametrize("best", [-7, -1, 0, 5])
def test_the_search_goes_on_until_the_best_lies_inside(best):
    def error(rates):
        return np.abs(np.log2(rates) - best)[:, None] + [0.0, 1.0]

    for width in (1, 2):
        found = search_rate(error, 1.1, width)
        assert found["rate"] == 2.0**best
        assert found["search_rates"][0] < 2.0**best < found["search_rates"][-1]
        assert found["search_errors"][found["search_rates"].index(2.0**best)] == 0.5


def test_batch_norm_refuses_single_samples():
    with pytest.raises(ValueError, match="more than 1 value"):
        measure("BN", 1, 2, SEEDS[:1], [0.1])


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    k = at(64)
    seeds = SEEDS[:3]
    updates = budget_updates("epochs", 64)
    for arm, places in (("BN", (BN, RECOMPUTED)), ("LN", (LN,))):
        found = measure(arm, 64, updates, seeds, [record.rates[0, places[0], k]])
        for place in places:
            # Another machine's sums may differ, and training in float32 makes that grow.
            wanted = record.test_error[0, place, k, :3]
            assert np.abs(found[ARMS[place]][0] - wanted).max() < 1.5


def test_batches_of_two_fail_again_in_a_few_updates():
    found = measure("BN", 2, 150, SEEDS[:2], [0.03])
    assert found["BN"].min() > measure("LN", 2, 150, SEEDS[:2], [0.03])["LN"].max() + 5
