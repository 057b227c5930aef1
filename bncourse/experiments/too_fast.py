"""Raw columns at a learning rate that suits standardised ones: which models explode, and when.

The rate is too large for the raw bowl by a factor of ten thousand or more. What comes of it depends
on the model. Squared error grows with the square of the error, and every step multiplies it, until
it is no number any more. The cross-entropy of a softmax regression cannot: its gradient is bounded
by the size of the features, so the loss jumps to and fro at a huge level. A network of ReLUs throws
its hidden units out of reach of the data in the first steps, and they stay dead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import torch
import torch.nn.functional as F

from bncourse.data import load_wine
from bncourse.experiments.rulers import prepare
from bncourse.experiments.training import accuracy, build_mlp, one_thread, train

PREPARATIONS = ("raw", "standardised")
MODELS = ("squared error", "softmax", "ReLU network")
RATE = 0.1
STEPS = 200
HIDDEN = 50


@dataclass(frozen=True)
class TooFast:
    """One model on all the wines, trained by full-batch gradient descent at one rate.

    Attributes:
        model: one of `MODELS`. "squared error" is linear, with half the mean squared error of
            telling class 0 from the others; the other two minimise the cross-entropy of the
            classes, the network with one hidden layer of `HIDDEN` ReLUs.
        preparation: one of `PREPARATIONS`.
        learning_rate: the same for all.
        seeds: (S,) of the network's weights; the other two start at 0 and have one.
        loss: (S, T) after 0, 1, 2 … T - 1 steps. inf or nan when too large for a float.
        accuracy: (S,) on the same wines after the last step; nan for the squared error.
        dead: (S,) share of hidden units that are 0 for every wine after the last step; nan where
            there are none.
    """

    model: str
    preparation: str
    learning_rate: float
    seeds: tuple[int, ...]
    loss: np.ndarray
    accuracy: np.ndarray
    dead: np.ndarray

    def steps_to_overflow(self) -> np.ndarray:
        """Return after how many steps the loss is first not finite, (S,), or inf if it never is."""
        broken = ~np.isfinite(self.loss)
        return np.where(broken.any(axis=1), broken.argmax(axis=1), np.inf)


def too_fast(
    seeds: Sequence[int] = tuple(range(10)), rate: float = RATE, steps: int = STEPS
) -> tuple[TooFast, ...]:
    """Train every model on raw and on standardised wines, model by model."""
    wine = load_wine()
    runs = []
    for model in MODELS:
        for preparation in PREPARATIONS:
            x = prepare(wine.x, preparation)
            if model == "squared error":
                loss = _squared_error(x, wine.y == 0, rate, steps)[None]
                nan = np.full(1, np.nan)
                runs.append(TooFast(model, preparation, rate, (0,), loss, nan, nan))
                continue
            own = tuple(seeds) if model == "ReLU network" else (0,)
            measured = _cross_entropy(x, wine.y, rate, steps, own, hidden=model == "ReLU network")
            runs.append(TooFast(model, preparation, rate, own, *measured))
    return tuple(runs)


def _squared_error(x: np.ndarray, y: np.ndarray, rate: float, steps: int) -> np.ndarray:
    design = np.column_stack([np.ones(len(x)), x])
    theta = np.zeros(design.shape[1])
    losses = []
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps + 1):
            error = design @ theta - y
            losses.append(np.mean(error**2) / 2)
            theta = theta - rate * design.T @ error / len(y)
    return np.array(losses)


def _cross_entropy(
    x: np.ndarray, y: np.ndarray, rate: float, steps: int, seeds: Sequence[int], hidden: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return losses (S, steps + 1), accuracies (S,) and shares of dead units (S,)."""
    sizes = (x.shape[1], HIDDEN, int(y.max()) + 1) if hidden else (x.shape[1], int(y.max()) + 1)
    model = build_mlp(sizes, seeds, activation="relu", init="torch" if hidden else 0.0)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    stack = x.expand(len(seeds), -1, -1)
    labels = y.expand(len(seeds), -1)

    def measure(model: torch.nn.Sequential) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        logits = model(stack)
        losses = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none").mean(dim=1)
        dead = (model[:2](stack) == 0).all(dim=1).double().mean(dim=1)
        share = dead.numpy() if hidden else np.full(len(seeds), np.nan)
        return losses.numpy(), accuracy(logits, y), share

    with one_thread():
        readings = train(
            model,
            x,
            y,
            repeat(torch.arange(len(y)).expand(len(seeds), -1)),
            learning_rate=rate,
            measure=measure,
            measure_at=range(steps + 1),
        )
    losses, accuracies, dead = zip(*readings, strict=True)
    return np.stack(losses, axis=1), accuracies[-1], dead[-1]
