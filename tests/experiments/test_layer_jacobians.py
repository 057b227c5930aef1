"""Jacobians of layers: right by autograd, and not near orthogonal."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.layer_jacobians import (
    DEPTHS,
    INITS,
    NORMS,
    SEEDS,
    batch_of_digits,
    draw_layers,
    jacobian,
    load_layer_jacobians,
    normaliser_singular_values,
    spectrum,
)


@pytest.fixture(scope="module")
def record():
    return {(s.norm, s.activation, s.init, s.depth, s.trained): s for s in load_layer_jacobians()}


def at_start(record, norm, depth, init="he"):
    return record[norm, "relu", init, depth, False]


@pytest.mark.parametrize("activation", ["relu", "linear"])
@pytest.mark.parametrize("norm", NORMS)
def test_the_jacobian_is_that_of_autograd(norm, activation):
    rng = np.random.default_rng(0)
    layers = [
        (rng.normal(size=(a, b)), *rng.normal(size=(3, b))) for a, b in ((7, 9), (9, 8), (8, 5))
    ]
    x = torch.from_numpy(rng.normal(size=(6, 7)))

    def net(row):
        h = torch.cat([x[:2], row[None], x[3:]])
        for arrays in layers:
            weight, bias, gamma, beta = map(torch.from_numpy, arrays)
            h = h @ weight + bias
            if norm == "batch":
                h = torch.nn.functional.batch_norm(h, None, None, gamma, beta, training=True)
            if norm == "layer":
                h = torch.nn.functional.layer_norm(h, h.shape[1:], gamma, beta)
            h = torch.relu(h) if activation == "relu" else h
        return h[2]

    wanted = torch.autograd.functional.jacobian(net, x[2])
    found = jacobian(layers, x.numpy(), norm, activation, sample=2)
    np.testing.assert_allclose(found, wanted, atol=1e-10)


def test_other_norms_and_activations_are_refused():
    with pytest.raises(ValueError, match="group"):
        jacobian([], np.zeros((2, 3)), "group", "relu")
    with pytest.raises(ValueError, match="tanh"):
        jacobian([], np.zeros((2, 3)), "batch", "tanh")


def test_the_normaliser_itself_has_one_over_sd_and_two_zeros():
    x = (batch_of_digits(0) @ draw_layers(1, 0)[0][0])[:, 3]
    values = normaliser_singular_values(x)
    np.testing.assert_allclose(values[:-2], 1 / x.std())
    assert values.shape == (64,) and (values[-2:] < 1e-12).all()
    # With eps, stretching is no longer quite undone.
    assert normaliser_singular_values(x, eps=1.0)[-2] > 0.01


def test_everything_was_measured(record):
    assert {(n, i, d) for n, a, i, d, t in record if a == "relu" and not t} == {
        (norm, str(init), depth) for norm in NORMS for init in INITS for depth in DEPTHS
    }
    assert {n for n, *_, trained in record if trained} == set(NORMS)
    for each in record.values():
        assert each.near.shape == each.largest.shape == (len(SEEDS),)
        assert (each.smallest <= each.median).all() and (each.median <= each.largest).all()


def test_few_singular_values_are_near_1_and_batch_norm_brings_no_more_than_good_weights(record):
    for depth in DEPTHS:
        plain, batch, layer = (at_start(record, norm, depth).near for norm in NORMS)
        assert max(plain.mean(), batch.mean(), layer.mean()) < 0.5
        error = np.std(batch - plain, ddof=1) / np.sqrt(len(SEEDS))
        assert batch.mean() - plain.mean() < max(2 * error, 0.02)
    assert at_start(record, "batch", 20).near.max() < 0.1


def test_the_largest_grows_with_depth_under_batch_norm_only(record):
    largest = {
        norm: [at_start(record, norm, depth).largest.mean() for depth in DEPTHS] for norm in NORMS
    }
    assert largest["batch"][0] < 3 and largest["batch"][1] > 5 and largest["batch"][2] > 100
    assert largest["none"][2] < 8 and largest["layer"][2] < 8


def test_batch_norm_takes_away_what_the_scale_of_the_weights_does(record):
    for depth in DEPTHS:
        ones = at_start(record, "batch", depth, "1.0")
        np.testing.assert_allclose(
            at_start(record, "batch", depth).largest, ones.largest, rtol=0.05
        )
    plain = [at_start(record, "none", 20, init).largest.mean() for init in ("0.01", "1.0")]
    assert plain[0] < 1e-20 and plain[1] > 1e13


def test_half_of_the_values_are_zero_behind_relus_and_training_does_not_change_that(record):
    for norm in NORMS:
        assert 25 < at_start(record, norm, 5).zeros.mean() < 45
        trained = record[norm, "relu", "he", 5, True]
        assert trained.zeros.mean() > 25
        assert trained.near.mean() < 0.2
        linear = record[norm, "linear", "1 / width", 1, False]
        assert linear.zeros.max() <= 1
        assert 0.5 < linear.near.mean() < 0.8


def test_a_slice_can_be_measured_again(record):
    for norm in NORMS:
        again, stored = spectrum(norm, "he", 5, seeds=SEEDS[:2]), at_start(record, norm, 5)
        for name in ("near", "largest", "smallest"):
            np.testing.assert_allclose(
                getattr(again, name), getattr(stored, name)[:2], rtol=1e-3, atol=1e-12
            )
    assert results.load("layer_jacobians")["seeds"] == list(SEEDS)
