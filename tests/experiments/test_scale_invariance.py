"""Scale invariance holds to rounding without eps, breaks where eps says, and lengthens weights."""

import numpy as np
import pytest
import torch

from bncourse.experiments.scale_invariance import FACTORS, NO_EPS, TORCH_EPS, grow, scaled


@pytest.fixture(scope="module")
def ideal():
    return scaled(eps=NO_EPS)


@pytest.fixture(scope="module")
def usual():
    return scaled(eps=TORCH_EPS)


@pytest.fixture(scope="module")
def plain():
    return scaled(norm=None)


@pytest.fixture(scope="module")
def growth():
    return grow(updates=60)


def test_without_eps_the_scale_of_the_weights_does_not_matter(ideal):
    assert ideal.factors.tolist() == list(FACTORS)
    np.testing.assert_allclose(ideal.loss, ideal.loss[0], rtol=1e-12)
    one = ideal.gradient[FACTORS.index(1)]
    np.testing.assert_allclose(ideal.gradient * ideal.factors, one, rtol=1e-10)
    assert one > 0.1
    assert np.abs(ideal.cosine).max() < 1e-13


def test_eps_breaks_it_as_predicted(usual):
    for name in ("loss", "gradient", "cosine"):
        predicted = getattr(usual, f"predicted_{name}")
        np.testing.assert_allclose(getattr(usual, name), predicted, rtol=1e-8)


def test_eps_breaks_it_for_small_weights_only(usual):
    one = FACTORS.index(1)
    off = np.abs(usual.loss / usual.loss[one] - 1)
    assert off[FACTORS.index(0.01)] > 0.02 > 1e-3 > off[FACTORS.index(0.1)]
    assert off[one:].max() < 1e-4
    shape = usual.gradient * usual.factors / usual.gradient[one]
    assert shape[0] < 1e-3 and shape[FACTORS.index(0.01)] < 0.6
    np.testing.assert_allclose(shape[one:], 1, atol=1e-3)
    assert np.all(np.diff(np.abs(usual.cosine)) < 0)
    assert abs(usual.cosine[0]) > 0.2


def test_without_bn_the_scale_matters_and_the_gradient_is_not_at_right_angles(plain):
    assert plain.loss[-1] > 100 * plain.loss[FACTORS.index(1)]
    assert plain.gradient[-1] > plain.gradient[FACTORS.index(1)]
    assert np.abs(plain.cosine).min() > 0.1


@pytest.mark.parametrize("wrong", [{"factors": (0.0, 1.0)}, {"eps": 0.0}, {"eps": -1e-5}])
def test_what_is_not_positive_is_refused(wrong):
    with pytest.raises(ValueError, match="positive"):
        scaled(**wrong)


def test_every_update_adds_the_square_of_its_step(growth):
    assert growth.squared.shape == (3, 61) and growth.added.shape == (3, 60)
    assert np.diff(growth.squared).min() > 0
    assert np.abs(growth.left_over).max() < 1e-13
    # It is something that is added, not rounding.
    assert (growth.squared[:, -1] > 1.1 * growth.squared[:, 0]).all()
    assert growth.accuracy.min() > 0.9


def test_with_the_usual_eps_little_is_left_over():
    left = np.abs(grow(updates=30, eps=TORCH_EPS).left_over).max()
    assert 1e-9 < left < 1e-5


def test_without_bn_much_is_left_over_and_weights_can_become_shorter():
    plain = grow(updates=60, norm=None)
    assert np.abs(plain.left_over).max() > 1e-3
    assert np.diff(plain.squared).min() < 0


def test_a_small_start_makes_a_huge_first_step_and_a_large_one_hardly_moves():
    small, large = grow(updates=2, factor=0.01), grow(updates=2, factor=100)
    assert (small.squared[:, 1] > 1e5 * small.squared[:, 0]).all()
    # Later steps are small beside what the first one left.
    np.testing.assert_allclose(small.squared[:, 2], small.squared[:, 1], rtol=1e-3)
    np.testing.assert_allclose(large.squared[:, 2], large.squared[:, 0], rtol=1e-8)


def test_seeds_do_not_depend_on_their_company():
    threads = torch.get_num_threads()
    both, one = grow(updates=5, seeds=(1, 2)), grow(updates=5, seeds=(2,))
    np.testing.assert_allclose(both.squared[1], one.squared[0], rtol=1e-10)
    assert torch.get_num_threads() == threads
