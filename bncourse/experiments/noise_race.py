"""A noise of one's own behind every batch norm: three nets that learn the digits, side by side.

The live companion of `noisy_batch_norm.py`, whose measurement is more careful. Here the noise is
a function of NumPy arrays that a learner wrote.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.noisy_batch_norm import BATCH_SIZE, SIZES
from bncourse.experiments.training import (
    StackedBatchNorm,
    accuracy,
    build_mlp,
    mini_batches,
    one_thread,
    train,
)

SEEDS = (0, 1, 2, 3, 4)
RATE = 0.1
UPDATES = 150
ARMS = ("without BN", "with BN", "with BN and your noise")
Noise = Callable[..., np.ndarray]


@dataclass(frozen=True)
class NoiseRace:
    """Test accuracies in evaluation mode, (arms, seeds), in the order of `ARMS`, as they print."""

    accuracy: np.ndarray

    def __str__(self) -> str:
        """Return a line for each arm, with the standard deviation over the seeds."""
        lines = [f"after {UPDATES} updates at rate {RATE}, {len(SEEDS)} seeds (± one sd):"]
        for name, row in zip(ARMS, 100 * self.accuracy, strict=True):
            lines.append(f"{name:24}{row.mean():6.1f} ± {row.std(ddof=1):4.1f} % right")
        return "\n".join(lines)


class HandMadeNoise(nn.Module):
    """Apply a learner's noise to each net of a stack: (S, N, D) -> (S, N, D)."""

    def __init__(self, noise: Noise, shift: float, spread: float, layer: int) -> None:
        super().__init__()
        self.noise, self.shift, self.spread = noise, shift, spread
        self.generators = [np.random.default_rng([seed, 3, layer]) for seed in SEEDS]

    def forward(self, x: Tensor) -> Tensor:
        """Multiply and move each unit as the noise does it to a batch of zeros and ones."""
        if not self.training:
            return x
        probe = np.stack([np.zeros(x.shape[-1]), np.ones(x.shape[-1])])
        drawn = [self.noise(probe, self.shift, self.spread, g, True) for g in self.generators]
        low, high = torch.from_numpy(np.stack(drawn)).to(x).unbind(1)
        return x * (high - low)[:, None] + low[:, None]


def race(noise: Noise, shift: float, spread: float) -> NoiseRace:
    """Train the three nets with five seeds, in about two seconds; float32, one rate for all.

    `noise(x_hat, shift, spread, rng, training)` takes and returns (N, D).
    """
    x, y, x_test, y_test = load_stack(SEEDS)
    x, x_test = x.float(), x_test.float()
    first = x.shape[1] * torch.arange(len(SEEDS))[:, None]
    found = []
    for arm in ARMS:
        with_bn = arm != "without BN"
        net = build_mlp(
            SIZES,
            SEEDS,
            activation="relu",
            init="he",
            norm="batch" if with_bn else None,
            hidden_bias=not with_bn,
        )
        if "noise" in arm:
            net = _with_noise(net, noise, shift, spread)
        with one_thread():
            (reading,) = train(
                net.float(),
                x.flatten(0, 1),
                y.flatten(),
                (first + batch for batch in mini_batches(x.shape[1], BATCH_SIZE, SEEDS)),
                learning_rate=RATE,
                measure=lambda net: accuracy(net(x_test), y_test),
                measure_at=[UPDATES],
            )
        found.append(reading)
    return NoiseRace(np.array(found))


def _with_noise(net: nn.Sequential, noise: Noise, shift: float, spread: float) -> nn.Sequential:
    norms = [m for m in net if isinstance(m, StackedBatchNorm)]
    behind = {id(m): HandMadeNoise(noise, shift, spread, k) for k, m in enumerate(norms)}
    parts = ([m, behind[id(m)]] if id(m) in behind else [m] for m in net)
    return nn.Sequential(*chain.from_iterable(parts))
