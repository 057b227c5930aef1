"""Small multilayer perceptrons and plain SGD, for several seeds at once.

A claim about training needs several seeds. Here the networks of all S seeds lie in one stack: the
first axis of every array counts the seeds, one batched product serves them all, and no network
sees another. Each seed draws its own weights and its own order of mini-batches, so two arms of an
experiment can be compared seed by seed. NumPy does the drawing: its streams are the same on every
machine.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Literal, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Reading = TypeVar("Reading")
ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "linear": nn.Identity}
GROUPS = 8  # of the group normalisation


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread inside the block, and as many as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class StackedLinear(nn.Module):
    """A linear layer for each of S networks: (S, N, fan_in) -> (S, N, fan_out).

    `weight` is (S, fan_in, fan_out); `bias` is (S, 1, fan_out), or None for layers without one.
    """

    def __init__(self, weight: np.ndarray, bias: np.ndarray | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.from_numpy(weight))
        self.bias = None if bias is None else nn.Parameter(torch.from_numpy(bias))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each network's batch by that network's weights."""
        if self.bias is None:
            return torch.bmm(x, self.weight)
        return torch.baddbmm(self.bias, x, self.weight)


class StackedBatchNorm(nn.BatchNorm1d):
    """Batch normalisation for each of S networks: (S, N, D) -> (S, N, D).

    Laid side by side, S networks of D features are one batch of N samples with S * D features, and
    torch's own layer normalises every feature by itself.
    """

    def __init__(self, networks: int, features: int) -> None:
        super().__init__(networks * features, dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise over N in training mode, by the running statistics in evaluation mode."""
        networks, samples, features = x.shape
        side_by_side = x.transpose(0, 1).reshape(samples, networks * features)
        return super().forward(side_by_side).view(samples, networks, features).transpose(0, 1)


class StackedGroupNorm(nn.Module):
    """Group normalisation for each of S networks: (S, N, D) -> (S, N, D), each sample by itself.

    One group is layer normalisation. `weight` and `bias` are (S, 1, D). Raises ValueError if the
    groups do not divide the features.
    """

    def __init__(self, networks: int, features: int, groups: int = 1, eps: float = 1e-5) -> None:
        if features % groups:
            raise ValueError(f"{groups} groups do not divide {features} features")
        super().__init__()
        self.groups, self.eps = groups, eps
        self.weight = nn.Parameter(torch.ones(networks, 1, features, dtype=torch.float64))
        self.bias = nn.Parameter(torch.zeros(networks, 1, features, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise every sample over the features of each group; training changes nothing."""
        grouped = x.unflatten(-1, (self.groups, -1))
        x_hat = F.layer_norm(grouped, grouped.shape[-1:], eps=self.eps).flatten(-2)
        return torch.addcmul(self.bias, x_hat, self.weight)


def build_norm(kind: Literal["batch", "layer", "group"], networks: int, features: int) -> nn.Module:
    """Return the normalisation of that kind for a stack of networks; "group" has 8 groups."""
    if kind == "batch":
        return StackedBatchNorm(networks, features)
    return StackedGroupNorm(networks, features, GROUPS if kind == "group" else 1)


def build_mlp(
    sizes: Sequence[int],
    seeds: Sequence[int],
    *,
    activation: Literal["relu", "sigmoid", "tanh", "linear"],
    init: float | Literal["torch", "xavier", "he"],
    norm: Literal["batch", "layer", "group"] | None = None,
    placement: Literal["before", "after"] = "before",
    hidden_bias: bool = True,
    dropout: float = 0,
) -> nn.Sequential:
    """Build one MLP per seed: a stack that maps (S, N, sizes[0]) to (S, N, sizes[-1]), in float64.

    Args:
        sizes: widths of the input, the hidden layers and the output.
        seeds: one per network; a seed fixes the weights whatever `norm` and `placement` are.
        activation: the nonlinearity of every hidden layer.
        init: how weights and biases are drawn, see `draw_layer`.
        norm: "batch", "layer" or "group" (8 groups) gives every hidden layer such a normalisation.
        placement: whether it stands before or after the activation.
        hidden_bias: whether hidden layers have a bias (right before a BN it would do nothing).
        dropout: share of units that a dropout after each hidden layer's activation sets to 0; it
            draws from torch's own generator, which the caller seeds.
    """
    generators = [np.random.default_rng(seed) for seed in seeds]

    def linear(fan_in: int, fan_out: int, gain: float, has_bias: bool) -> StackedLinear:
        layers = [draw_layer(generator, fan_in, fan_out, init, gain) for generator in generators]
        weight, bias = (np.stack(arrays) for arrays in zip(*layers, strict=True))
        return StackedLinear(weight, bias if has_bias else None)

    gain = 4 if activation == "sigmoid" else 1
    modules: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes[:-1]):
        modules.append(linear(fan_in, fan_out, gain, hidden_bias))
        modules.append(ACTIVATIONS[activation]())
        if norm is not None:
            position = len(modules) - (placement == "before")
            modules.insert(position, build_norm(norm, len(seeds), fan_out))
        if dropout:
            modules.append(nn.Dropout(dropout))
    return nn.Sequential(*modules, linear(sizes[-2], sizes[-1], 1, True))


