"""What standardised inputs are still worth further up: the inputs of every layer during training.

Inputs are standardised once. The input of the second layer is what the first one makes of them: it
depends on weights that learn. A network of three hidden layers of 100 ReLUs reads 8 x 8 digits, and
the centre and spread of the input of each of its four linear layers are measured on the test images
in the course of training. A seed fixes the split into training and test images, the weights and
the order of the mini-batches.

The network starts with PyTorch's weights. Two more arms tell what is due to them and to the inputs:
weights after He et al. (2015, eq. 10), and inputs left raw.

`python -m bncourse.experiments.deeper_layers` searches the learning rates and stores what it finds,
in about half a minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
from bncourse.data import Digits, load_digits
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread, train

SIZES = (64, 100, 100, 100, 10)
BATCH_SIZE = 60
# What is done to the pixels, and how the weights are drawn. PyTorch's default is small for ReLUs:
# the last arm shows how much of what happens is due to that. Its number is He's rule for 100 units.
ARMS = {
    "raw": ("raw", "torch"),
    "standardised": ("standardised", "torch"),
    "standardised, He weights": ("standardised", np.sqrt(2 / 100)),
}
STEPS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 300)
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not the lesson's
SEARCH_RATES = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)


@dataclass(frozen=True)
class DeeperLayers:
    """Centre and spread of the inputs of all L linear layers, on the test images, for S seeds.

    A unit is one entry of a layer's input: a pixel for layer 1, an output of a ReLU above it. Its
    mean and its standard deviation go over the test images, and all units of a layer count alike.

    Attributes:
        arm: inputs and weights, a key of `ARMS`.
        learning_rate: of plain SGD, the best of a search on other seeds.
        seeds: (S,) of splits, weights and batches.
        steps: (T,) numbers of updates after which it was measured, from 0.
        centre: (S, L, T) root mean square over units of the unit's mean.
        spread: (S, L, T) median over units of the unit's standard deviation.
        scale: (S, L, T) root mean square over units of the unit's standard deviation.
        moved: (S, L, T) how far the units' means went since the measurement before, as root mean
            square over units, in standard deviations: divided by the root mean square over units of
            the standard deviation at the measurement before. 0 for the first; nan if every unit of
            the layer had died, so that there is nothing to measure by.
        moved_in_all: (S, L, T) the same since step 0, in standard deviations of step 0.
        accuracy: (S, T) on the test images.
    """

    arm: str
    learning_rate: float
    seeds: tuple[int, ...]
    steps: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    scale: np.ndarray
    moved: np.ndarray
    moved_in_all: np.ndarray
    accuracy: np.ndarray


def measure_deeper_layers(
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    steps: Sequence[int] = STEPS,
    arm: str = "standardised",
    learning_rate: float | None = None,
) -> DeeperLayers:
    """Train one network per seed up to the last of `steps`, measuring on the way.

    Without a `learning_rate` the stored search decides. Raises KeyError for an arm that is not in
    `ARMS`.
    """
    preparation, init = ARMS[arm]
    splits = [_prepared(load_digits(seed), preparation) for seed in seeds]
    if learning_rate is None:
        learning_rate = best_rate(arm)
    x = torch.from_numpy(np.concatenate([split.x_train for split in splits]))
    y = torch.from_numpy(np.concatenate([split.y_train for split in splits]))
    x_test = torch.from_numpy(np.stack([split.x_test for split in splits]))
    y_test = torch.from_numpy(np.stack([split.y_test for split in splits]))

    # The training sets lie one behind the other: each seed's sample numbers start at its own set.
    samples = len(splits[0].x_train)
    first = samples * torch.arange(len(seeds))[:, None]
    with one_thread():
        readings = train(
            build_mlp(SIZES, seeds, activation="relu", init=init),
            x,
            y,
            (first + batch for batch in mini_batches(samples, BATCH_SIZE, seeds)),
            learning_rate=learning_rate,
            measure=lambda model: _inputs_of_layers(model, x_test, y_test),
            measure_at=steps,
        )
    means, deviations, accuracies = zip(*readings, strict=True)
    before = np.maximum(np.arange(len(means)) - 1, 0)
    return DeeperLayers(
        arm=arm,
        learning_rate=learning_rate,
        seeds=tuple(seeds),
        steps=np.array(sorted(set(steps))),
        centre=_over_time([[_rms(m) for m in layers] for layers in means]),
        spread=_over_time([[np.median(d, axis=1) for d in layers] for layers in deviations]),
        scale=_over_time([[_rms(d) for d in layers] for layers in deviations]),
        moved=_moved(means, deviations, before),
        moved_in_all=_moved(means, deviations, np.zeros_like(before)),
        accuracy=np.stack(accuracies, axis=1),
    )


def best_rate(arm: str) -> float:
    """Return the learning rate of the stored search with the best mean accuracy."""
    return results.load("deeper_layers")["arms"][arm]["best_learning_rate"]


def search_rates() -> dict:
    """Train every arm at every rate; the best has the best mean test accuracy."""
    arms = {}
    for arm in ARMS:
        final = [
            measure_deeper_layers(SEARCH_SEEDS, STEPS[-1:], arm, rate).accuracy[:, -1]
            for rate in SEARCH_RATES
        ]
        best = SEARCH_RATES[int(np.mean(final, axis=1).argmax())]
        arms[arm] = {
            "best_learning_rate": best,
            "accuracy": [values.round(4).tolist() for values in final],
        }
    return {
        "updates": STEPS[-1],
        "batch_size": BATCH_SIZE,
        "seeds": SEARCH_SEEDS,
        "learning_rates": SEARCH_RATES,
        "arms": arms,
    }


def _prepared(digits: Digits, preparation: str) -> Digits:
    if preparation == "raw":
        return digits
    mean, deviation = digits.x_train.mean(axis=0), digits.x_train.std(axis=0)
    deviation[deviation == 0] = 1  # a pixel without ink in every training image
    x_train, x_test = ((x - mean) / deviation for x in (digits.x_train, digits.x_test))
    return Digits(x_train, digits.y_train, x_test, digits.y_test)


def _inputs_of_layers(model: nn.Sequential, x: Tensor, y: Tensor) -> tuple[list, list, np.ndarray]:
    """Return the units' means and standard deviations, an (S, units) per layer; and accuracies."""
    means, deviations = [], []
    for position in range(0, len(model), 2):
        means.append(x.mean(dim=1).numpy())
        deviations.append(x.std(dim=1, correction=0).numpy())
        x = model[position : position + 2](x)
    return means, deviations, accuracy(x, y)


def _rms(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean(values**2, axis=1))


def _moved(means: Sequence, deviations: Sequence, since: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = [
            [
                _rms(now - then) / _rms(scale)
                for now, then, scale in zip(means[t], means[start], deviations[start], strict=True)
            ]
            for t, start in enumerate(since)
        ]
    return _over_time(moves)


def _over_time(values: list[list[np.ndarray]]) -> np.ndarray:
    return np.array(values).transpose(2, 1, 0)


if __name__ == "__main__":
    command = "python -m bncourse.experiments.deeper_layers"
    print(results.store("deeper_layers", command, search_rates()))
