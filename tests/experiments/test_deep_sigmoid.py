"""Faster, and by how much: the stored comparison is fair, and says what the lesson says."""

import numpy as np
import pytest

from bncourse import results
from bncourse.experiments.deep_sigmoid import (
    NETS,
    SEARCH_SEEDS,
    SEEDS,
    STEPS,
    TARGETS,
    Speeds,
    load_deep_sigmoid,
    measure,
    time_updates,
    updates_to,
)

SIGMOID, RELU = "6 x 100 sigmoid", "3 x 100 ReLU"


@pytest.fixture(scope="module")
def records():
    return {record.net: record for record in load_deep_sigmoid()}


def test_everything_was_measured_with_every_seed(records):
    assert list(records) == list(NETS)
    for net, record in records.items():
        assert record.arms == tuple(NETS[net]) and record.seeds == SEEDS
        arms = len(record.arms)
        assert record.updates.shape == record.recomputed.shape
        assert record.updates.shape == (arms, arms, len(TARGETS), len(SEEDS))
        assert record.final.shape == (arms, arms, len(SEEDS))
        assert record.longest == max(STEPS)
        found = record.updates[np.isfinite(record.updates)]
        assert np.isin(found, STEPS).all()
        assert (record.updates[:, :, 1] >= record.updates[:, :, 0]).all()
        assert (record.updates == record.recomputed)[:2].all()  # arms without BN


def test_the_rates_are_the_best_of_a_search_on_other_seeds(records):
    stored = results.load("deep_sigmoid")
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    for net, record in records.items():
        for arm, rate in zip(record.arms, record.rates, strict=True):
            searched = stored["nets"][net]["arms"][arm]["searched"]
            assert searched["rates"] == [2.0**power for power in NETS[net][arm][1]]
            means = [np.inf if m is None else m for m in searched["mean_updates_to_95"]]
            if np.isfinite(means).any():
                best = int(np.argmin(means))
                assert 0 < best < len(means) - 1
                assert rate == searched["rates"][best]


def test_small_weights_train_with_bn_alone(records):
    record = records[SIGMOID]
    small, good, bn = range(3)
    assert np.isinf(record.updates[small]).all()  # at nobody's best rate
    assert record.final[small].max() < 0.3
    searched = results.load("deep_sigmoid")["nets"][SIGMOID]["arms"]["small weights"]["searched"]
    assert max(searched["mean_final"]) < 0.3  # and at no other
    own = record.at_own_rate(record.updates)
    assert np.isfinite(own[[good, bn]]).all()
    assert record.at_own_rate(record.final)[bn].min() > 0.95


def test_good_weights_make_the_saturating_net_trainable_too(records):
    record = records[SIGMOID]
    good, bn = 1, 2
    assert record.at_own_rate(record.final)[good].min() > 0.94
    faster = record.times_faster(good, bn)
    assert (faster > 2).all() and np.median(faster[1]) < 15


def test_most_of_the_gain_of_the_relu_net_is_that_of_good_weights(records):
    record = records[RELU]
    torchs, good, bn = range(3)
    whole, rest = (np.median(record.times_faster(arm, bn), axis=1) for arm in (torchs, good))
    assert (whole > 5).all() and (rest > 1.5).all()
    assert (rest < whole / 2).all()


def test_the_ratio_depends_on_whose_rate_it_is(records):
    record = records[RELU]
    good, bn = 1, 2
    own, at_bns = (np.median(record.times_faster(good, bn, rate), axis=1) for rate in (None, bn))
    assert (at_bns > own).all()
    # At a rate that is too high for BN, good weights without it never get there, but BN does.
    sigmoid = records[SIGMOID]
    assert np.isinf(sigmoid.times_faster(good, bn, 0)).all()


@pytest.mark.parametrize("net", [RELU, SIGMOID])
def test_the_same_start_and_rate_are_faster_with_bn(records, net):
    record, steps = records[net], range(0, 61, 2)
    right = measure(net, "good weights, BN", record.rates[1:2], steps=steps, recompute=False)[0, 0]
    assert (updates_to(right, steps, TARGETS[0]) < record.updates[1, 1, 0]).all()


def test_running_averages_lag_at_the_start(records):
    for record in records.values():
        own, fresh = record.at_own_rate(record.updates)[2], record.at_own_rate(record.recomputed)[2]
        assert (fresh[0] < own[0]).all()


def test_times_faster_compares_seed_by_seed_at_the_rate_that_is_asked_for():
    updates = np.arange(1.0, 17).reshape(2, 2, 2, 2)
    updates[0, 1, 0, 0] = np.inf
    zeros = np.zeros((2, 2, 2))
    record = Speeds("net", ("a", "b"), np.ones(2), updates, updates, zeros, 10, (0, 1))
    np.testing.assert_allclose(record.times_faster(0, 1), updates[0, 0] / updates[1, 1])
    np.testing.assert_allclose(record.times_faster(0, 1, 0), updates[0, 0] / updates[1, 0])
    assert np.isinf(record.times_faster(0, 1, 1)[0, 0])
    np.testing.assert_array_equal(record.at_own_rate(updates), updates[[0, 1], [0, 1]])


def test_the_first_step_with_the_accuracy_counts():
    accuracy = np.array([[0.1, 0.9, 0.8, 0.95], [0.1, 0.2, 0.3, 0.4]])
    np.testing.assert_array_equal(updates_to(accuracy, (0, 5, 10, 20), 0.9), [5, np.inf])


@pytest.mark.parametrize("net", [RELU, SIGMOID])
def test_a_slice_of_the_stored_runs_can_be_measured_again(records, net):
    record, steps = records[net], range(0, 80, 4)
    right, fresh = measure(net, record.arms[2], record.rates[2:], SEEDS[:1], steps)[:, 0, 0]
    stored = record.updates[2, 2, 0, 0]
    # Another machine's sums may differ, and training in float32 makes that grow.
    assert abs(updates_to(right, steps, TARGETS[0]) - stored) <= 12
    assert abs(updates_to(fresh, steps, TARGETS[0]) - record.recomputed[2, 2, 0, 0]) <= 12
    without = measure(net, record.arms[0], record.rates[:1], SEEDS[:1], [0, 40])[0, 0, 0]
    assert without[-1] < 0.85


def test_times_are_measured_for_both_nets():
    milliseconds = time_updates(RELU, repeats=3)
    assert milliseconds.shape == (2,) and (milliseconds > 0).all()
