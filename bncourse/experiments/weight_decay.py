"""Weight decay in front of BN: it cannot shrink the function, so what does it do?

A BN layer takes the length of the weights before it out again (see `scale_invariance`), so making
them shorter changes nothing that the net computes. It changes how far a step turns them: as fast as
rate / |w|^2 (van Laarhoven 2017, arXiv 1706.05350). Decay shortens the weights, steps of SGD
lengthen them. Where both are in balance, every update turns the weights of a unit by sqrt(2 * rate
* decay), whatever the loss is (root mean square; the same paper, section 3; Wan and others 2020,
arXiv 2006.08419).

Here the decay acts on the weights in front of the BN layers alone. Two runs without any decay are
controls: if decay is nothing but a schedule of rates, they compute the same function, until
rounding has grown to a difference; another control tells when that is.

`python -m bncourse.experiments.weight_decay` measures everything again, in two or three minutes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
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
DECAYS = (0.0, 1e-3, 1e-2, 3e-2, 1e-1)
CONTROLLED = 1e-2  # the decay that the controls stand in for
UPDATES, WINDOW = 2000, 50
BURN_IN = 1000  # updates; later ones are compared with the theory
COMPARED = (10, 100, 300, 1000, 2000)  # updates after which the controls' outputs are compared
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those that are compared
SEARCH_RATES = tuple(2.0**k for k in range(-6, 2))
Rule = Literal["decay", "rising rate", "held, rate / |w|^2", "held", "decay, nudged"]
CONTROLS = ("rising rate", "held, rate / |w|^2", "held", "decay, nudged")
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


@dataclass(frozen=True)
class Control:
    """A run that should compute what the run with decay computes, after each of C updates.

    Attributes:
        rule: see `train_nets`.
        updates: (C,).
        apart: (C, S) largest difference of a logit of any test image from the run with decay, in
            training mode, all test images as one batch.
        logits: (C, S) largest logit of the run with decay, to compare with.
        accuracy: (S,) at the end, in evaluation mode.
    """

    rule: str
    updates: tuple[int, ...]
    apart: np.ndarray
    logits: np.ndarray
    accuracy: np.ndarray


def control(
    updates: Sequence[int] = COMPARED,
    seeds: Sequence[int] = SEEDS,
    rules: Sequence[Rule] = CONTROLS,
) -> tuple[Control, ...]:
    """Compare the run with decay with others, one for each rule.

    "rising rate" and "held, rate / |w|^2" have no decay and should be the same run. "held" has
    decay that cannot shorten anything, so it should not be. Training can make the last place of a
    weight matter in the end; "decay, nudged" tells when.
    """
    _, _, x_test, _ = load_stack(tuple(seeds))
    lengths: list[list[Tensor]] = []

    def outputs(rule: Rule) -> tuple[list[Tensor], np.ndarray]:
        kept = []

        def watch(update: int, net: nn.Sequential) -> None:
            if rule == "decay":
                lengths.append(unit_lengths(net))
            if update in updates:
                with torch.no_grad():
                    kept.append(_without_averages(net, x_test))

        run = train_nets(updates=max(updates), seeds=seeds, rule=rule, lengths=lengths, watch=watch)
        return kept, run.accuracy

    wanted, _ = outputs("decay")
    largest = np.stack([logits.abs().amax(dim=(1, 2)).numpy() for logits in wanted])
    found = []
    for rule in rules:
        logits, right = outputs(rule)
        apart = np.stack(
            [(a - b).abs().amax(dim=(1, 2)).numpy() for a, b in zip(logits, wanted, strict=True)]
        )
        found.append(Control(rule, tuple(updates), apart, largest, right))
    return tuple(found)


def _without_averages(net: nn.Sequential, x: Tensor) -> Tensor:
    """Return the logits in training mode, and leave the running averages as they were."""
    buffers = {name: buffer.clone() for name, buffer in net.named_buffers()}
    logits = net(x)
    for name, buffer in net.named_buffers():
        buffer.copy_(buffers[name])
    return logits


@dataclass(frozen=True)
class OwnRate:
    """One decay at its own best rate, trained for `BURN_IN` updates.

    Attributes:
        decay: of the hidden weights.
        rate: the best of the search on other seeds.
        accuracy: (S,) share of the test images classified correctly.
        searched: rate -> mean accuracy on the seeds of the search, ascending rates.
    """

    decay: float
    rate: float
    accuracy: np.ndarray
    searched: dict[float, float]


@dataclass(frozen=True)
class WeightDecay:
    """What `measure_all` stores.

    Attributes:
        runs: one for each of `DECAYS`, all at the same rate.
        controls: see `control`.
        own_rates: no decay, and the decay of the controls.
    """

    runs: tuple[Run, ...]
    controls: tuple[Control, ...]
    own_rates: tuple[OwnRate, ...]


def own_rate(decay: float) -> OwnRate:
    """Search the rate with the highest mean accuracy, then train at that with `SEEDS`."""
    searched = {}
    for rate in SEARCH_RATES:
        run = train_nets(rate, decay, BURN_IN, SEARCH_SEEDS)
        searched[rate] = round(float(run.accuracy.mean()), 5)
    best = max(searched, key=searched.get)
    return OwnRate(decay, best, train_nets(best, decay, BURN_IN).accuracy, searched)


def measure_all() -> dict:
    """Run everything that is stored."""
    runs, own_rates = [], []
    for decay in DECAYS:
        run = train_nets(decay=decay)
        runs.append(
            {
                "decay": decay,
                "length": _plain(run.length, 5),
                "log_length": _plain(run.log_length, 6),
                "rotation": _plain(run.rotation, 4),
                "loss": _plain(run.loss, 4),
                "accuracy": _plain(run.accuracy, 4),
            }
        )
        print(decay, run.late_rotation(), run.accuracy, flush=True)
    controls = [
        {
            "rule": found.rule,
            "apart": _plain(found.apart, 2),
            "logits": _plain(found.logits, 4),
            "accuracy": _plain(found.accuracy, 4),
        }
        for found in control()
    ]
    print(controls, flush=True)
    for decay in (0.0, CONTROLLED):
        found = own_rate(decay)
        own_rates.append(
            {
                "decay": decay,
                "rate": found.rate,
                "accuracy": _plain(found.accuracy, 4),
                "searched": list(found.searched.items()),
            }
        )
        print(own_rates[-1], flush=True)
    return {
        "rate": RATE,
        "updates": UPDATES,
        "window": WINDOW,
        "seeds": SEEDS,
        "runs": runs,
        "compared": COMPARED,
        "controls": controls,
        "search_seeds": SEARCH_SEEDS,
        "own_rates": own_rates,
    }


def _plain(values: np.ndarray, digits: int) -> list:
    """Round to so many significant digits."""
    if np.ndim(values) == 0:
        return float(f"{values:.{digits}g}")
    return [_plain(value, digits) for value in values]


def load_weight_decay() -> WeightDecay:
    """Return the stored runs."""
    stored = results.load("weight_decay")
    seeds = tuple(stored["seeds"])
    measured = ("length", "log_length", "rotation", "loss", "accuracy")
    return WeightDecay(
        tuple(
            Run(stored["rate"], run["decay"], *(np.array(run[name]) for name in measured), seeds)
            for run in stored["runs"]
        ),
        tuple(
            Control(
                found["rule"],
                tuple(stored["compared"]),
                *(np.array(found[name]) for name in ("apart", "logits", "accuracy")),
            )
            for found in stored["controls"]
        ),
        tuple(
            OwnRate(
                found["decay"], found["rate"], np.array(found["accuracy"]), dict(found["searched"])
            )
            for found in stored["own_rates"]
        ),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.weight_decay"
    print(results.store("weight_decay", command, measure_all()))
