"""Whitening on few samples: the ranks of algebra, the gains of eps, and what new samples get."""

import numpy as np
import pytest

from bncourse.data import load_digits
from bncourse.experiments.small_batch_whitening import EPS, SIZES, measure_small_batch_whitening

SMALL, FULL = SIZES.index(8), SIZES.index(1297)


@pytest.fixture(scope="module")
def record():
    return measure_small_batch_whitening(seeds=(0, 1, 2))


def test_shapes(record):
    assert record.sizes.tolist() == list(SIZES)
    for name in ("rank", "zeros", "smallest", "constant"):
        assert getattr(record, name).shape == (3, len(SIZES))
    for name in ("gain", "median", "largest", "standardised_median", "standardised_largest"):
        assert getattr(record, name).shape == (3, len(SIZES), len(EPS))


def test_the_rank_is_at_most_one_less_than_the_samples_and_the_rest_are_zeros(record):
    assert np.all(record.rank <= np.minimum(record.sizes - 1, record.features))
    assert np.all(record.rank[:, SMALL] == 7)
    np.testing.assert_array_equal(record.zeros, record.features - record.rank)
    assert np.all(record.zeros[:, FULL] == 0)
    assert np.all(record.zeros >= record.constant)


def test_more_samples_than_features_are_not_enough(record):
    """Fewer samples than dimensions make it singular; more do not make it regular."""
    more = record.sizes > record.features
    assert np.all(record.zeros[:, more][:, :2] > 0)


def test_eps_caps_the_gain_at_one_over_its_root(record):
    zero, *caps = record.eps
    assert zero == 0
    for column, eps in enumerate(caps, start=1):
        np.testing.assert_allclose(record.gain[:, :FULL, column], 1 / np.sqrt(eps))
        assert np.all(record.gain[:, FULL, column] < 1 / np.sqrt(eps))
    assert np.all(record.gain[:, :FULL, 0] == np.inf)
    assert np.isnan(record.largest[:, :FULL, 0]).all()
    np.testing.assert_allclose(record.gain[:, FULL, 0], record.smallest[:, FULL] ** -0.5)


def test_what_whitening_does_to_new_samples_is_worked_out_by_hand_for_one_case(record):
    digits = load_digits()
    inked = digits.x_train.std(axis=0) > 0
    x, new = digits.x_train[:, inked], digits.x_test[:, inked]
    covariance = np.cov(x.T, bias=True) + 1e-2 * np.eye(x.shape[1])
    white = (new - x.mean(axis=0)) @ np.linalg.cholesky(np.linalg.inv(covariance))
    variances = np.linalg.eigvalsh(np.cov(white.T, bias=True))
    column = EPS.index(1e-2)
    np.testing.assert_allclose(record.largest[:, FULL, column], variances.max())
    np.testing.assert_allclose(record.median[:, FULL, column], np.median(variances))
    scaled = (new - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-2)
    np.testing.assert_allclose(
        record.standardised_largest[:, FULL, column], scaled.var(axis=0).max()
    )


def test_few_samples_overfit_by_whitening_far_more_than_by_standardising(record):
    tiny, some, one = (EPS.index(eps) for eps in (1e-5, 1e-2, 1.0))
    assert np.all(record.median[:, SMALL, tiny] > 100)
    assert np.all(record.standardised_median[:, SMALL, tiny] < 5)
    ratio = record.largest[:, SMALL] / record.standardised_largest[:, SMALL]
    assert np.all(ratio[:, 1:] > 2)
    # A larger eps rescues, and a still larger one no longer whitens.
    assert np.all(record.largest[:, SMALL, some] < record.largest[:, SMALL, tiny] / 100)
    assert np.all(record.median[:, FULL, one] < 0.1)
    assert np.all((record.median[:, FULL, tiny] > 0.9) & (record.median[:, FULL, tiny] < 1.1))


def test_the_seed_decides_the_draw(record):
    again = measure_small_batch_whitening(seeds=(2,), sizes=(8,), eps=(1e-2,))
    np.testing.assert_array_equal(again.median[0, 0], record.median[2, SMALL, EPS.index(1e-2)])
    assert len(set(record.smallest[:, SMALL])) == 3
