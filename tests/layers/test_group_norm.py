"""GN and IN in NumPy against torch, their limits, and the one function behind every norm."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.testing import assert_allclose

from bncourse.layers.batch_norm import batchnorm_backward, batchnorm_forward
from bncourse.layers.group_norm import (
    groupnorm_backward,
    groupnorm_forward,
    instancenorm_forward,
)
from bncourse.layers.shared_mean import backward_over, normalise_over, values_per_set

SHAPES = [(3, 6), (2, 6, 5), (2, 6, 3, 4), (1, 6, 2, 1)]


def _drawn(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(2, 3, shape), *rng.normal(size=(2, shape[1])), rng.normal(size=shape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("groups", [1, 2, 3])
def test_group_norm_is_torchs_forward_and_backward(shape, groups):
    x, gamma, beta, dy = _drawn(shape)
    y, cache = groupnorm_forward(x, groups, gamma, beta, 0.01)
    tensors = [torch.from_numpy(v).requires_grad_() for v in (x, gamma, beta)]
    expected = F.group_norm(tensors[0], groups, *tensors[1:], eps=0.01)
    expected.backward(torch.from_numpy(dy))
    assert_allclose(y, expected.detach().numpy(), atol=1e-12)
    for got, tensor in zip(groupnorm_backward(dy, cache), tensors, strict=True):
        assert_allclose(got, tensor.grad.numpy(), atol=1e-11)


def test_the_limits_are_instance_norm_and_layer_norm_over_a_whole_sample():
    x, gamma, beta, _ = _drawn((2, 6, 3, 4))
    tensors = [torch.from_numpy(v) for v in (x, gamma, beta)]
    expected = F.instance_norm(tensors[0], weight=tensors[1], bias=tensors[2]).numpy()
    assert_allclose(instancenorm_forward(x, gamma, beta)[0], expected, atol=1e-12)
    whole = normalise_over(x, (1, 2, 3), 1e-5)[0]
    assert_allclose(groupnorm_forward(x, 1, np.ones(6), np.zeros(6))[0], whole, atol=1e-12)


def test_batch_norm_is_the_same_function_over_other_axes():
    x, _, _, dy = _drawn((4, 3, 2, 5))
    x_hat, inv_std = normalise_over(x, (0, 2, 3), 0.1)
    y, cache = batchnorm_forward(x, np.ones(3), np.zeros(3), 0.1)
    assert_allclose(x_hat, y, atol=1e-12)
    dx = backward_over(dy, x_hat, inv_std, (0, 2, 3))
    assert_allclose(dx, batchnorm_backward(dy, cache)[0], atol=1e-12)
    assert values_per_set(x, (0, 2, 3)) == 40


@pytest.mark.parametrize("groups", [0, 4, 12])
def test_groups_that_do_not_divide_are_refused(groups):
    x, gamma, beta, _ = _drawn((2, 6, 3))
    with pytest.raises(ValueError, match="do not divide 6 channels"):
        groupnorm_forward(x, groups, gamma, beta)


@pytest.mark.parametrize(
    ("x", "gamma", "eps", "told"),
    [
        (np.ones(6), np.ones(6), 1e-5, "needs samples on axis 0"),
        (np.ones((2, 6)), np.ones(3), 1e-5, "one number per channel"),
        (np.ones((2, 6)), np.ones(6), -1.0, "eps is -1.0"),
    ],
)
def test_what_does_not_fit_is_told(x, gamma, eps, told):
    with pytest.raises(ValueError, match=told):
        groupnorm_forward(x, 2, gamma, np.zeros(6), eps)


def test_nothing_that_came_in_is_changed():
    x, gamma, beta, dy = _drawn((2, 6, 3))
    kept = x.copy(), dy.copy()
    _, cache = groupnorm_forward(x, 2, gamma, beta)
    groupnorm_backward(dy, cache)
    assert np.array_equal(x, kept[0]) and np.array_equal(dy, kept[1])