def draw_layer(
    generator: np.random.Generator,
    fan_in: int,
    fan_out: int,
    init: float | Literal["torch", "xavier", "he"],
    gain: float = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the weights (fan_in, fan_out) and the bias (1, fan_out) of one layer.

    A number draws the weights from N(0, init^2). "xavier" draws them uniformly within
    gain * sqrt(6 / (fan_in + fan_out)), the rule of Glorot & Bengio (2010, eq. 16); `build_mlp`
    sets the gain to 4 in front of a sigmoid, whose slope at 0 is 1/4. "he" draws them from
    N(0, 2 / fan_in), the rule of He and others (2015) for ReLUs. All of these start the bias at 0.
    "torch" draws both uniformly within 1 / sqrt(fan_in), which is what `nn.Linear` does.
    """
    shape, bias = (fan_in, fan_out), np.zeros((1, fan_out))
    if init == "xavier":
        bound = gain * np.sqrt(6 / (fan_in + fan_out))
        return generator.uniform(-bound, bound, shape), bias
    if init == "torch":
        bound = 1 / np.sqrt(fan_in)
        return generator.uniform(-bound, bound, shape), generator.uniform(-bound, bound, bias.shape)
    scale = np.sqrt(2 / fan_in) if init == "he" else init
    return generator.normal(0, scale, shape), bias


def mini_batches(samples: int, batch_size: int, seeds: Sequence[int]) -> Iterator[Tensor]:
    """Yield (S, batch_size) sample numbers for ever, one row per seed.

    Every epoch is reshuffled; what does not fill a batch at its end is left out.
    """
    # The second number keeps this stream apart from the one that draws the weights.
    generators = [np.random.default_rng([seed, 1]) for seed in seeds]
    while True:
        epoch = np.stack([generator.permutation(samples) for generator in generators])
        for start in range(0, samples - batch_size + 1, batch_size):
            yield torch.from_numpy(epoch[:, start : start + batch_size])


def train(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    batches: Iterable[Tensor],
    *,
    learning_rate: float,
    measure: Callable[[nn.Module], Reading],
    measure_at: Collection[int],
) -> list[Reading]:
    """Train by plain SGD on the cross-entropy, and return what was measured on the way.

    Args:
        model: maps (S, B, D) to logits (S, B, K); one plain network, (B, D) to (B, K), will do too.
        x: inputs, (N, D).
        y: classes, (N,).
        batches: the sample numbers of each update, (S, B) or (B,).
        learning_rate: the step along each network's own gradient.
        measure: called with the model in evaluation mode and without gradients.
        measure_at: numbers of updates after which to measure; training ends at the largest.
    """
    parameters = list(model.parameters())
    last = max(measure_at)
    readings = []
    for update, batch in enumerate(batches):
        if update in measure_at:
            model.eval()
            with torch.no_grad():
                readings.append(measure(model))
            model.train()
        if update == last:
            break
        logits = model(x[batch]).flatten(0, -2)
        # Mean over the batch, sum over the networks: each gets the gradient of its own loss.
        loss = F.cross_entropy(logits, y[batch].flatten(), reduction="sum") / batch.shape[-1]
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(gradient, alpha=learning_rate)
    return readings


def accuracy(logits: Tensor, y: Tensor) -> np.ndarray:
    """Share of samples classified correctly by each network, (S,): logits (S, N, K), y (N,)."""
    return (logits.argmax(dim=-1) == y).double().mean(dim=-1).numpy()
