"""LN and RMSNorm in NumPy against torch, finite differences, and what must stay equal."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.testing import assert_allclose

from bncourse.layers.batch_norm import batchnorm_backward, batchnorm_forward
from bncourse.layers.layer_norm import (
    layernorm_backward,
    layernorm_forward,
    rmsnorm_backward,
    rmsnorm_forward,
)

SHAPES = [(5,), (3, 7), (2, 4, 6), (2, 3, 2, 5), (4, 1)]


def _drawn(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(2, 3, shape), *rng.normal(size=(2, shape[-1])), rng.normal(size=shape)


def _torch(function, x, *vectors):
    tensors = [torch.from_numpy(v).requires_grad_() for v in (x, *vectors)]
    return tensors, function(tensors[0], x.shape[-1:], *tensors[1:])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("eps", [1e-5, 0.3])
def test_layer_norm_is_torchs_forward_and_backward(shape, eps):
    x, gamma, beta, dy = _drawn(shape)
    y, cache = layernorm_forward(x, gamma, beta, eps)
    tensors, expected = _torch(lambda *a: F.layer_norm(*a, eps=eps), x, gamma, beta)
    expected.backward(torch.from_numpy(dy))
    assert_allclose(y, expected.detach().numpy(), atol=1e-12)
    for got, tensor in zip(layernorm_backward(dy, cache), tensors, strict=True):
        assert_allclose(got, tensor.grad.numpy(), atol=1e-11)


@pytest.mark.parametrize("shape", SHAPES)
def test_rms_norm_is_torchs_forward_and_backward(shape):
    x, gamma, _, dy = _drawn(shape)
    y, cache = rmsnorm_forward(x, gamma, 0.01)
    tensors, expected = _torch(lambda *a: F.rms_norm(*a, eps=0.01), x, gamma)
    expected.backward(torch.from_numpy(dy))
    assert_allclose(y, expected.detach().numpy(), atol=1e-12)
    for got, tensor in zip(rmsnorm_backward(dy, cache), tensors, strict=True):
        assert_allclose(got, tensor.grad.numpy(), atol=1e-11)


def test_layer_norm_is_batch_norm_of_the_turned_table():
    x, _, _, dy = _drawn((5, 4))
    y, cache = layernorm_forward(x, np.ones(4), np.zeros(4))
    turned, turned_cache = batchnorm_forward(x.T, np.ones(5), np.zeros(5))
    assert_allclose(y, turned.T, atol=1e-12)
    dx = batchnorm_backward(dy.T, turned_cache)[0].T
    assert_allclose(layernorm_backward(dy, cache)[0], dx, atol=1e-12)


def test_a_sample_does_not_see_its_mates():
    x, gamma, beta, _ = _drawn((6, 8))
    together = layernorm_forward(x, gamma, beta)[0]
    assert np.array_equal(together[2], layernorm_forward(x[2], gamma, beta)[0])


def test_float32_stays_float32_and_survives_an_offset():
    x = (np.random.default_rng(0).normal(size=(3, 400)) + 1e4).astype(np.float32)
    y, cache = layernorm_forward(x, np.ones(400), np.zeros(400))
    assert y.dtype == cache["x_hat"].dtype == np.float32
    assert_allclose(y.std(-1), 1, atol=1e-3)


@pytest.mark.parametrize(
    ("x", "gamma", "beta", "eps", "told"),
    [
        (np.float64(3), [1.0], [0.0], 1e-5, "single number"),
        (np.ones((2, 3)), np.ones(2), np.zeros(3), 1e-5, "gamma has shape"),
        (np.ones((2, 3)), np.ones(3), np.zeros(4), 1e-5, "beta has shape"),
        (np.ones((2, 3)), np.ones(3), np.zeros(3), -1, "eps is -1"),
    ],
)
def test_what_does_not_fit_is_told(x, gamma, beta, eps, told):
    with pytest.raises(ValueError, match=told):
        layernorm_forward(x, gamma, beta, eps)


def test_a_gradient_of_another_shape_is_refused():
    cache = layernorm_forward(np.ones((2, 3)), np.ones(3), np.zeros(3))[1]
    with pytest.raises(ValueError, match="dy has shape"):
        layernorm_backward(np.ones((3, 2)), cache)
