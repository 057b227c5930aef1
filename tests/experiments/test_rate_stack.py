"""Many rates in one stack: every network learns as if it were alone at its own rate."""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.rate_stack import (
    BATCH_SIZE,
    FreshStatistics,
    cross_entropy,
    give_rates,
    share_right,
    train_stack,
)
from bncourse.experiments.training import StackedBatchNorm, build_mlp, mini_batches, train

SIZES = (64, 9, 7, 10)


def build(seeds, norm="batch"):
    return build_mlp(SIZES, seeds, activation="relu", init="torch", norm=norm)


def weights(model):
    return torch.cat([p.detach().reshape(-1) for p in model.parameters()])


@pytest.mark.parametrize("norm", [None, "batch", "layer"])
def test_each_network_learns_at_its_own_rate_with_its_own_data(norm):
    rates, seeds = (0.5, 0.01, 0.5), (3, 3, 8)
    stack = build(seeds, norm)
    logits = {}

    def read(model, images):
        logits["together"] = model(images.x_test)
        return share_right(model, images.x_test, images.y_test)

    train_stack(stack, rates, seeds, read, [6])
    for k, (rate, seed) in enumerate(zip(rates, seeds, strict=True)):
        x, y, x_test, _ = load_stack((seed,))
        alone = build((seed,), norm).float()
        train(
            alone,
            x[0].float(),
            y[0],
            mini_batches(x.shape[1], BATCH_SIZE, (seed,)),
            learning_rate=rate,
            measure=lambda model, x_test=x_test: logits.update(alone=model(x_test.float())),
            measure_at=[6],
        )
        torch.testing.assert_close(logits["together"][k], logits["alone"][0], rtol=1e-3, atol=1e-3)


def test_a_rate_of_0_moves_nothing_and_others_do_move():
    model = build((0, 0, 0)).float()
    before = [p.detach().clone() for p in model.parameters()]
    train_stack(model, (0.1, 0, 0.1), (0, 0, 0), lambda *_: np.zeros(3), [2])
    for parameter, old in zip(model.parameters(), before, strict=True):
        moved = (parameter.detach() != old).view(3, -1).any(dim=1)
        assert moved.tolist() == [True, False, True]


def test_rates_reach_every_kind_of_parameter():
    model = build((0, 1))
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 20, 64)))
    plain = torch.autograd.grad(model(x).square().sum(), list(model.parameters()))
    give_rates(model, (2.0, 3.0))
    scaled = torch.autograd.grad(model(x).square().sum(), list(model.parameters()))
    for a, b in zip(plain, scaled, strict=True):
        a, b = a.view(2, -1), b.view(2, -1)
        torch.testing.assert_close(b, a * torch.tensor([[2.0], [3.0]], dtype=torch.float64))


def test_readings_are_stacked_in_ascending_order():
    seen = train_stack(
        build((0,)).float(), (0.1,), (0,), lambda m, _: weights(m)[:2].numpy().copy(), [3, 0]
    )
    assert seen.shape == (2, 2)
    np.testing.assert_array_equal(seen[0], weights(build((0,)).float())[:2].numpy())


class Fixed(nn.Module):
    def __init__(self, logits):
        super().__init__()
        self.logits = torch.tensor(logits)

    def forward(self, x):
        return self.logits


def test_outputs_that_are_no_numbers_are_no_answers():
    nan, inf = float("nan"), float("inf")
    net = Fixed([[[2.0, 1], [0, 1]], [[nan, 1], [inf, 1]], [[3.0, 1], [0, inf]]])
    y = torch.tensor([[0, 1]] * 3)
    assert share_right(net, y, y).tolist() == [1, 0, 0.5]
    y = torch.tensor([[1, 0]] * 3)
    assert share_right(net, y, y).tolist() == [0, 0, 0]


def test_cross_entropy_is_the_mean_of_each_network_and_inf_after_an_overflow():
    net = Fixed([[[0.0, 0], [0, 0]], [[np.inf, 0], [0, 0]], [[np.nan, 0], [0, 0]]])
    loss = cross_entropy(net, None, torch.tensor([[0, 1]] * 3))
    np.testing.assert_allclose(loss, [np.log(2), np.inf, np.inf])


def test_fresh_statistics_are_those_of_the_inputs_and_go_away():
    model = build((0, 1)).eval()
    x = torch.from_numpy(np.random.default_rng(0).normal(5, 3, size=(2, 50, 64)))
    old = model(x).detach()
    with torch.no_grad(), FreshStatistics(model, x):
        assert not model.training
        inside = model(x)
    model.train()
    wanted = model(x).detach()  # normalised by the batch, which is the same set
    model.eval()
    torch.testing.assert_close(inside, wanted, rtol=0.05, atol=0.05)  # n - 1 in the variance
    assert not torch.allclose(old, wanted, atol=0.5)
    fresh = build((0, 1)).eval()
    with torch.no_grad(), FreshStatistics(fresh, x):
        pass
    for layer in fresh:
        if isinstance(layer, StackedBatchNorm):
            assert (layer.running_mean == 0).all() and (layer.running_var == 1).all()


def test_without_bn_fresh_statistics_change_nothing():
    model = build((0,), norm="layer").eval()
    x = torch.zeros(1, 4, 64, dtype=torch.float64)
    before = model(x)
    with FreshStatistics(model, x):
        torch.testing.assert_close(model(x), before)
