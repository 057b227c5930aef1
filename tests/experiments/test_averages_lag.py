"""Running averages lag: the stored measurement is complete, honest, and can be made again."""

import dataclasses

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.averages_lag import ManyAverages, averages_lag, load
from bncourse.experiments.training import StackedBatchNorm


@pytest.fixture(scope="module")
def lag():
    return load()


def means(values):
    return values.mean(axis=-2)  # over seeds


def test_everything_was_measured_with_every_seed(lag):
    assert lag.momenta == (0.001, 0.01, 0.1, 0.5, 1.0, None)
    assert lag.updates == (10, 20, 50, 100, 300)
    assert len(set(lag.seeds)) == 5
    assert lag.running.shape == (6, 5, 5)
    assert lag.batch.shape == lag.precise.shape == (5, 5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        lag.updates = ()


def test_the_rate_is_the_best_of_a_search_on_other_seeds(lag):
    search = results.load("averages_lag")["search"]
    rates = search["learning_rates"]
    assert not set(search["seeds"]) & set(lag.seeds)
    assert lag.learning_rate == rates[int(np.argmax(search["mean_accuracy"]))]
    assert min(rates) < lag.learning_rate < max(rates)


def test_slow_averages_are_far_behind_and_the_net_is_not(lag):
    running, precise, batch = means(lag.running), means(lag.precise), means(lag.batch)
    for row, updates in ((0, 5), (1, 4), (2, 1)):  # momenta .001, .01, .1
        assert np.all(running[row, :updates] < precise[:updates] - 0.15)
        assert np.all(lag.running[row, :, 0] < lag.precise[:, 0])
    assert np.all(np.abs(batch - precise) < 0.01)
    assert np.all(np.diff(running[:3, 0]) > 0)


def test_a_short_memory_is_as_good_as_precise_statistics_early_on(lag):
    early = means(lag.running)[3:5, :2]
    assert np.all(np.abs(early - means(lag.precise)[:2]) < 0.015)


def test_in_the_end_momentum_a_tenth_has_caught_up_and_a_thousandth_has_not(lag):
    at_300 = means(lag.running)[:, -1] - means(lag.precise)[-1]
    assert abs(at_300[2]) < 0.005
    assert at_300[0] < -0.1


def test_a_slice_of_it_can_be_measured_again(lag):
    again = averages_lag(lag.learning_rate, (0.01, 0.1), lag.updates[:3], lag.seeds[:2])
    # Another machine's sums differ in the last digits: a few images of 500 may change sides.
    close = {"rtol": 0, "atol": 0.0081}
    np.testing.assert_allclose(again.running, lag.running[1:3, :2, :3], **close)
    np.testing.assert_allclose(again.batch, lag.batch[:2, :3], **close)
    np.testing.assert_allclose(again.precise, lag.precise[:2, :3], **close)


@pytest.mark.parametrize("momentum", [0.01, 0.3, 1.0, None])
def test_each_of_many_averages_is_torchs_own(momentum):
    batches = np.random.default_rng(5).normal(2, 3, size=(6, 2, 7, 3))
    many = ManyAverages(2, 3, (0.7, momentum))
    single = StackedBatchNorm(2, 3)
    single.momentum = momentum
    for batch in torch.from_numpy(batches):
        y = many(batch)
        assert torch.equal(y, single(batch))
    many.use(1)
    np.testing.assert_allclose(many.running_mean, single.running_mean, atol=1e-12)
    np.testing.assert_allclose(many.running_var, single.running_var, atol=1e-12)
    x = torch.from_numpy(batches[0])
    torch.testing.assert_close(many.eval()(x), single.eval()(x), rtol=0, atol=1e-12)


def test_evaluating_does_not_change_training_and_seeds_do_not_meet():
    often = averages_lag(0.25, (0.1, None), (1, 4, 9), (3, 8))
    once = averages_lag(0.25, (None,), (9,), (8,))
    np.testing.assert_array_equal(often.running[1:, 1:, 2:], once.running)
    np.testing.assert_array_equal(often.batch[1:, 2:], once.batch)
    np.testing.assert_array_equal(often.precise[1:, 2:], once.precise)
