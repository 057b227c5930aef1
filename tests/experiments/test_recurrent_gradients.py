"""Gradients back through time: both directions of failure, and what decides between them."""

import math

import numpy as np
import pytest
import torch

from bncourse.experiments.recurrent_gradients import (
    black_pixels,
    expected_slope,
    measure_gradients,
)


@pytest.fixture(scope="module")
def record():
    return measure_gradients()


def test_norms_are_relative_to_the_last_state(record):
    assert record.norms.shape == (2, 2, 5, 65)
    np.testing.assert_array_equal(record.norms[..., -1], 1)
    np.testing.assert_array_equal(record.across(64, 10), record.norms[..., 10])


def test_gamma_1_vanishes_with_identity_and_explodes_with_orthogonal_weights(record):
    identity, orthogonal = record.across(64, 32)[:, 1]
    assert identity.max() < 0.01
    assert orthogonal.min() > 8


def test_gamma_01_stays_near_constant_with_both(record):
    small = record.across(64, 32)[:, 0]
    assert small.min() > 0.5 and small.max() < 3


def test_factors_of_the_steps_tell_what_orthogonal_weights_with_small_inputs_do(record):
    """Slope over spread, step by step, comes within a third of what a gradient does."""
    told, grown = record.multiplied(64, 32)[1], record.across(64, 32)[1]
    assert (abs(np.log(told / grown)) < np.log(4 / 3)).all()
    # Averaged before they are divided, slopes and spreads tell too little.
    late = slice(32, 64)
    averaged = (record.rms_slopes[1, 1, :, late] / record.spreads[1, 1, :, late]).prod(-1)
    assert (averaged < told[1]).all() and (told[1] < grown[1]).sum() >= 4


def test_the_factors_are_gamma_times_slope_over_spread(record):
    """Near enough for small gamma, where tanh is straight and the units are alike."""
    late = slice(32, 64)
    told = 0.1 * record.rms_slopes[0, 0, :, late] / record.spreads[0, 0, :, late]
    np.testing.assert_allclose(record.factors[0, 0, :, late], told, rtol=0.02)
    assert record.spreads[:, 0, :, late].max() < 0.15 and record.slopes[:, 0].min() > 0.98


def test_with_identity_weights_and_gamma_1_units_are_two_valued(record):
    """Slope and spread at two clusters at -tanh(1) and tanh(1) tell the rate of the decay."""
    per_step = (1 - np.tanh(1) ** 2) / np.tanh(1)
    assert per_step == pytest.approx(0.551, abs=1e-3)
    # Near the end, before anything else happens, the median seed falls by that much.
    fall = np.median(record.across(50, 40)[0, 1]) ** (1 / 10)
    assert 0.5 * per_step < fall < 1.6 * per_step
    assert record.slopes[0, 1].max() < 0.55 < record.slopes[1, 1].min()


def test_the_clusters_are_counted(record):
    """All x_hat in two clusters with identity weights; about as of normal numbers elsewhere."""
    late = record.near_one[:, :, :, 32:].mean(axis=(2, 3))
    normal = 2 * (_phi(1.5) - _phi(0.5))
    assert late[0, 1] > 0.99
    assert late[1, 1] == pytest.approx(normal, abs=0.03)


def _phi(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2


def test_parts_of_the_units_make_up_the_norm(record):
    """Weighted with what entered in them, which the seed draws anew here."""
    assert record.unit_norms.shape == (2, 2, 5, 65, 48)
    for s in record.seeds:
        drawn = np.random.default_rng([s, 4]).normal(size=(48, 100))
        entered = (drawn**2).sum(1) / (drawn**2).sum()
        whole = np.sqrt((record.unit_norms[:, :, s, 32] ** 2 * entered).sum(-1))
        np.testing.assert_allclose(whole, record.norms[:, :, s, 32], rtol=1e-9)
    across = record.across_units(64, 32)
    np.testing.assert_array_equal(across, record.unit_norms[..., 32, :])


def test_with_larger_inputs_and_identity_weights_a_few_units_carry_the_norm():
    """Nearly two clusters again, and the typical unit fades; orthogonal weights mix the units."""
    found = measure_gradients(input_scale=1.0)
    assert found.near_one[0, 1, :, 32:].mean() > 0.8
    identity, orthogonal = found.across_units(64, 32)[:, 1]
    assert np.median(identity, axis=1).max() < 0.15 and identity.max(axis=1).min() > 3
    assert (orthogonal.max(axis=1) < 2 * np.median(orthogonal, axis=1)).all()
    assert np.median(found.across(64, 32)[0, 1]) > 0.5


def test_large_input_weights_turn_it_round():
    """Then gamma = 0.1 is what vanishes, and gamma = 1 with orthogonal weights holds."""
    across = measure_gradients(input_scale=3.0).across(64, 16)
    assert across[1, 0].max() < 0.01
    assert across[1, 1].min() > 0.2 and across[1, 1].max() < 5


def test_the_expected_slope_of_tanh():
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    for spread in (0.1, 0.5, 1.0):
        exact = weights @ (1 - np.tanh(spread * nodes) ** 2) / weights.sum()
        assert expected_slope(spread) == pytest.approx(exact, abs=0.002)
    assert expected_slope(0.1) == pytest.approx(0.9902, abs=1e-3)
    assert expected_slope(1.0) == pytest.approx(0.6057, abs=2e-3)


def test_small_gammas_see_the_slope_that_is_expected_of_normal_inputs(record):
    np.testing.assert_allclose(record.slopes[:, 0], expected_slope(0.1), atol=2e-3)


@pytest.mark.parametrize("gamma", [0.1, 1.0])
def test_black_pixels_multiply_by_gamma_over_the_root_of_eps(gamma):
    norms = black_pixels(gamma)
    per_step = norms[:, :-2] / norms[:, 1:-1]
    np.testing.assert_allclose(per_step, gamma / np.sqrt(1e-5), rtol=1e-6)
    assert gamma / np.sqrt(1e-5) == pytest.approx(316.23 * gamma, rel=1e-4)


def test_black_pixels_leave_the_range_of_float32():
    norms = black_pixels(1.0, dtype=torch.float32)
    assert not np.isfinite(norms[:, 0]).any()
    assert np.isfinite(norms[:, -14:]).all()


def test_noise_in_the_first_state_is_a_remedy():
    norms = black_pixels(1.0, noise=0.1)
    assert (norms[:, 1:-1] / norms[:, 2:]).max() < 1.5
    assert (norms[:, 0] / norms[:, 1]).max() < 10  # 1 / 0.1, and not 316


def test_the_same_seeds_give_the_same_gradients(record):
    threads = torch.get_num_threads()
    alone = measure_gradients((3,))
    np.testing.assert_allclose(alone.norms[..., 0, 10:], record.norms[..., 3, 10:], rtol=1e-3)
    assert torch.get_num_threads() == threads


def test_some_pixels_are_the_same_in_all_digits(record):
    assert record.flat[0] and not record.flat.all()
    # Going back over the first one, whose variance is 0, costs a factor of about 316.
    steep = record.across(1, 0)[1, 1]
    np.testing.assert_allclose(steep, 316, rtol=0.1)
