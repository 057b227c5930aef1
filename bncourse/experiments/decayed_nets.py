"""Nets with weight decay in front of their batch norm, followed weight by weight.

A BN layer takes the length of the weights before it out again (see `scale_invariance`), so making
them shorter changes nothing that the net computes. It changes how far a step turns them: as fast as
rate / |w|^2 (van Laarhoven 2017, arXiv 1706.05350). Decay shortens the weights, steps of SGD
lengthen them. Where both are in balance, every update turns the weights of a unit by sqrt(2 * rate
* decay), whatever the loss is (root mean square; the same paper, section 3; Wan and others 2020,
arXiv 2006.08419).

Here the decay acts on the weights in front of the BN layers alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.scale_invariance import (
    BATCH_SIZE,
    NO_EPS,
    build_net,
    hidden_weights,
    summed_loss,
)
from bncourse.experiments.training import accuracy, mini_batches, one_thread

RATE = 0.25
CONTROLLED = 1e-2  # the decay that the controls stand in for
UPDATES, WINDOW = 2000, 50
BURN_IN = 1000  # updates; later ones are compared with the theory
SEEDS = (0, 1, 2, 3, 4)
Rule = Literal["decay", "rising rate", "held, rate / |w|^2", "held", "decay, nudged"]
NUDGE = 1e-15  # relative: a few units in the last place of float64


@dataclass(frozen=True)
class Run:
    """S nets of two hidden layers with BN; K windows of `WINDOW` updates.

    Attributes:
        rate: learning rate of plain SGD.
        decay: weight decay of the hidden weights, as in torch's SGD: w - rate * (g + decay * w).
        length: (S, K + 1) |W| of all hidden weights, before the first and after every window.
        log_length: (S, K + 1) log |w| of a unit's incoming weights, mean over the hidden units.
        rotation: (S, K) angle by which an update turns a unit's incoming weights, in radians: root
            mean square over the units and the updates of the window.
        loss: (K,) mean training loss of the window's batches and of the nets.
        accuracy: (S,) share of the test images classified correctly at the end.
        seeds: (S,) of splits, weights and batches.
    """

    rate: float
    decay: float
    length: np.ndarray
    log_length: np.ndarray
    rotation: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    seeds: tuple[int, ...]

    @property
    def updates(self) -> np.ndarray:
        """Updates done at the ends of the windows, (K + 1,), from 0."""
        return WINDOW * np.arange(self.length.shape[1])

    @property
    def effective_rate(self) -> np.ndarray:
        """rate * |W at the start|^2 / |W|^2, (S, K + 1)."""
        return self.rate * (self.length[:, :1] / self.length) ** 2

    @property
    def balance(self) -> float:
        """The rotation at which decay and growth are in balance: sqrt(2 * rate * decay)."""
        return float(np.sqrt(2 * self.rate * self.decay))

    @property
    def predicted_rotation(self) -> np.ndarray:
        """What the change of length says about the rotation, (S, K), in balance or not.

        A step at right angles multiplies a length by (1 - rate * decay) / cos(angle). So the mean
        square of the angle is near 2 * (growth of log |w| per update) + 2 * rate * decay.
        """
        growth = np.diff(self.log_length, axis=1) / WINDOW
        return np.sqrt(np.maximum(2 * (growth - np.log1p(-self.rate * self.decay)), 0))

    def late_rotation(self, burn_in: int = BURN_IN) -> np.ndarray:
        """Return the root mean square rotation after `burn_in` updates, (S,)."""
        return np.sqrt((self.rotation[:, burn_in // WINDOW :] ** 2).mean(axis=1))


def train_nets(
    rate: float = RATE,
    decay: float = CONTROLLED,
    updates: int = UPDATES,
    seeds: Sequence[int] = SEEDS,
    *,
    rule: Rule = "decay",
    lengths: Sequence[Sequence[Tensor]] = (),
    watch: Callable[[int, nn.Sequential], None] = lambda update, net: None,
) -> Run:
    """Train one net per seed by plain SGD, batches of 60 digits, and follow the hidden weights.

    Args:
        rate: learning rate.
        decay: weight decay of the hidden weights.
        updates: how many, a multiple of `WINDOW`.
        seeds: S of them.
        rule: how a hidden weight moves along its gradient g. "decay" is SGD with weight decay.
            "rising rate" has none; its rate is rate * (1 - rate * decay)^-(2 t + 1) at update t.
            "held" puts every unit's weights back to their first length after an update with decay.
            "held, rate / |w|^2" does that without decay, at each unit's rate / (1 - rate * decay)
            times the square of first length / `lengths`. "decay, nudged" is "decay" from weights
            that differ in the last place.
        lengths: for each update, the units' lengths in each hidden layer, (S, 1, units), before it.
        watch: called with the number of updates done and the nets, before each update and at the
            end.
    """
    x, y, x_test, y_test = load_stack(tuple(seeds))
    rows = torch.arange(len(seeds))[:, None]
    kept = 1 - rate * decay
    rotations, losses = [], []
    with one_thread():
        net = build_net(seeds, "batch", NO_EPS, 1.0)
        parameters, weights = list(net.parameters()), hidden_weights(net)
        hidden = {id(weight): k for k, weight in enumerate(weights)}
        if rule == "decay, nudged":
            _nudge(weights)
        first = unit_lengths(net)
        whole, logs = [_whole(weights)], [_logs(first)]
        batches = islice(mini_batches(x.shape[1], BATCH_SIZE, seeds), updates)
        for t, batch in enumerate(batches):
            watch(t, net)
            loss = summed_loss(net, x[rows, batch], y[rows, batch])
            gradients = torch.autograd.grad(loss, parameters)
            angles = []
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    k = hidden.get(id(parameter))
                    if k is None:
                        parameter.sub_(gradient, alpha=rate)
                        continue
                    if rule in ("decay", "decay, nudged", "held"):
                        moved = kept * parameter - rate * gradient
                    elif rule == "rising rate":
                        moved = parameter - rate * kept ** -(2 * t + 1) * gradient
                    else:
                        own = rate / kept * (first[k] / lengths[t][k]) ** 2
                        moved = parameter - own * gradient
                    angles.append(_angles(parameter, moved))
                    if rule.startswith("held"):
                        moved = moved * (first[k] / moved.norm(dim=1, keepdim=True))
                    parameter.copy_(moved)
                rotations.append((torch.cat(angles, dim=-1) ** 2).mean(dim=-1).numpy())
            losses.append(float(loss.detach()) / len(seeds))
            if (t + 1) % WINDOW == 0:
                whole.append(_whole(weights))
                logs.append(_logs(unit_lengths(net)))
        watch(updates, net)
        net.eval()
        with torch.no_grad():
            right = accuracy(net(x_test), y_test)
    squares = np.reshape(rotations, (-1, WINDOW, len(seeds))).mean(axis=1)
    return Run(
        rate,
        decay,
        np.stack(whole, axis=1),
        np.stack(logs, axis=1),
        np.sqrt(squares).T,
        np.reshape(losses, (-1, WINDOW)).mean(axis=1),
        right,
        tuple(seeds),
    )


def unit_lengths(net: nn.Sequential) -> list[Tensor]:
    """Return |w| of every hidden unit's incoming weights, (S, 1, units) for each hidden layer."""
    return [weight.detach().norm(dim=1, keepdim=True) for weight in hidden_weights(net)]


def _whole(weights: Sequence[Tensor]) -> np.ndarray:
    return sum((weight.detach() ** 2).sum(dim=(1, 2)) for weight in weights).sqrt().numpy()


def _logs(lengths: Sequence[Tensor]) -> np.ndarray:
    return torch.cat(list(lengths), dim=-1).log().mean(dim=(1, 2)).numpy()


def _nudge(weights: Sequence[Tensor]) -> None:
    generator = np.random.default_rng(0)
    with torch.no_grad():
        for weight in weights:
            weight.mul_(1 + NUDGE * torch.from_numpy(generator.standard_normal(weight.shape)))


def _angles(before: Tensor, after: Tensor) -> Tensor:
    """Return the angles between the columns, (S, units); exact for small ones, unlike arccos."""
    one = before / before.norm(dim=1, keepdim=True)
    other = after / after.norm(dim=1, keepdim=True)
    return 2 * torch.asin(((one - other).norm(dim=1) / 2).clamp(max=1))
