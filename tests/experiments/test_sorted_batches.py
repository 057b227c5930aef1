"""Batches sorted by class: how they are cut, and the stored comparison."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.sorted_batches import (
    ARMS,
    BATCH_SIZE,
    ORDERS,
    SEARCH_SEEDS,
    SEEDS,
    UPDATES,
    batches,
    epoch,
    load_sorted_batches,
    measure,
)

BN, LN = range(2)
SHUFFLED, ONE_CLASS, SORTED = range(3)


@pytest.fixture(scope="module")
def record():
    return load_sorted_batches()


@pytest.fixture
def y():
    return np.random.default_rng(0).permutation(np.repeat(np.arange(10), 60))


def generator():
    return np.random.default_rng(1)


def test_shuffled_batches_are_mixed_and_use_every_sample_once(y):
    rows = epoch(y, "shuffled", generator())
    assert rows.shape == (25, BATCH_SIZE)
    assert len(np.unique(rows)) == 600
    assert min(len(np.unique(classes)) for classes in y[rows]) > 5


def test_sorted_batches_hold_one_class_each(y):
    for order in ORDERS[1:]:
        rows = epoch(y, order, generator())
        assert rows.shape == (20, BATCH_SIZE)  # 12 of each 60 are left over
        assert len(np.unique(rows)) == rows.size
        assert (np.ptp(y[rows], axis=1) == 0).all()
        assert (np.bincount(y[rows[:, 0]]) == 2).all()
    assert (np.diff(y[epoch(y, "class after class", generator())[:, 0]]) >= 0).all()
    assert (np.diff(y[epoch(y, "one class each", generator())[:, 0]]) < 0).any()


def test_every_epoch_is_drawn_anew_and_each_seed_by_itself(y):
    stack = torch.from_numpy(np.stack([y, y]))
    stream = batches(stack, "one class each", (3, 4))
    drawn = [next(stream) for _ in range(40)]
    first, second = torch.stack(drawn[:20]), torch.stack(drawn[20:])
    assert not torch.equal(first, second) and not torch.equal(first[:, 0], first[:, 1])
    alone = batches(stack[1:], "one class each", (4,))
    assert all(torch.equal(next(alone)[0], both[1]) for both in drawn)


def test_everything_was_measured_with_every_seed(record):
    assert (record.arms, record.orders) == (ARMS, ORDERS)
    assert (record.batch_size, record.updates, record.seeds) == (BATCH_SIZE, UPDATES, SEEDS)
    shape = len(ARMS), len(ORDERS), len(SEEDS)
    assert record.training_error.shape == record.test_error.shape == shape
    assert record.test_batch_error.shape == (*shape[:2], 2, shape[2])


def test_each_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("sorted_batches")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    for run in stored["runs"]:
        rates, errors = run["search_rates"], run["search_errors"]
        assert errors[rates.index(run["rate"])] == min(errors)
        assert rates[0] < run["rate"] < rates[-1]


def test_for_ln_no_mode_and_no_mates_matter(record):
    both = record.test_batch_error[LN]
    # One-class batches leave some test images out.
    assert np.abs(both[:, 0] - both[:, 1]).max() < 3.5
    assert np.abs(both[:, 0] - record.test_error[LN]).max() < 3.5


def test_bn_looks_as_if_it_learned_and_is_at_chance_in_evaluation(record):
    assert record.training_error[BN, ONE_CLASS].mean() < 30
    assert record.test_error[BN, ONE_CLASS].min() > 75  # chance is 90
    assert record.test_error[BN, SORTED].mean() > 80
    # New images do as well as training images, if their mates are of one class too.
    assert record.test_batch_error[BN, ONE_CLASS, 1].mean() < 45
    # Statistics of mixed batches do not mend it, so it is not the running averages alone.
    assert record.test_batch_error[BN, ONE_CLASS, 0].mean() > 80


def test_the_same_batches_cost_ln_little(record):
    lost = record.test_error[LN, ONE_CLASS] - record.test_error[LN, SHUFFLED]
    assert 0 < lost.mean() < 3
    lost = record.test_error[LN, SORTED] - record.test_error[LN, SHUFFLED]
    assert 3 < lost.mean() < 20


def test_forgetting_eval_is_harmless_in_shuffled_batches_and_ruinous_in_sorted_ones(record):
    shuffled, one_class = record.test_batch_error[BN, SHUFFLED]
    evaluated = record.test_error[BN, SHUFFLED]
    assert 0 < (shuffled - evaluated).mean() < 3
    assert one_class.min() > 80


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    found = measure("BN", "one class each", SEEDS[:1], [record.rates[BN, ONE_CLASS]])
    # Another machine's sums may differ, and training in float32 makes that grow.
    assert abs(found["training_error"][0, 0] - record.training_error[BN, ONE_CLASS, 0]) < 8
    assert found["test_error"][0, 0] > 75
