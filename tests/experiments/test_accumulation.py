"""Accumulated gradients: the same without batch norm, another one with it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bncourse.experiments.accumulation import (
    BATCH,
    RATES,
    SEEDS,
    _build,
    _digits,
    _gradient,
    load_accumulation,
    measure_accumulated_gradients,
    train_accumulated,
)


@pytest.mark.parametrize("norm", [None, "layer"])
def test_without_batch_norm_the_pieces_add_up(norm):
    for pieces in (2, 4, 32):
        found = measure_accumulated_gradients(norm, pieces, seeds=range(3))
        assert found.difference.max() < 1e-13
        assert found.cosine.min() > 1 - 1e-12


def test_with_batch_norm_they_do_not_and_smaller_pieces_are_further_off():
    differences = []
    for pieces in (2, 4, 16, 32):
        found = measure_accumulated_gradients("batch", pieces)
        differences.append(found.difference)
        assert (found.cosine < 0.99).all()
    assert (np.diff(differences, axis=0) > 0).all()  # for every seed
    assert 0.3 < differences[1].mean() < 0.5
    assert differences[3].min() > 5  # two samples: divided by a sd that may be near 0


def test_one_piece_is_the_batch_and_pieces_must_be_equal():
    assert measure_accumulated_gradients("batch", 1, seeds=(0,)).difference.max() == 0
    with pytest.raises(ValueError, match="equal"):
        measure_accumulated_gradients("batch", 3)


def test_the_gradient_is_that_of_the_mean_loss():
    x, y, _, _ = _digits()
    model, batch = _build("batch", (0,)), torch.arange(BATCH)[None]
    loss = F.cross_entropy(model(x[batch])[0], y[batch[0]])
    wanted = torch.autograd.grad(loss, list(model.parameters()))
    for got, right in zip(_gradient(model, x, y, batch, 1), wanted, strict=True):
        torch.testing.assert_close(got.flatten(), right.flatten())


def test_the_stored_training_can_be_measured_again():
    stored = load_accumulation()
    error, batch_error = train_accumulated("batch", 1, float(stored.rate[0]), SEEDS[:2])
    np.testing.assert_allclose(error, stored.error[0, :2], atol=0.6)
    np.testing.assert_allclose(batch_error, stored.batch_error[0, :2], atol=0.6)


def test_the_rates_were_searched_within_the_range_and_on_other_seeds():
    stored = load_accumulation()
    assert not set(stored.seeds) & set(stored.search_seeds)
    for rate, errors in zip(stored.rate, stored.search_error, strict=True):
        assert rate == stored.rates[errors.argmin()]
        assert RATES[0] < rate < RATES[-1]


def test_sixteen_samples_are_enough_and_two_are_not():
    stored = load_accumulation()
    arms = zip(stored.norms, stored.statistics_over, strict=True)
    error = dict(zip(arms, stored.error, strict=True))
    whole, sixteen, four, two = (error["batch", n] for n in (64, 16, 4, 2))
    # Another gradient, but no worse training: with 16 the difference is within its noise.
    apart = sixteen - whole
    assert abs(apart.mean()) < 2 * apart.std(ddof=1) / np.sqrt(len(apart)) + 0.1
    assert (four - whole).mean() > 0.4 and (four > whole).sum() >= 8
    assert two.mean() > 10
    assert stored.batch_error[3].mean() > 5  # not the running statistics alone
