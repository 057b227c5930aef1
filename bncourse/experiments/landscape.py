"""Is the loss smoother with batch norm (BN)? Three measures, and what can mislead about them.

After Santurkar and others (2018, section 3.1 and figure 4). At checkpoints of a training run the
gradient g of one mini-batch is followed for a few step lengths, as far as plain SGD with such
learning rates would go:

- how much the loss varies along the way;
- how far the gradient moves away from g ("gradient predictiveness");
- how far it moves per distance walked, at most ("effective beta-smoothness").

Two measures are added that stay the same when weights are rescaled and the rate with them: the
cosine of g and of the gradient after a step at the rate that the run really uses, and how much of
the decrease of the loss that g promises for that step is kept.

The test accuracy stands beside each, since a net that has died or does not move looks smooth. And
`rescaled` shows why beta is no property of the function: of a net with BN, weights that are three
times as long make the same function, with a ninth of the curvature.

`python -m bncourse.experiments.landscape` measures everything again, in about half a minute. It
takes the best learning rates from the results of `noisy_batch_norm` and `sigmoid_nets`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.probing import (
    NETS,
    SEEDS,
    UPDATES,
    Probes,
    as_plain,
    build,
    checkpoints,
    from_plain,
    gradients,
    own_rate,
    probing,
    step,
)
from bncourse.experiments.training import StackedBatchNorm, StackedLinear, one_thread

STEPS = (0.05, 0.1, 0.2, 0.4)  # along the gradient, like learning rates
COMMON_RATES = {"ReLU": (0.1,), "sigmoid": (0.5,)}
CHECKPOINTS = 12
FACTORS = (1.0, 3.0, 10.0)
TINY = 1e-12  # an eps that does not disturb the invariance


@dataclass(frozen=True)
class LandscapeRun:
    """One net at one learning rate: K checkpoints, S seeds; nan where a seed has diverged.

    Attributes:
        net: "ReLU" or "sigmoid".
        with_bn: whether every hidden layer has a BN.
        rate: the learning rate of plain SGD.
        updates: (K,) numbers of updates at the checkpoints.
        accuracy: (K, S) share of the 500 test images classified correctly, in evaluation mode.
        loss: (K, S) cross-entropy of the mini-batch that is probed.
        loss_range: (K, S) largest minus smallest loss at 0 and at `STEPS` along the gradient.
        gradient_change: (K, S) largest distance of the gradient there from the one at 0.
        beta: (K, S) largest ratio of that distance to the distance walked.
        cosine: (K, S) of the gradients before and after a step at the run's own rate.
        kept: (K, S) decrease of the loss in that step / decrease that the gradient promises; 1 on
            a plane, below 0 where the loss rises.
    """

    net: str
    with_bn: bool
    rate: float
    updates: np.ndarray
    accuracy: np.ndarray
    loss: np.ndarray
    loss_range: np.ndarray
    gradient_change: np.ndarray
    beta: np.ndarray
    cosine: np.ndarray
    kept: np.ndarray

    @property
    def loss_share(self) -> np.ndarray:
        """(K, S) `loss_range` over `loss`: a net that is further on has less loss to vary."""
        return self.loss_range / self.loss

    def typical(self, name: str) -> np.ndarray:
        """Return one number per seed, (S,): the median over the checkpoints of `name`."""
        return np.median(getattr(self, name), axis=0)


@dataclass(frozen=True)
class Rescaled:
    """A net with BN whose weights in front of the BNs are multiplied by F factors; S seeds.

    Attributes:
        factors: (F,)
        loss: (F, S) cross-entropy of one mini-batch.
        largest: (F, S) largest curvature: the largest eigenvalue of the Hessian of that loss with
            respect to these weights, by power iteration.
        beta: (F, S) as in `LandscapeRun`, along the gradient with respect to these weights.
    """

    factors: np.ndarray
    loss: np.ndarray
    largest: np.ndarray
    beta: np.ndarray


@dataclass(frozen=True)
class Landscape:
    """Both nets without and with BN, at a common rate and at their own best ones.

    Attributes:
        seeds: (S,) of splits, weights and batches.
        runs: all runs.
        best: the keys (net, with_bn, rate) of the runs at an arm's own best rate.
        rescaled: see there.
    """

    seeds: tuple[int, ...]
    runs: tuple[LandscapeRun, ...]
    best: tuple[tuple[str, bool, float], ...]
    rescaled: Rescaled

    def run(self, net: str, with_bn: bool, rate: float | None = None) -> LandscapeRun:
        """Return the run at that rate, or at the arm's own best one; raises KeyError if none."""
        keyed = {(run.net, run.with_bn, run.rate): run for run in self.runs}
        if rate is None:
            (rate,) = (key[2] for key in self.best if key[:2] == (net, with_bn))
        return keyed[net, with_bn, rate]


