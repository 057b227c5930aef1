"""Recurrent nets from PyTorch's weights: a stored comparison, complete, honest, reproducible."""

import numpy as np
import pytest

from bncourse import results
from bncourse.experiments.recurrent_arms import load_recurrent_arms
from bncourse.experiments.recurrent_runs import BUDGETS
from bncourse.experiments.recurrent_torch_start import (
    ARMS,
    RATES,
    SEARCH_SEEDS,
    SEEDS,
    STEPS,
    best,
    load_recurrent_torch_start,
    measure,
)


@pytest.fixture(scope="module")
def record():
    return load_recurrent_torch_start()


def ahead(record, steps, one, two):
    gap = record.at(steps, one) - record.at(steps, two)
    return gap.mean(), gap.std(ddof=1) / np.sqrt(len(gap))


def test_everything_was_measured_with_every_seed(record):
    assert record.steps == STEPS and record.arms == tuple(ARMS) and record.seeds == SEEDS
    assert [tuple(each) for each in record.budgets] == [BUDGETS[steps] for steps in STEPS]
    assert record.rates.shape == (len(STEPS), len(ARMS), 2)
    assert record.accuracy.shape == (*record.rates.shape, len(SEEDS))
    assert record.searched.shape == (*record.rates.shape, len(record.searched_rates))
    np.testing.assert_array_equal(record.at(64, "layer 1", 0), record.accuracy[1, 1, 0])


def test_each_arm_runs_at_the_best_rate_of_a_search_on_other_seeds(record):
    stored = results.load("recurrent_torch_start")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS and not set(SEARCH_SEEDS) & set(SEEDS)
    assert set(record.searched_rates) <= set(RATES)
    for place in np.ndindex(record.rates.shape):
        means = record.searched[place]
        k = np.nanargmax(means)
        assert record.searched_rates[k] == record.rates[place]
        assert np.isfinite(means[k - 1 : k + 2]).all() and 0 < k < len(means) - 1


def test_the_best_of_equals_is_the_lowest_rate():
    tried = {3: np.array([0.5, 0.2]), 2: np.array([0.5, 0.1]), 4: np.array([0.1, 0.3])}
    assert (best(tried, 0), best(tried, 1)) == (2, 4)


def test_in_16_steps_no_norm_makes_a_difference_after_300_updates(record):
    for arm in list(ARMS)[1:]:
        gain, error = ahead(record, 16, arm, "none")
        assert abs(gain) < 0.03 and abs(gain) < 2 * error


def test_in_64_steps_batch_norm_helps_and_layer_norm_hurts_unless_gamma_starts_small(record):
    gain, error = ahead(record, 64, "per step 0.1", "none")
    assert gain > 0.05 and gain > 2 * error
    gain, error = ahead(record, 64, "layer 1", "none")
    assert gain < -0.05 and gain < -2 * error
    gain, error = ahead(record, 64, "layer 0.1", "none")
    assert abs(gain) < 2 * error
    gain, error = ahead(record, 64, "layer 0.1", "layer 1")
    assert gain > 0.1 and gain > 2 * error
    gain, error = ahead(record, 64, "layer 0.1", "per step 0.1")
    assert gain < -2 * error


def test_arms_that_both_records_ran_at_one_rate_are_the_same(record):
    other = load_recurrent_arms()
    for c, steps in enumerate(record.steps):
        case = list(zip(other.steps, other.starts, strict=True)).index((steps, "torch"))
        for a, arm in enumerate(record.arms):
            b = other.arms.index(arm)
            same = record.rates[c, a] == other.rates[case, b]
            if same.any():
                apart = record.accuracy[c, a, same] - other.evaluated[case, b, same]
                assert np.abs(apart).max() < 0.02
    assert record.at(64, "none") == pytest.approx(other.evaluated[-1, 0, -1], abs=0.02)


def test_every_net_in_a_stack_learns_at_its_own_rate():
    stack = measure(16, "layer 1", [0.01, 0.3], (0, 1), [10, 20])
    assert stack.shape == (2, 2, 2)
    alone = measure(16, "layer 1", [0.3], (0, 1), [10, 20])
    np.testing.assert_allclose(stack[1:], alone, atol=0.01)
    assert np.abs(stack[0] - stack[1]).max() > 0.02


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    a = record.arms.index("layer 0.1")
    again = measure(16, "layer 0.1", [record.rates[0, a, 0]], SEEDS[:2], record.budgets[0, :1])
    # Another machine's sums may differ, and training in float32 makes that grow.
    assert np.abs(again[0, 0] - record.accuracy[0, a, 0, :2]).max() < 0.06
