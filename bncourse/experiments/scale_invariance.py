"""Weights in front of a BN layer: only their direction counts, and what follows from it.

BN divides by the standard deviation of what the weights make. So weights `a` times as large give
the same outputs, and a gradient `1 / a` times as large (Ioffe & Szegedy 2015, section 3.3). As the
loss is the same along the ray from 0 through a unit's weights, the gradient is at right angles to
them. Then a step of plain SGD is the leg of a right triangle, and every step makes the weights
longer: |W|^2 grows by rate^2 |g|^2 (Salimans & Kingma 2016, section 2.1, for weight norm).

All of this holds for eps = 0 and is broken by an eps that is not small beside the variance.
Everything here is in float64 and takes less than a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.training import (
    StackedBatchNorm,
    StackedLinear,
    accuracy,
    build_mlp,
    mini_batches,
    one_thread,
)

SIZES = (64, 64, 64, 10)
IMAGES = 256  # of the one batch that `scaled` looks at
BATCH_SIZE = 60
FACTORS = tuple(10.0**k for k in range(-4, 3))
TORCH_EPS = 1e-5
NO_EPS = 1e-30  # torch refuses 0; beside any variance met here this is 0 in float64


@dataclass(frozen=True)
class ScaledNet:
    """One net on one batch, its hidden weights multiplied by each of K factors.

    Attributes:
        norm: "batch", or None for a net without BN.
        eps: of the BN layers.
        factors: (K,) a.
        loss: (K,) mean cross-entropy of the batch, in training mode.
        gradient: (K,) norm of the gradient of all hidden weights together.
        cosine: (K,) between a unit's incoming weights and their gradient: the value furthest from
            0 of all hidden units.
        predicted_loss, predicted_gradient, predicted_cosine: (K,) the same without multiplying:
            see `scaled`. Without BN they are what scale invariance would give.
    """

    norm: str | None
    eps: float
    factors: np.ndarray
    loss: np.ndarray
    gradient: np.ndarray
    cosine: np.ndarray
    predicted_loss: np.ndarray
    predicted_gradient: np.ndarray
    predicted_cosine: np.ndarray


def scaled(
    factors: Sequence[float] = FACTORS,
    eps: float = TORCH_EPS,
    norm: Literal["batch"] | None = "batch",
    seed: int = 0,
) -> ScaledNet:
    """Multiply the weights in front of every BN layer by each factor, and look at one batch.

    The prediction leaves the weights alone and divides eps by a^2: a^2 var + eps is a^2 times
    var + eps / a^2, so the normalised values are the same, and the gradient is that net's by a.
    The cosine follows from a unit's gamma: the weights w of a unit and their gradient g have
    <w, g> = eps / (var + eps) * gamma * (gradient of gamma), which is 0 for eps = 0.

    Raises:
        ValueError: a factor or eps that is not positive.
    """
    if not (min(factors) > 0 and eps > 0):
        raise ValueError("factors and eps must be positive.")
    x, y, _, _ = load_stack((seed,))
    x, y = x[:, :IMAGES], y[:, :IMAGES]
    measured, predicted = [], []
    with one_thread():
        for a in factors:
            measured.append(_look(build_net((seed,), norm, eps, a), x, y)[:3])
            loss, gradient, _, cosine = _look(build_net((seed,), norm, eps / a**2, 1.0), x, y)
            predicted.append((loss, gradient / a, cosine))
    return ScaledNet(norm, eps, np.array(factors), *np.array(measured).T, *np.array(predicted).T)


def build_net(seeds: Sequence[int], norm: str | None, eps: float, factor: float) -> nn.Sequential:
    """Return one net per seed with this eps, its hidden weights multiplied by `factor`."""
    net = build_mlp(
        SIZES, seeds, activation="relu", init="torch", norm=norm, hidden_bias=norm is None
    )
    with torch.no_grad():
        for weight in hidden_weights(net):
            weight.mul_(factor)
    for layer in net:
        if isinstance(layer, StackedBatchNorm):
            layer.eps = eps
    return net


def hidden_weights(net: nn.Sequential) -> list[Tensor]:
    """Return the weights of all linear layers but the last, each (S, fan_in, fan_out)."""
    return [layer.weight for layer in net if isinstance(layer, StackedLinear)][:-1]


def summed_loss(net: nn.Sequential, x: Tensor, y: Tensor) -> Tensor:
    """Return the sum over the nets of each one's mean cross-entropy: x (S, B, D), y (S, B)."""
    logits = net(x).flatten(0, 1)
    return F.cross_entropy(logits, y.flatten(), reduction="sum") / y.shape[1]