def probe(model: nn.Sequential, x: Tensor, y: Tensor, rate: float) -> dict[str, np.ndarray]:
    """Walk along the gradient of one mini-batch, and return the measures, each (S,).

    x is (S, N, D), y is (S, N). The model is left as it was, running statistics included.
    """
    with probing(model):
        loss, grads = gradients(model, x, y)
        g, at = _flat(grads), 0.0
        size = g.norm(dim=1)
        losses, changes = [], []
        for length in STEPS:
            step(model, grads, length - at)
            at = length
            there, grads_there = gradients(model, x, y)
            losses.append(there)
            changes.append((_flat(grads_there) - g).norm(dim=1))
        step(model, grads, rate - at)
        after, grads_after = gradients(model, x, y)
        cosine = F.cosine_similarity(g, _flat(grads_after), dim=1, eps=1e-300)
    walked = torch.tensor(STEPS)[:, None] * size
    changes = torch.stack(changes)
    return {
        "loss": loss,
        "loss_range": np.ptp([loss, *losses], axis=0),
        "gradient_change": changes.amax(dim=0).numpy(),
        "beta": (changes / walked).amax(dim=0).numpy(),
        "cosine": cosine.numpy(),
        "kept": (loss - after) / (rate * size**2).numpy(),
    }


def measure_run(
    net: str,
    with_bn: bool,
    rate: float,
    seeds: Sequence[int] = SEEDS,
    measure_at: Sequence[int] | None = None,
) -> LandscapeRun:
    """Train one net per seed, in float64, and probe it on the way.

    Without `measure_at` there are `CHECKPOINTS` measurements, evenly until `UPDATES`.
    """
    probes = Probes(seeds)
    times = checkpoints(UPDATES[net], CHECKPOINTS) if measure_at is None else list(measure_at)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # nets that diverged
        found = probes.train(
            build(net, with_bn, seeds),
            rate,
            lambda model: probe(model, *probes.batch(), rate),
            times,
        )
    return LandscapeRun(net=net, with_bn=with_bn, rate=rate, updates=np.array(times), **found)


def rescaled(
    net: str = "ReLU",
    seeds: Sequence[int] = SEEDS,
    factors: Sequence[float] = FACTORS,
    updates: int = 20,
    iterations: int = 50,
) -> Rescaled:
    """Train nets with BN for a little, then multiply the weights in front of the BNs."""
    probes = Probes(seeds)
    model = build(net, True, seeds)
    for module in model:
        if isinstance(module, StackedBatchNorm):
            module.eps = TINY
    probes.train(model, 0.1, lambda model: {}, [updates])
    x, y = probes.batch()
    weights = [m.weight for m in model[:-1] if isinstance(m, StackedLinear)]
    rows = []
    for factor in factors:
        with one_thread(), probing(model):
            with torch.no_grad():
                for weight in weights:
                    weight.mul_(factor)
            rows.append(_curvature(model, weights, x, y, iterations))
    loss, largest, beta = (np.stack(column) for column in zip(*rows, strict=True))
    return Rescaled(np.array(factors), loss, largest, beta)


def _curvature(
    model: nn.Sequential, weights: list[nn.Parameter], x: Tensor, y: Tensor, iterations: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the loss, the largest eigenvalue of the Hessian and beta, each (S,)."""

    def slopes(create_graph: bool = False) -> tuple[Tensor, list[Tensor]]:
        logits = model(x)
        each = F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none")
        losses = each.view(y.shape).mean(dim=1)
        return losses, list(torch.autograd.grad(losses.sum(), weights, create_graph=create_graph))

    losses, grads = slopes(create_graph=True)
    direction = [g.detach() for g in grads]
    for _ in range(iterations):
        length = _flat(direction).norm(dim=1)[:, None, None]
        direction = [d / length for d in direction]
        # The networks share nothing: one product serves all their Hessians.
        product = sum((g * d).sum() for g, d in zip(grads, direction, strict=True))
        bent = torch.autograd.grad(product, weights, retain_graph=True)
        eigenvalue = sum(
            (b * d).flatten(1).sum(dim=1) for b, d in zip(bent, direction, strict=True)
        )
        direction = list(bent)
    g = _flat([each.detach() for each in grads])
    at, betas = 0.0, []
    for length in STEPS:
        with torch.no_grad():
            for weight, grad in zip(weights, grads, strict=True):
                weight.sub_((length - at) * grad.detach())
        at = length
        moved = _flat(slopes()[1])
        betas.append((moved - g).norm(dim=1) / (length * g.norm(dim=1)))
    beta = torch.stack(betas).amax(dim=0)
    return losses.detach().numpy(), eigenvalue.numpy(), beta.numpy()


def _flat(grads: Sequence[Tensor]) -> Tensor:
    """Lay each network's gradients end to end: (S, P)."""
    networks = grads[0].shape[0]
    # The parameters of a stacked BN are S * D numbers in a row.
    return torch.cat([g.reshape(networks, -1) for g in grads], dim=1)


def measure_all() -> dict:
    """Measure both nets, without and with BN, at the common rates and at their own best ones."""
    arms = [(net, with_bn) for net in NETS for with_bn in (False, True)]
    best = [(*arm, own_rate(*arm)) for arm in arms]
    keys = [(*arm, rate) for arm in arms for rate in COMMON_RATES[arm[0]]]
    runs = [measure_run(*key) for key in dict.fromkeys([*keys, *best])]
    return {
        "networks": NETS,
        "steps": STEPS,
        "seeds": SEEDS,
        "best": best,
        "runs": [as_plain(run) for run in runs],
        "rescaled": as_plain(rescaled()),
    }


def load_landscape() -> Landscape:
    """Return the stored measurements."""
    stored = results.load("landscape")
    return Landscape(
        tuple(stored["seeds"]),
        tuple(from_plain(LandscapeRun, run) for run in stored["runs"]),
        tuple((net, with_bn, rate) for net, with_bn, rate in stored["best"]),
        from_plain(Rescaled, stored["rescaled"]),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.landscape"
    print(results.store("landscape", command, measure_all()))
