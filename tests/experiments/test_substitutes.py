"""What stands in for a norm does what its source says, and networks do not see each other."""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.experiments.substitutes import (
    DynamicTanh,
    GatedResidual,
    StandardisedLinear,
    standardise,
)


def numbers(*shape, seed=0, mean=0.0):
    return torch.from_numpy(np.random.default_rng(seed).normal(mean, 1, shape)).float()


@pytest.mark.parametrize("maps", [False, True])
def test_dyt_is_a_scaled_tanh_of_every_number_alone(maps):
    norm = DynamicTanh(2, 3, maps)
    shape = (4, 6, 2, 2) if maps else (2, 5, 3)
    x = numbers(*shape)
    torch.testing.assert_close(norm(x), torch.tanh(0.5 * x))
    with torch.no_grad():
        norm.alpha[1] = 2.0
        norm.gamma[1] = 3.0
        norm.beta[0] = 1.0
    first, second = (x[:, :3], x[:, 3:]) if maps else x
    wanted = (torch.tanh(0.5 * first) + 1, 3 * torch.tanh(2 * second))
    found = norm(x)
    found = (found[:, :3], found[:, 3:]) if maps else found
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)
    assert sum(p.numel() for p in norm.parameters()) == 2 * (1 + 2 * 3)


def test_standardised_weights_have_mean_0_and_keep_a_unit_variance():
    weight = 7 * numbers(2, 50, 3, mean=1)
    used = standardise(weight, (1,))
    torch.testing.assert_close(used.mean(1), torch.zeros(2, 3), atol=1e-6, rtol=0)
    torch.testing.assert_close(used.var(1, correction=0), torch.full((2, 3), 1 / 50))
    torch.testing.assert_close(standardise(weight * 0.01 + 5, (1,)), used, atol=1e-4, rtol=1e-3)


def test_a_standardised_linear_ignores_scale_and_a_shift_of_its_weights():
    weight, bias = numbers(2, 6, 3).numpy(), numbers(2, 1, 3, seed=1).numpy()
    x = numbers(2, 5, 6, seed=2)
    one, other = StandardisedLinear(weight, bias), StandardisedLinear(10 * weight + 2, bias)
    torch.testing.assert_close(one(x), other(x), atol=1e-4, rtol=1e-4)
    assert (one(x) - torch.baddbmm(one.bias, x, one.weight)).abs().max() > 0.1


def test_a_closed_gate_is_the_identity_and_an_open_one_adds_the_branch():
    branch = nn.Tanh()
    gated, x = GatedResidual(2, branch), numbers(2, 5, 3)
    torch.testing.assert_close(gated(x), x)
    with torch.no_grad():
        gated.gate[1] = 0.5
    torch.testing.assert_close(gated(x)[0], x[0])
    torch.testing.assert_close(gated(x)[1], x[1] + 0.5 * torch.tanh(x[1]))
    (slope,) = torch.autograd.grad(gated(x).sum(), gated.gate)
    assert slope.abs().min() > 0  # a closed gate can open
