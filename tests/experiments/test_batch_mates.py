"""One sample among random batch-mates."""

import math

import numpy as np
import pytest
import torch

from bncourse.experiments.batch_mates import (
    BATCH_SIZES,
    DRAWS,
    EPS,
    NEAR,
    among_mates,
    possible_mates,
    pre_activation,
    statistics_noise,
    x_hat_of_two,
)


@pytest.fixture(scope="module")
def unit():
    return pre_activation()


def test_the_sample_is_the_one_that_the_rule_names(unit):
    z = (unit.values - unit.values.mean()) / unit.values.std()
    assert unit.x_hat == pytest.approx(z[unit.sample])
    assert abs(unit.x_hat - NEAR) < 0.05
    for n in np.flatnonzero(np.abs(z - NEAR) < 0.05):
        own = unit.values[unit.classes == unit.classes[n]]
        mine = unit.values[unit.classes == unit.classes[unit.sample]]
        assert (unit.values[n] - own.mean()) / own.std() >= (
            (unit.values[unit.sample] - mine.mean()) / mine.std() - 1e-12
        )


@pytest.mark.parametrize("by_class", [False, True])
def test_x_hat_stays_within_the_bound_and_settles_with_more_mates(by_class):
    spreads = []
    for size in BATCH_SIZES:
        x_hat = among_mates(size, by_class)
        assert x_hat.shape == (DRAWS,)
        assert np.abs(x_hat).max() <= math.sqrt(size - 1) + 1e-9
        spreads.append(x_hat.std())
    assert (np.diff(spreads) < 0).all()


def test_with_everyone_in_the_batch_nothing_is_random(unit):
    x_hat = among_mates(len(unit.values), draws=3)
    wanted = (unit.values[unit.sample] - unit.values.mean()) / math.sqrt(unit.values.var() + EPS)
    np.testing.assert_allclose(x_hat, wanted)


def test_random_mates_are_right_on_average_and_the_own_class_is_not(unit):
    for size in (32, 64, 128):
        assert among_mates(size).mean() == pytest.approx(unit.x_hat, abs=0.05)
        assert among_mates(size, True).mean() < unit.x_hat - 1
    own = unit.values[unit.classes == unit.classes[unit.sample]]
    alone = (unit.values[unit.sample] - own.mean()) / math.sqrt(own.var() + EPS)
    np.testing.assert_allclose(among_mates(len(own), True, draws=4), alone)


def test_mates_by_class_are_the_own_class_first_then_the_next(unit):
    label = unit.classes[unit.sample]
    own = unit.values[unit.classes == label]
    following = unit.values[unit.classes == (label + 1) % 10]
    both = np.concatenate([own, following])
    alone = (unit.values[unit.sample] - both.mean()) / math.sqrt(both.var() + EPS)
    np.testing.assert_allclose(among_mates(len(both), True, draws=4), alone)


@pytest.mark.parametrize(("a", "b"), [(3, 11), (101, 100), (0.010, 0.011), (2, 2)])
def test_two_samples_follow_the_formula(a, b):
    layer = torch.nn.BatchNorm1d(1, dtype=torch.float64)
    x = torch.tensor([[a], [b]], dtype=torch.float64)
    assert layer(x)[0].item() == pytest.approx(x_hat_of_two(a, b))


def test_two_samples_leave_the_sign_unless_they_are_almost_alike(unit):
    assert x_hat_of_two(11, 3) == pytest.approx(1, abs=1e-6)
    assert x_hat_of_two(0.011, 0.010) == pytest.approx(0.156, abs=1e-3)
    assert x_hat_of_two(1, 2, eps=0) == -1
    own, others = unit.values[unit.sample], np.delete(unit.values, unit.sample)
    pairs = {round(x_hat_of_two(own, other), 9) for other in others}
    assert {round(value, 9) for value in among_mates(2)} <= pairs
    assert (np.abs(among_mates(2)) > 0.99).mean() > 0.85


def test_noise_of_the_statistics_follows_theory():
    noise = statistics_noise(draws=10_000)
    np.testing.assert_allclose(noise.mean_sd, noise.mean_theory, rtol=0.03)
    np.testing.assert_allclose(noise.var_sd, noise.var_theory, rtol=0.06)
    assert noise.mean_theory[0] == pytest.approx(math.sqrt(0.5))
    # With two samples (B - 3) / (B - 1) is -1, so the kurtosis decides with one added.
    assert noise.var_theory[0] == pytest.approx(math.sqrt((noise.kurtosis + 1) / 2))


def test_sets_of_mates_are_counted():
    assert possible_mates(2, 1297) == 1296
    assert possible_mates(3, 5) == 6
    assert possible_mates(32, 1297) > 10**62


@pytest.mark.parametrize("size", [0, 1, 1298])
def test_impossible_batches_are_refused(size):
    with pytest.raises(ValueError, match="2 to 1297"):
        among_mates(size)


def test_the_same_numbers_come_twice():
    first = among_mates(8)
    among_mates.cache_clear()
    np.testing.assert_array_equal(among_mates(8), first)
