"""Usable learning rates: the stored grid is complete, and says what the lesson says."""

import numpy as np
import pytest

from bncourse.experiments.rate_range import (
    BUDGETS,
    NETS,
    NORMS,
    RATES,
    SEEDS,
    TARGET,
    RateRange,
    load_rate_range,
    measure,
)

NONE, BATCH, LAYER = range(3)


@pytest.fixture(scope="module")
def record():
    return load_rate_range()


def made_up():
    """One net, four rates, one budget, two seeds; no rate is usable with layer norm."""
    good, half, bad = [0.95, 0.9], [0.95, 0.89], [0.1, 0.0]
    rows = [[bad, good, half, bad], [good, good, half, good], [half, half, bad, bad]]
    accuracy = np.array(rows)[None, :, :, None]
    empty = np.zeros((1, 3, 4, 1))
    rates = np.array([0.25, 0.5, 1, 2])
    return RateRange(("net",), NORMS, rates, (10,), (0, 1), accuracy, accuracy, empty, empty)


def test_a_rate_is_usable_where_every_seed_is_good():
    nets = made_up()
    assert nets.usable()[0, :, :, 0].tolist() == [
        [False, True, False, False],
        [True, True, False, True],
        [False] * 4,
    ]
    np.testing.assert_array_equal(nets.smallest()[0, :, 0], [0.5, 0.25, np.nan])
    np.testing.assert_array_equal(nets.largest()[0, :, 0], [0.5, 2, np.nan])
    np.testing.assert_array_equal(nets.times_higher()[0, :, 0], [1, 4, np.nan])
    assert nets.best()[0, :2, 0].tolist() == [0.5, 0.25]
    assert nets.usable(0.96).sum() == 0


def test_everything_was_measured(record):
    assert record.nets == tuple(NETS) and record.norms == NORMS
    assert record.rates.tolist() == list(RATES)
    assert record.budgets == BUDGETS and record.seeds == SEEDS
    shape = len(NETS), len(NORMS), len(RATES), len(BUDGETS)
    assert record.accuracy.shape == record.recomputed.shape == (*shape, len(SEEDS))
    assert record.loss.shape == record.overflowed.shape == shape
    assert ((record.accuracy >= 0) & (record.accuracy <= 1)).all()
    without_bn = [NONE, LAYER]
    assert (record.accuracy == record.recomputed)[:, without_bn].all()


def test_no_usable_range_is_cut_off_by_the_searched_one(record):
    usable = record.usable()
    assert not usable[:, :, 0].any() and not usable[:, :, -4:].any()


def test_bn_allows_higher_rates_than_no_norm_from_the_same_weights(record):
    largest = record.largest()[..., -1]  # after the longest budget
    for net in (n for n in range(len(NETS)) if np.isfinite(largest[n, NONE])):
        assert largest[net, BATCH] >= 4 * largest[net, NONE]
        assert largest[net, BATCH] >= largest[net, LAYER]
    assert np.isfinite(largest[:, BATCH]).all()


def test_eight_layers_of_torchs_weights_do_not_train_without_norm_at_any_rate(record):
    n = record.nets.index("8 x 64 ReLU")
    assert record.accuracy[n, NONE].mean(axis=-1).max() < 0.3
    assert record.usable()[n, BATCH, :, -1].sum() >= 8


def test_bn_nets_fail_too_where_the_rate_is_high_enough(record):
    high = record.rates >= 16
    assert (record.accuracy[:, BATCH, high].mean(axis=-1) < 0.3).all()
    # It is not the lag of the running averages, and not the lack of time.
    assert (record.recomputed[:, BATCH, high].mean(axis=-1) < 0.3).all()
    assert (record.loss[:, BATCH, high] > np.log(10) - 0.05).all()
    # At the highest rate most nets of ReLUs, which are not bounded, have no finite loss.
    assert (record.overflowed[:-1, BATCH, -1, -1] >= 3).all()
    assert record.overflowed[-1].max() == 0 and record.loss[-1, BATCH, -1, -1] > 100  # tanh


def test_a_longer_budget_opens_the_range_at_its_low_end_and_hardly_at_its_high_end(record):
    smallest, largest = record.smallest(), record.largest()
    both = np.isfinite(smallest).all(axis=-1)
    assert (smallest[both][:, 1] < smallest[both][:, 0]).all()
    assert (largest[:, BATCH, 1] <= 2 * largest[:, BATCH, 0]).all()


def test_the_overflows_are_those_of_the_losses(record):
    median_overflowed = record.overflowed > len(SEEDS) // 2
    assert (np.isinf(record.loss) == median_overflowed).all()


@pytest.mark.parametrize(("norm", "rate"), [("none", 0.25), ("batch", 1.0)])
def test_a_slice_of_the_grid_can_be_measured_again(record, norm, rate):
    net = "3 x 64 ReLU, He"
    right, recomputed, loss = measure(net, norm, (rate, 64.0), (0, 1), (200,))
    n, a = record.nets.index(net), NORMS.index(norm)
    stored = n, a, RATES.index(rate), 0, slice(2)
    # Another machine's sums may differ, and training in float32 makes that grow.
    np.testing.assert_allclose(right[0, 0], record.accuracy[stored], atol=0.04)
    np.testing.assert_allclose(recomputed[0, 0], record.recomputed[stored], atol=0.04)
    assert (right[0] >= TARGET).all() and (right[1] < 0.3).all()
    assert (loss[0] < 0.3).all() and (loss[1] > 2).all()
