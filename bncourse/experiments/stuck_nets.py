"""Does the noise of small batches free a real net that is stuck?

Nets of two hidden units are so small that full-batch gradient descent ends at very different
losses, depending on where it starts. Each is trained with the full batch for long. Then it goes on
in three ways, all from the same weights and for equally many updates. The first half of these is:

- "full batch": as before;
- "mini-batches": with small batches, each size at its own best rate;
- "higher rate": with the full batch at a higher rate.

The second half is the same for all: the full batch at a fifth of the rate. At the best rate,
gradient descent bounces, with a full batch too; a low rate lets it settle, so that the losses at
the end tell where a net is rather than when it was looked at.

The learning rate is the one with the lowest mean loss before the branching, the size of the
mini-batches and the higher rate those with the lowest at the end, all on other seeds. A seed fixes
the images, the weights and the order of the batches.

`python -m bncourse.experiments.stuck_nets` measures everything again, in about fifteen minutes.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import torch
from torch import Tensor

from bncourse import results
from bncourse.experiments.batch_race import load_stack, training_loss
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread, train

SIZES = (64, 2, 10)
NETS = {"relu": "torch", "sigmoid": "xavier"}  # activation -> how the weights are drawn
IMAGES = 300
SEEDS = tuple(range(10))
SEARCH_SEEDS = tuple(range(100, 110))
SEARCH_RATES = {"relu": (0.1, 0.2, 0.4), "sigmoid": (0.125, 0.25, 0.5, 1.0)}
# Beyond the largest size, and below the smallest factor, lies the arm with the full batch.
SEARCH_SIZES = (2, 8, 32, 128)
SEARCH_SHARES = (4, 1, 1 / 4, 1 / 16)  # of the full batch's rate, for mini-batches
SEARCH_FACTORS = (2, 4, 8)
UNTIL_STUCK = 20_000  # updates
EARLY = 1000  # updates; a cheap slice to measure again
HALF = 3000  # updates of each half of what follows
SETTLING = 0.2  # times the rate, in the second half


@dataclass(frozen=True)
class Paired:
    """Values of one arm minus those of another, seed by seed.

    Attributes:
        mean: of the differences.
        standard_error: of that mean.
        lower: how many of the seeds have the lower value in the first arm.
        seeds: of how many.
    """

    mean: float
    standard_error: float
    lower: int
    seeds: int


def paired(values: Sequence[float], others: Sequence[float]) -> Paired:
    """Compare two arms by what they reached with the same seeds."""
    differences = np.subtract(values, others)
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    lower = int((differences < 0).sum())
    return Paired(float(differences.mean()), float(error), lower, len(differences))


class Nets:
    """A stack of S nets, one per seed, with their training and test images."""

    def __init__(self, activation: str, seeds: Sequence[int]) -> None:
        self.seeds = tuple(seeds)
        x, y, self.x_test, self.y_test = load_stack(self.seeds)
        self.x, self.y = x[:, :IMAGES].contiguous(), y[:, :IMAGES].contiguous()
        init = NETS[activation]
        self.net = build_mlp(SIZES, self.seeds, activation=activation, init=init)

    def descend(self, updates: int, learning_rate: float, batch_size: int = IMAGES) -> "Nets":
        """Return a copy that was trained further."""
        further = deepcopy(self)
        with one_thread():
            train(
                further.net,
                self.x.flatten(0, 1),
                self.y.flatten(),
                self._batches(batch_size),
                learning_rate=learning_rate,
                measure=len,
                measure_at=[updates],
            )
        return further

    def loss(self) -> np.ndarray:
        """Return the mean cross-entropy of the training images, (S,)."""
        with torch.no_grad():
            return training_loss(self.net, self.x, self.y)

    def accuracy(self) -> np.ndarray:
        """Return the share of the test images classified correctly, (S,)."""
        with torch.no_grad():
            return accuracy(self.net(self.x_test), self.y_test)

    def _batches(self, batch_size: int) -> Iterable[Tensor]:
        first = IMAGES * torch.arange(len(self.seeds))[:, None]
        if batch_size == IMAGES:  # no need to shuffle
            return repeat(first + torch.arange(IMAGES))
        return (first + batch for batch in mini_batches(IMAGES, batch_size, self.seeds))


def get_stuck(activation: str, rate: float, seeds: Sequence[int] = SEEDS) -> Nets:
    """Train new nets with the full batch for `UNTIL_STUCK` updates."""
    return Nets(activation, seeds).descend(UNTIL_STUCK, rate)


def go_on(stuck: Nets, rate: float, *, batch_size: int = IMAGES, factor: float = 1) -> Nets:
    """Train for `HALF` updates with this batch size and `factor` * rate, then let it settle."""
    return stuck.descend(HALF, factor * rate, batch_size).descend(HALF, SETTLING * rate)


def measure_net(activation: str) -> dict:
    """Search the settings on `SEARCH_SEEDS`, then branch on `SEEDS`."""
    rates = SEARCH_RATES[activation]
    tried = [get_stuck(activation, rate, SEARCH_SEEDS) for rate in rates]
    rate_losses = [_mean_loss(nets) for nets in tried]
    rate, stuck = rates[int(np.argmin(rate_losses))], tried[int(np.argmin(rate_losses))]
    without = _mean_loss(go_on(stuck, rate))
    by_size = [
        [_mean_loss(go_on(stuck, rate, batch_size=size, factor=share)) for share in SEARCH_SHARES]
        for size in SEARCH_SIZES
    ]
    by_factor = [_mean_loss(go_on(stuck, rate, factor=factor)) for factor in SEARCH_FACTORS]
    shares = [SEARCH_SHARES[int(np.argmin(losses))] for losses in by_size]
    best = int(np.argmin(np.min(by_size, axis=1)))
    batch_size, share = SEARCH_SIZES[best], shares[best]
    factor = SEARCH_FACTORS[int(np.argmin(by_factor))]

    stuck = get_stuck(activation, rate)
    return {
        "activation": activation,
        "learning_rate": rate,
        "batch_size": batch_size,
        "share": share,
        "factor": factor,
        "search": {
            "learning_rates": rates,
            "loss_by_rate": _plain(rate_losses),
            "batch_sizes": SEARCH_SIZES,
            "shares": SEARCH_SHARES,
            "loss_by_batch_size_and_share": [_plain(losses) for losses in by_size],
            "factors": SEARCH_FACTORS,
            "loss_by_factor": _plain(by_factor),
            "loss_without": _plain([without])[0],
        },
        "early": {
            "full batch": _outcome(Nets(activation, SEEDS).descend(EARLY, rate)),
            "mini-batches": _outcome(Nets(activation, SEEDS).descend(EARLY, rate, batch_size)),
        },
        "stuck": _outcome(stuck),
        "share_by_batch_size": shares,
        "loss_by_batch_size": by_batch_size(stuck, rate, shares),
        "full batch": _outcome(go_on(stuck, rate)),
        "mini-batches": _outcome(go_on(stuck, rate, batch_size=batch_size, factor=share)),
        "higher rate": _outcome(go_on(stuck, rate, factor=factor)),
    }


def by_batch_size(stuck: Nets, rate: float, shares: Sequence[float]) -> list[list[float | None]]:
    """Return the losses at the end for each of `SEARCH_SIZES`, at its own share of the rate."""
    return [
        _plain(go_on(stuck, rate, batch_size=size, factor=share).loss())
        for size, share in zip(SEARCH_SIZES, shares, strict=True)
    ]


def measure_all() -> dict:
    """Measure both nets."""
    return {
        "network": {"sizes": SIZES, "images": IMAGES},
        "updates": {"until_stuck": UNTIL_STUCK, "half": HALF, "early": EARLY},
        "settling": SETTLING,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "nets": [measure_net(activation) for activation in NETS],
    }


def _outcome(nets: Nets) -> dict:
    return {"loss": _plain(nets.loss()), "accuracy": _plain(nets.accuracy())}


def _mean_loss(nets: Nets) -> float:
    """Return the mean over the seeds; inf if a net left the numbers."""
    mean = float(nets.loss().mean())
    return mean if np.isfinite(mean) else np.inf


def _plain(values: Iterable[float]) -> list[float | None]:
    """Round for JSON, which knows neither inf nor nan: None means that a net left the numbers."""
    return [round(float(value), 5) if np.isfinite(value) else None for value in values]


if __name__ == "__main__":
    command = "python -m bncourse.experiments.stuck_nets"
    print(results.store("stuck_nets", command, measure_all()))