def _look(net: nn.Sequential, x: Tensor, y: Tensor) -> tuple[float, float, float, float]:
    """Return loss, gradient norm, cosine, and the cosine that eps predicts, of one net."""
    norms = [layer for layer in net if isinstance(layer, StackedBatchNorm)]
    variances: list[Tensor] = []
    for layer in norms:
        layer.register_forward_pre_hook(
            lambda _, inputs: variances.append(inputs[0].detach().var(dim=1, correction=0))
        )
    weights = hidden_weights(net)
    loss = summed_loss(net, x, y)
    gradients = torch.autograd.grad(loss, [*weights, *(layer.weight for layer in norms)])
    cosines, predicted = [], [torch.zeros(1, dtype=torch.float64)]
    for k, weight in enumerate(weights):
        gradient, weight = gradients[k], weight.detach()
        lengths = (weight.norm(dim=1) * gradient.norm(dim=1)).flatten()
        moved = lengths > 0  # a unit whose ReLU is never on has no gradient
        cosines.append(((weight * gradient).sum(dim=1).flatten() / lengths)[moved])
        if norms:
            eps, gamma = norms[k].eps, norms[k].weight.detach()
            share = (eps / (variances[k] + eps)).flatten()
            predicted.append((share * gamma * gradients[len(weights) + k] / lengths)[moved])
    total = torch.sqrt(sum((gradient**2).sum() for gradient in gradients[: len(weights)]))
    return float(loss.detach()), float(total), _furthest(cosines), _furthest(predicted)


def _furthest(parts: list[Tensor]) -> float:
    values = torch.cat(parts)
    return float(values[values.abs().argmax()])


@dataclass(frozen=True)
class Growth:
    """The hidden weights of S nets during T updates of plain SGD without weight decay.

    Attributes:
        norm: "batch", or None for nets without BN.
        rate: learning rate.
        seeds: (S,) of splits, weights and batches.
        squared: (S, T + 1) |W|^2, all hidden weights together, at the start and after each update.
        added: (S, T) rate^2 |g|^2 of each update.
        accuracy: (S,) share of the test images classified correctly at the end; 0.1 is guessing.
    """

    norm: str | None
    rate: float
    seeds: tuple[int, ...]
    squared: np.ndarray
    added: np.ndarray
    accuracy: np.ndarray

    @property
    def left_over(self) -> np.ndarray:
        """What is left of each update of |W|^2 if `added` is taken away, over |W|^2: (S, T)."""
        return (np.diff(self.squared, axis=1) - self.added) / self.squared[:, 1:]


def grow(
    rate: float = 0.5,
    updates: int = 100,
    *,
    norm: Literal["batch"] | None = "batch",
    eps: float = NO_EPS,
    factor: float = 1.0,
    seeds: Sequence[int] = (0, 1, 2),
) -> Growth:
    """Train nets by plain SGD, with batches of 60 digits, and follow the length of their weights.

    `factor` multiplies the hidden weights at the start. 100 updates of three nets take about a
    quarter of a second.
    """
    x, y, x_test, y_test = load_stack(tuple(seeds))
    rows = torch.arange(len(seeds))[:, None]
    with one_thread():
        net = build_net(seeds, norm, eps, factor)
        parameters, weights = list(net.parameters()), hidden_weights(net)
        places = [k for k, p in enumerate(parameters) if any(p is weight for weight in weights)]
        squared, added = [_squared(weights)], []
        for batch in islice(mini_batches(x.shape[1], BATCH_SIZE, seeds), updates):
            gradients = torch.autograd.grad(
                summed_loss(net, x[rows, batch], y[rows, batch]), parameters
            )
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.sub_(gradient, alpha=rate)
            squared.append(_squared(weights))
            added.append(rate**2 * _squared([gradients[k] for k in places]))
        net.eval()
        with torch.no_grad():
            right = accuracy(net(x_test), y_test)
    return Growth(
        norm, rate, tuple(seeds), np.stack(squared, axis=1), np.stack(added, axis=1), right
    )


def _squared(arrays: Sequence[Tensor]) -> np.ndarray:
    return sum((array.detach() ** 2).sum(dim=(1, 2)) for array in arrays).numpy()
