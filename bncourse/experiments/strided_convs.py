"""A conv net with 32 channels for the digits, several at once, whose norms are handed in.

A 3 x 3 convolution reads the 8 x 8 image into 32 maps, a second one with stride 2 makes 32 maps of
4 x 4 places. Behind each stand a norm and a ReLU. Two heads, as in `small_batch_convs`: "flatten",
a linear layer on all places of all channels, and "mean", a linear layer on each channel's mean over
its places (global average pooling).
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.rate_stack import share_right
from bncourse.experiments.small_batches import train_stack
from bncourse.experiments.training import draw_layer, mini_batches, one_thread

CHANNELS = 32
SIDE, CLASSES = 8, 10
STRIDES = (1, 2)
PLACES = 16  # of the last maps


class StridedNets(nn.Module):
    """One net per seed: images (S, N, 64) to logits (S, N, 10), in float32.

    A seed fixes the weights of a head whatever the norms are.

    Args:
        build_norm: called with the number of networks and of channels; its module maps
            (N, S * C, H, W).
        head: "flatten" or "mean".
        seeds: one per network.
        has_bias: whether convolutions have a bias; where a norm follows, its beta will do.
        init: as in `training.draw_layer`.
        norm_last: put each norm behind its ReLU, not in front.
        prepare: what is done to each filter bank (S * C, ., 3, 3) before it is used.
    """

    def __init__(
        self,
        build_norm: Callable[[int, int], nn.Module],
        head: str,
        seeds: Sequence[int],
        *,
        has_bias: bool = False,
        init: str = "torch",
        norm_last: bool = False,
        prepare: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        generators = [np.random.default_rng(seed) for seed in seeds]
        self.head, self.networks = head, len(seeds)
        self.norm_last, self.prepare = norm_last, prepare

        def drawn(fan_in: int, fan_out: int) -> tuple[Tensor, Tensor]:
            layers = [draw_layer(g, fan_in, fan_out, init) for g in generators]
            return tuple(torch.from_numpy(np.stack(a)).float() for a in zip(*layers, strict=True))

        self.filters, self.biases = nn.ParameterList(), nn.ParameterList()
        self.norms = nn.ModuleList()
        for before in (1, CHANNELS):
            weight, bias = drawn(9 * before, CHANNELS)
            weight = weight.transpose(1, 2).reshape(-1, before, 3, 3)
            self.filters.append(nn.Parameter(weight.contiguous()))
            if has_bias:
                self.biases.append(nn.Parameter(bias.flatten()))
            self.norms.append(build_norm(self.networks, CHANNELS))
        weight, bias = drawn(CHANNELS * (PLACES if head == "flatten" else 1), CLASSES)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def features(self, x: Tensor) -> Tensor:
        """Return what the linear layer reads: (S, N, 64) to (S, N, 32 or 512)."""
        maps = x.transpose(0, 1).reshape(x.shape[1], self.networks, SIDE, SIDE)
        biases = self.biases or (None,) * len(self.filters)
        for weight, bias, norm, stride in zip(
            self.filters, biases, self.norms, STRIDES, strict=True
        ):
            used = weight if self.prepare is None else self.prepare(weight)
            maps = F.conv2d(maps, used, bias, stride, padding=1, groups=self.networks)
            maps = norm(F.relu(maps)) if self.norm_last else F.relu(norm(maps))
        if self.head == "mean":
            maps = maps.mean(dim=(2, 3))
        return maps.reshape(len(maps), self.networks, -1).transpose(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Classify each network's own images."""
        return torch.baddbmm(self.bias, self.features(x), self.weight)


def trained_errors(
    build: Callable[[tuple[int, ...]], nn.Module],
    batch_size: int,
    epochs: int,
    seeds: Sequence[int],
    rates: Sequence[float],
) -> np.ndarray:
    """Train one net per rate and seed; return the test errors in percent, (rates, S).

    `build` makes a stack of nets in float32 for these seeds, repeated for every rate. All rates of
    a seed meet the same batches. The last quarter of the updates is made at a tenth of the rate. An
    output that is not finite is a wrong answer.
    """
    count = len(rates)
    x, y, x_test, y_test = load_stack(tuple(seeds))
    samples = x.shape[1]
    first = samples * torch.arange(len(seeds))[:, None]
    batches = ((first + b).repeat(count, 1) for b in mini_batches(samples, batch_size, seeds))
    with one_thread():
        model = build(tuple(seeds) * count)
        each = np.repeat(rates, len(seeds)).tolist()
        updates = epochs * (samples // batch_size)
        train_stack(model, x.flatten(0, 1).float(), y.flatten(), batches, each, updates)
        with torch.no_grad():
            right = share_right(model, x_test.float().repeat(count, 1, 1), y_test.repeat(count, 1))
    return 100 * (1 - right.reshape(count, -1))
