"""What happens when the backward pass takes the statistics for constants.

Ioffe & Szegedy (2015, section 2) give an example: a layer adds a bias b to its input and subtracts
the mean, but gradient descent ignores that the mean depends on b. Then b grows without end, while
the output and the loss stay as they are. `bias_runs` is that example on a real column, in NumPy.
`net_runs` does the same to a whole net: the statistics of every BN layer are detached from the
graph, or not. The linear layers in front of the BN layers keep their biases.

`python -m bncourse.experiments.outside_the_gradient` measures the nets again, in two to
four minutes.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
from bncourse.data import load_breast_cancer
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.training import (
    StackedBatchNorm,
    StackedLinear,
    accuracy,
    build_mlp,
    mini_batches,
    one_thread,
    train,
)

COLUMN, TARGET = "mean radius", "worst radius"
BIAS_RATE = 0.1

ARMS = ("through", "outside")
SIZES = (64, 64, 64, 64, 10)
BATCH_SIZE = 60
UPDATES = (0, 1, 3, 10, 30, 100, 300, 1000)
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those of the comparison
SEARCH_RATES = tuple(2.0**power for power in range(-10, 5))
COMMON_RATE = 1 / 16  # far from both arms' best


@dataclass(frozen=True)
class BiasRuns:
    """One bias under gradient descent, with the mean outside and inside the gradient.

    Attributes:
        steps: (T,) 0, 1, 2 … T - 1.
        b_outside, b_inside: (T,) the bias after so many steps, in the unit of the column.
        loss_outside, loss_inside: (T,) half the mean squared error, in that unit squared.
        learning_rate: of both.
        target_mean: what a step outside the gradient adds to b, divided by the learning rate.
    """

    steps: np.ndarray
    b_outside: np.ndarray
    b_inside: np.ndarray
    loss_outside: np.ndarray
    loss_inside: np.ndarray
    learning_rate: float
    target_mean: float


def bias_runs(steps: int = 1000, learning_rate: float = BIAS_RATE) -> BiasRuns:
    """Descend on b in x = u + b, x_hat = x - mean(x), loss = mean((x_hat - target)^2) / 2.

    u is the mean radius of the cells of 569 tumours, the target their largest radius. Both runs
    start at b = 0. As x_hat has mean 0 whatever b is, the mean residual is minus the mean of the
    target: that is the gradient of b if the mean counts as constant. Through the mean it is 0.
    """
    table = load_breast_cancer()
    u, target = (table.x[:, table.names.index(name)] for name in (COLUMN, TARGET))
    paths = {arm: _descend(u, target, steps, learning_rate, arm) for arm in ARMS}
    (b_inside, loss_inside), (b_outside, loss_outside) = paths["through"], paths["outside"]
    return BiasRuns(
        np.arange(steps + 1),
        b_outside,
        b_inside,
        loss_outside,
        loss_inside,
        learning_rate,
        float(target.mean()),
    )


def _descend(
    u: np.ndarray, target: np.ndarray, steps: int, rate: float, arm: str
) -> tuple[np.ndarray, np.ndarray]:
    b, biases, losses = 0.0, [], []
    for _ in range(steps + 1):
        x = u + b
        residual = x - x.mean() - target
        biases.append(b)
        losses.append(np.mean(residual**2) / 2)
        dx = residual / len(u)
        if arm == "through":
            dx = dx - dx.mean()  # what every x does to all the others by moving the mean
        b -= rate * dx.sum()
    return np.array(biases), np.array(losses)


@dataclass(frozen=True)
class NetRuns:
    """S nets of three hidden layers with BN on the digits, after each of T updates.

    Attributes:
        arm: "through": backpropagation passes through the statistics, as it should; "outside": it
            takes them for constants.
        learning_rate: of plain SGD.
        updates: (T,).
        seeds: (S,); a seed fixes the split, the weights and the order of the batches.
        weight_norm: (S, T) Frobenius norm of a hidden layer's weights, mean of the three.
        bias: (S, T) mean |bias| of the hidden linear layers.
        accuracy: (S, T) share of test images classified correctly, in evaluation mode.
        batch_accuracy: (S, T) the same in training mode, all test images as one batch; so it does
            not depend on running averages, which lag behind where a mean drifts.
    """

    arm: Literal["through", "outside"]
    learning_rate: float
    updates: tuple[int, ...]
    seeds: tuple[int, ...]
    weight_norm: np.ndarray
    bias: np.ndarray
    accuracy: np.ndarray
    batch_accuracy: np.ndarray


class DetachedBatchNorm(StackedBatchNorm):
    """A `StackedBatchNorm` whose batch statistics are constants for the backward pass.

    The forward pass is the same: the same outputs, the same running averages.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise as a `StackedBatchNorm`, (S, N, D) -> (S, N, D)."""
        if not self.training:
            return super().forward(x)
        with torch.no_grad():
            super().forward(x)  # updates the running averages
            var, mean = torch.var_mean(x, dim=1, correction=0, keepdim=True)
        per_network = (len(x), 1, -1)
        x_hat = (x - mean) / torch.sqrt(var + self.eps)
        return x_hat * self.weight.view(per_network) + self.bias.view(per_network)


def net_runs(
    arm: Literal["through", "outside"],
    learning_rate: float,
    updates: Sequence[int] = UPDATES,
    seeds: Sequence[int] = SEEDS,
) -> NetRuns:
    """Train one net per seed, and look at it after `updates` (ascending).

    200 updates of three nets take less than a second.

    Raises:
        ValueError: an arm that is not one of "through" and "outside".
    """
    if arm not in ARMS:
        raise ValueError(f"arm is {arm!r}; it is one of {', '.join(ARMS)}.")
    updates, seeds = tuple(updates), tuple(seeds)
    x, y, x_test, y_test = load_stack(seeds)
    samples = x.shape[1]
    net = build_mlp(SIZES, seeds, activation="relu", init="torch", norm="batch")
    if arm == "outside":
        for place, layer in enumerate(net):
            if isinstance(layer, StackedBatchNorm):
                net[place] = DetachedBatchNorm(len(seeds), layer.num_features // len(seeds))

    def measure(net: nn.Sequential) -> tuple[np.ndarray, ...]:
        hidden = [layer for layer in net if isinstance(layer, StackedLinear)][:-1]
        norms = [layer.weight.flatten(1).norm(dim=1) for layer in hidden]
        biases = [layer.bias.abs().mean(dim=(1, 2)) for layer in hidden]
        evaluated = accuracy(net(x_test), y_test)
        in_training_mode = accuracy(deepcopy(net).train()(x_test), y_test)
        return (
            torch.stack(norms).mean(dim=0).numpy(),
            torch.stack(biases).mean(dim=0).numpy(),
            evaluated,
            in_training_mode,
        )

    first = samples * torch.arange(len(seeds))[:, None]
    with one_thread():
        readings = train(
            net,
            x.flatten(0, 1),
            y.flatten(),
            (first + batch for batch in mini_batches(samples, BATCH_SIZE, seeds)),
            learning_rate=learning_rate,
            measure=measure,
            measure_at=updates,
        )
    values = (np.stack(arrays, axis=-1) for arrays in zip(*readings, strict=True))
    return NetRuns(arm, learning_rate, updates, seeds, *values)


def load() -> dict[str, tuple[NetRuns, ...]]:
    """Return the stored runs: arm -> one record per learning rate, ascending."""
    stored = results.load("outside_the_gradient")
    updates, seeds = tuple(stored["updates"]), tuple(stored["seeds"])
    measured = ("weight_norm", "bias", "accuracy", "batch_accuracy")
    return {
        arm: tuple(
            NetRuns(
                arm, run["learning_rate"], updates, seeds, *(np.array(run[n]) for n in measured)
            )
            for run in stored["runs"]
            if run["arm"] == arm
        )
        for arm in ARMS
    }


def measure_all() -> dict:
    """Search each arm's rate, then run both arms at both of these and at a common one."""
    search = {arm: _search(arm) for arm in ARMS}
    best = {arm: SEARCH_RATES[int(np.argmax(means))] for arm, means in search.items()}
    rates = sorted({COMMON_RATE, *best.values()})
    runs = [net_runs(arm, rate) for arm in ARMS for rate in rates]
    return {
        "network": {"sizes": SIZES, "activation": "relu", "batch_size": BATCH_SIZE},
        "best_rate": best,
        "search": {
            "seeds": SEARCH_SEEDS,
            "learning_rates": SEARCH_RATES,
            "mean_accuracy": search,
        },
        "updates": UPDATES,
        "seeds": SEEDS,
        "runs": [
            {
                "arm": run.arm,
                "learning_rate": run.learning_rate,
                "weight_norm": run.weight_norm.round(3).tolist(),
                "bias": run.bias.round(4).tolist(),
                "accuracy": run.accuracy.round(4).tolist(),
                "batch_accuracy": run.batch_accuracy.round(4).tolist(),
            }
            for run in runs
        ],
    }


def _search(arm: Literal["through", "outside"]) -> list[float]:
    runs = (net_runs(arm, rate, UPDATES[-1:], SEARCH_SEEDS) for rate in SEARCH_RATES)
    return [round(float(run.accuracy.mean()), 4) for run in runs]


if __name__ == "__main__":
    command = "python -m bncourse.experiments.outside_the_gradient"
    print(results.store("outside_the_gradient", command, measure_all()))
