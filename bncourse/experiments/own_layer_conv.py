"""A small convolutional net on digits whose normalisation layers are handed in.

The same start and the same batches for every layer, in float64, so that two layers that compute the
same thing give the same losses to many digits.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.data import load_digits
from bncourse.experiments.training import draw_layer, mini_batches, one_thread

SIDE = 8
CHANNELS = (8, 16)
BATCH_SIZE = 32
LEARNING_RATE = 1.0
UPDATES = 120


@dataclass(frozen=True)
class ConvRun:
    """One net, trained by plain SGD.

    Attributes:
        losses: (T,) cross-entropy of each mini-batch before its update.
        accuracy: share of the 500 test images that are classified correctly, measured with all of
            them as one batch in training mode, as the layers need no running averages for it.
    """

    losses: np.ndarray
    accuracy: float


def build_conv_net(make_norm: Callable[[int], nn.Module], seed: int = 0) -> nn.Sequential:
    """Build convolution, norm, ReLU, twice, then the mean over all places and a linear layer.

    It maps images (N, 1, 8, 8) in float64 to logits (N, 10). `make_norm(channels)` makes each norm.
    """
    generator = np.random.default_rng(seed)
    modules: list[nn.Module] = []
    before = 1
    for channels in CHANNELS:
        conv = nn.Conv2d(before, channels, 3, padding=1, bias=False, dtype=torch.float64)
        weight, _ = draw_layer(generator, 9 * before, channels, "torch")
        conv.weight.data = torch.from_numpy(weight.T.reshape(conv.weight.shape).copy())
        modules += [conv, make_norm(channels).double(), nn.ReLU()]
        before = channels
    linear = nn.Linear(before, 10, dtype=torch.float64)
    weight, bias = draw_layer(generator, before, 10, "torch")
    linear.weight.data, linear.bias.data = (
        torch.from_numpy(weight.T.copy()),
        torch.from_numpy(bias[0]),
    )
    return nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)


def train_conv_net(
    make_norm: Callable[[int], nn.Module], seed: int = 0, updates: int = UPDATES
) -> ConvRun:
    """Train a net with these norms on the digits, about a second; see `build_conv_net`."""
    digits = load_digits()
    x, x_test = (
        torch.from_numpy(a).reshape(-1, 1, SIDE, SIDE) for a in (digits.x_train, digits.x_test)
    )
    y, y_test = torch.from_numpy(digits.y_train), torch.from_numpy(digits.y_test)
    net = build_conv_net(make_norm, seed)
    losses = []
    with one_thread():
        for batch in _first(updates, mini_batches(len(x), BATCH_SIZE, (seed,))):
            losses.append(_update(net, x[batch[0]], y[batch[0]]))
        with torch.no_grad():
            right = net(x_test).argmax(dim=1) == y_test
    return ConvRun(np.array(losses), float(right.double().mean()))


def _first(n: int, batches: Iterator[Tensor]) -> Iterator[Tensor]:
    return (batch for _, batch in zip(range(n), batches, strict=False))


def _update(net: nn.Module, x: Tensor, y: Tensor) -> float:
    parameters = list(net.parameters())
    loss = F.cross_entropy(net(x), y)
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.sub_(gradient, alpha=LEARNING_RATE)
    return loss.item()
