"""Noise of batch gradients: the shortcut is autograd's gradient, the law that of finite sets."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.gradient_noise import (
    SIZES,
    SUBSETS,
    gradient_products,
    measure_gradient_noise,
    measure_subsets,
    powers_of_two,
    remaining_share,
    squared_errors,
)
from bncourse.experiments.training import build_mlp, one_thread


@pytest.fixture(scope="module")
def noise():
    return measure_gradient_noise()


@pytest.fixture(scope="module")
def curves():
    return results.load("gradient_noise")["curves"]


@pytest.fixture(scope="module")
def few():
    """A net, thirty images, their classes, and the gradient of every image, (30, 4810)."""
    digits = load_digits()
    x, y = torch.from_numpy(digits.x_train[:30]), torch.from_numpy(digits.y_train[:30])
    net = build_mlp(SIZES, [7], activation="relu", init="torch")

    def gradient(images, classes):
        loss = F.cross_entropy(net(images[None])[0], classes)
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(net.parameters()))])

    return net, x, y, gradient


def test_the_products_are_those_of_autograds_gradients(few):
    net, x, y, gradient = few
    each = torch.stack([gradient(x[i : i + 1], y[i : i + 1]) for i in range(len(x))])
    assert each.shape == (30, 4810)
    np.testing.assert_allclose(gradient_products(net, x, y), each @ each.T, atol=1e-12)


def test_a_squared_error_is_the_distance_of_a_batchs_gradient(few):
    net, x, y, gradient = few
    products = gradient_products(net, x, y)
    drawn = squared_errors(products, 29, 5, np.random.default_rng(0))
    # A batch of 29 leaves out one image, so there are thirty distances it can have.
    left_out = (np.arange(30)[None] + np.arange(1, 30)[:, None]) % 30
    whole = gradient(x, y)
    possible = [float(((gradient(x[b], y[b]) - whole) ** 2).sum()) for b in left_out.T]
    for error in drawn:
        assert np.abs(np.array(possible) - error).min() < 1e-12
    assert len(set(drawn.round(12))) > 1
    np.testing.assert_allclose(squared_errors(products, 30, 3, np.random.default_rng(0)), 0)


def test_the_record_has_the_promised_shapes(noise):
    assert noise.samples == 1297
    assert noise.stages == ("at the start", "after 100 updates")
    assert noise.seeds == (0, 1, 2)
    assert noise.batch_sizes.tolist() == [*(2**k for k in range(11)), 1297]
    assert noise.measured.shape == (2, 3, 12)
    assert noise.spread.shape == noise.full.shape == (2, 3)


def test_the_error_follows_the_law_of_a_finite_set(noise):
    ratios = np.array(
        [
            [noise.measured[t, s, :-1] / noise.predicted(stage, s)[:-1] for s in range(3)]
            for t, stage in enumerate(noise.stages)
        ]
    )
    # A hundred draws leave some per cent of luck; with B = 1 after training, where a few images
    # have most of the gradient, about 20 %.
    assert np.abs(ratios[0] - 1).max() < 0.15
    assert np.abs(ratios[1] - 1).max() < 0.6
    np.testing.assert_allclose(ratios.mean(axis=(1, 2)), 1, atol=0.04)
    # Without the factor (n - B) / (n - 1) the law would be 5 times too large at 1024.
    naive = noise.spread / 1024
    assert np.all(noise.measured[:, :, -2] < 0.3 * naive)
    np.testing.assert_allclose(noise.measured[:, :, -1], 0, atol=1e-12)


def test_one_images_gradient_is_mostly_noise_and_training_adds_to_it(noise):
    assert np.all(noise.spread > 30 * noise.full)
    assert np.all(noise.spread[1] > 1.5 * noise.spread[0])


def test_every_stored_curve_follows_the_law_within_a_tenth(curves):
    assert [(c["n"], c["seed"]) for c in curves] == [(n, s) for n in SUBSETS for s in range(3)]
    for curve in curves:
        batch_sizes = np.array(curve["batch_sizes"])
        np.testing.assert_array_equal(batch_sizes, powers_of_two(curve["n"]))
        errors = np.array(curve["mean_squared_error"])
        expected = remaining_share(batch_sizes, curve["n"])
        np.testing.assert_allclose(errors / errors[0], expected, rtol=0.1, atol=1e-12)


def test_powers_of_two_end_with_the_set_itself():
    assert powers_of_two(96).tolist() == [1, 2, 4, 8, 16, 32, 64, 96]
    assert powers_of_two(64).tolist() == [1, 2, 4, 8, 16, 32, 64]
    assert powers_of_two(1).tolist() == [1]


def test_a_slice_of_the_stored_curves_can_be_measured_again(curves):
    again = measure_subsets(SUBSETS[:2])
    for curve, stored in zip(again, curves[:6], strict=True):
        assert {**curve, "mean_squared_error": None} == {**stored, "mean_squared_error": None}
        np.testing.assert_allclose(
            curve["mean_squared_error"], stored["mean_squared_error"], rtol=1e-3, atol=1e-12
        )


def test_the_same_seeds_give_the_same_numbers_in_any_company():
    with one_thread():
        threads = torch.get_num_threads()
        alone = measure_gradient_noise([2], draws=5)
        both = measure_gradient_noise([0, 2], draws=5)
        assert torch.get_num_threads() == threads
    np.testing.assert_allclose(alone.measured[:, 0], both.measured[:, 1], rtol=1e-9, atol=1e-15)
