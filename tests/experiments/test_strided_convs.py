"""The stacked conv net with norms from outside is the plain net of torch's layers."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bncourse.experiments import strided_convs
from bncourse.experiments.small_batch_convs import StackedGroups
from bncourse.experiments.strided_convs import CHANNELS, StridedNets


def groups(networks, channels):
    return StackedGroups(networks, channels, 4)


def images(networks, samples=3):
    x = np.random.default_rng(0).uniform(size=(networks, samples, 64))
    return torch.from_numpy(x).float()


@pytest.mark.parametrize("norm_last", [False, True])
@pytest.mark.parametrize("head", ["flatten", "mean"])
def test_one_net_of_a_stack_is_the_plain_net(head, norm_last):
    nets = StridedNets(groups, head, (5, 6), norm_last=norm_last)
    x = images(2)
    maps = x[1].view(-1, 1, 8, 8)
    for filters, stride in zip(nets.filters, (1, 2), strict=True):
        maps = F.conv2d(maps, filters[CHANNELS:], stride=stride, padding=1)
        maps = F.group_norm(F.relu(maps), 4) if norm_last else F.relu(F.group_norm(maps, 4))
    read = maps.mean((2, 3)) if head == "mean" else maps.flatten(1)
    torch.testing.assert_close(nets.features(x)[1], read, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(
        nets(x)[1], read @ nets.weight[1] + nets.bias[1], atol=1e-5, rtol=1e-4
    )


def test_a_seed_fixes_the_weights_whatever_the_norm_is():
    plain = StridedNets(lambda *_: nn.Identity(), "mean", (5,), has_bias=True)
    normed = StridedNets(groups, "mean", (5,))
    for one, other in zip(plain.filters, normed.filters, strict=True):
        assert torch.equal(one, other)
    assert torch.equal(plain.weight, normed.weight)
    assert len(plain.biases) == 2 and len(normed.biases) == 0
    assert not torch.equal(plain.weight, StridedNets(groups, "mean", (6,)).weight)


def test_filters_are_prepared_on_their_way():
    plain = StridedNets(groups, "mean", (5,))
    doubled = StridedNets(lambda *_: nn.Identity(), "mean", (5,), prepare=lambda w: 0 * w)
    assert not doubled(images(1)).sub(doubled.bias).any()
    assert plain(images(1)).sub(plain.bias).any()


def test_no_finite_answer_is_a_wrong_one(monkeypatch):
    class Broken(nn.Linear):
        def forward(self, x):
            return super().forward(x).detach() * 0 + self.weight.sum() * torch.nan

    monkeypatch.setattr(strided_convs, "train_stack", lambda *_: None)
    build = lambda seeds: nn.Sequential(Broken(64, 10))  # noqa: E731
    assert strided_convs.trained_errors(build, 32, 1, (0,), [0.1]).tolist() == [[100.0]]
