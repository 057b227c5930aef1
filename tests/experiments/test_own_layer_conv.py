"""A conv net takes any layer as its norm; the same layer gives the same losses."""

import numpy as np
import torch

from bncourse.experiments.own_layer_conv import build_conv_net, train_conv_net
from bncourse.layers.batch_norm import batchnorm_backward, batchnorm_forward


class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta):
        y, ctx.cache = batchnorm_forward(*(a.detach().numpy() for a in (x, gamma, beta)))
        return torch.from_numpy(y)

    @staticmethod
    def backward(ctx, dy):
        return tuple(map(torch.from_numpy, batchnorm_backward(dy.numpy(), ctx.cache)))


class OwnNorm(torch.nn.Module):
    factor = 1.0

    def __init__(self, channels):
        super().__init__()
        self.gamma = torch.nn.Parameter(torch.ones(channels))
        self.beta = torch.nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return Own.apply(x, self.gamma, self.beta)


class Detached(OwnNorm):
    def forward(self, x):
        m, v = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, correction=0)
        x_hat = (x - m.detach()) / (v.detach() + 1e-5).sqrt()
        return self.gamma[:, None, None] * x_hat + self.beta[:, None, None]


def test_a_layer_from_numpy_learns_as_the_librarys_does():
    theirs, ours = train_conv_net(torch.nn.BatchNorm2d), train_conv_net(OwnNorm)
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-6)
    assert ours.losses[-10:].mean() < 0.4 * ours.losses[0]
    assert abs(ours.accuracy - theirs.accuracy) < 0.005 and ours.accuracy > 0.7


def test_a_wrong_backward_pass_shows_from_the_second_loss_on():
    right, wrong = train_conv_net(OwnNorm, updates=3), train_conv_net(Detached, updates=3)
    assert abs(right.losses[0] - wrong.losses[0]) < 1e-12
    assert abs(right.losses[1] - wrong.losses[1]) > 1e-6


def test_a_seed_fixes_the_start_and_the_layer_does_not_change_it():
    nets = [build_conv_net(norm, seed=3) for norm in (torch.nn.BatchNorm2d, OwnNorm)]
    assert torch.equal(nets[0][0].weight, nets[1][0].weight)
    assert not torch.equal(nets[0][0].weight, build_conv_net(OwnNorm, seed=4)[0].weight)
