"""Gradients of devices that are not synchronised, or by halves, against one big batch.

Nothing here needs a second process: what every device would compute is computed one after the
other. The right way, on two real processes, is in `devices`.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.data import Digits, load_digits

SHARDS = (8, 16)
SEEDS = tuple(range(10))
HIDDEN = 32
EPS = 1e-5
WAYS = ("alone", "averaged", "forward only", "constants")


@dataclass(frozen=True)
class GradientsApart:
    """Gradient of the first layer's weights, two devices against one big batch, S seeds.

    The net is 64-32-BN-ReLU-10 on digits, in float64, as it is before training; the batch of 24
    lies on devices of 8 and 16, and gradients are summed as data-parallel training does. "alone":
    each device has its own mean and variance. "averaged": both have the averages of the two means
    and of the two variances, weighted with the counts, and the gradients go back through them. The
    other two have the right statistics; "forward only" sends back the gradient of a device's own
    part alone, "constants" none.

    Attributes:
        sorted_by_class: whether the devices got different classes, or a random deal.
        seeds: (S,).
        difference: for each of `WAYS`, (S,) relative differences |g - g_big| / |g_big|.
        cosine: likewise, of the angle between them.
        synchronised: (S,) relative differences of the right way.
        output_difference: for "alone" and "averaged", (S,) relative differences of what the norm
            puts out.
    """

    sorted_by_class: bool
    seeds: tuple[int, ...]
    difference: dict[str, np.ndarray]
    cosine: dict[str, np.ndarray]
    synchronised: np.ndarray
    output_difference: dict[str, np.ndarray]


@dataclass(frozen=True)
class BuffersOnly:
    """Two devices with own statistics, other classes on each; then their buffers are averaged.

    Attributes:
        gradient_difference: relative to the big batch, with the averaged buffers.
        gradient_change: largest change of the gradients by averaging the buffers.
        eval_gap_before, eval_gap_after: largest difference of the two devices' logits for the
            same samples in evaluation mode, relative to the largest logit, before and after.
        variance_ratio: (D,) averaged running variance over that of the big batch.
    """

    gradient_difference: float
    gradient_change: float
    eval_gap_before: float
    eval_gap_after: float
    variance_ratio: np.ndarray


def measure_gradients_apart(
    *, sorted_by_class: bool, seeds: Sequence[int] = SEEDS
) -> GradientsApart:
    """Take the gradient of one batch in every way, for each seed."""
    digits = load_digits()
    found = [_gradients(digits, seed, sorted_by_class) for seed in seeds]
    outputs = [_outputs(digits, seed, sorted_by_class) for seed in seeds]
    ways = {
        way: np.array([_compare(g[way], g["big"]) for g in found])
        for way in (*WAYS, "synchronised")
    }
    return GradientsApart(
        sorted_by_class=sorted_by_class,
        seeds=tuple(seeds),
        difference={way: ways[way][:, 0] for way in WAYS},
        cosine={way: ways[way][:, 1] for way in WAYS},
        synchronised=ways["synchronised"][:, 0],
        output_difference={
            way: np.array([_compare(out[way], out["big"])[0] for out in outputs])
            for way in ("alone", "averaged")
        },
    )


def measure_buffers_only(seed: int = 0, batches: int = 100) -> BuffersOnly:
    """Let two devices with different classes see some batches, then average their buffers."""
    digits, net = load_digits(), _build(seed)
    big, replicas = deepcopy(net), [deepcopy(net) for _ in SHARDS]
    with torch.no_grad():
        for number in range(batches):
            x, _ = _deal(digits, [seed, number], sorted_by_class=True)
            big(x)
            for replica, shard in zip(replicas, x.split(SHARDS), strict=True):
                replica(shard)
    x, y = _deal(digits, seed, sorted_by_class=True)
    shards, labels = x.split(SHARDS), y.split(SHARDS)
    wanted = _weight_gradient([deepcopy(big)], [x], [y])
    before = _weight_gradient(deepcopy(replicas), shards, labels)
    gap_before = _eval_gap(replicas, x)
    for name in ("running_mean", "running_var"):
        average = torch.stack([getattr(replica[1], name) for replica in replicas]).mean(0)
        for replica in replicas:
            getattr(replica[1], name).copy_(average)
    after = _weight_gradient(deepcopy(replicas), shards, labels)
    return BuffersOnly(
        gradient_difference=_compare(after, wanted)[0],
        gradient_change=float((after - before).abs().max()),
        eval_gap_before=gap_before,
        eval_gap_after=_eval_gap(replicas, x),
        variance_ratio=(replicas[0][1].running_var / big[1].running_var).numpy(),
    )


def _eval_gap(replicas: Sequence[nn.Sequential], x: Tensor) -> float:
    with torch.no_grad():
        first, second = (deepcopy(replica).eval()(x) for replica in replicas)
    return float((first - second).abs().max() / first.abs().max())


def _deal(digits: Digits, seed: int | list[int], *, sorted_by_class: bool) -> tuple[Tensor, Tensor]:
    """Draw 24 digits; if sorted, the first shard has the smaller labels."""
    chosen = np.random.default_rng(seed).permutation(len(digits.x_train))[: sum(SHARDS)]
    if sorted_by_class:
        chosen = chosen[np.argsort(digits.y_train[chosen], kind="stable")]
    return (torch.from_numpy(a[chosen]) for a in (digits.x_train, digits.y_train))


def _build(seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Linear(64, HIDDEN), nn.BatchNorm1d(HIDDEN, eps=EPS), nn.ReLU()
        return nn.Sequential(*layers, nn.Linear(HIDDEN, 10)).double()


def _weight_gradient(
    replicas: Sequence[nn.Sequential], shards: Sequence[Tensor], labels: Sequence[Tensor]
) -> Tensor:
    """Return the sum over replicas, each with its own shard and its own statistics."""
    total = sum(map(len, shards))
    parts = []
    for replica, x, y in zip(replicas, shards, labels, strict=True):
        loss = F.cross_entropy(replica(x), y, reduction="sum") / total
        parts.append(torch.autograd.grad(loss, replica[0].weight)[0])
    return sum(parts)


def _gradients(digits: Digits, seed: int, sorted_by_class: bool) -> dict[str, Tensor]:
    x, y = _deal(digits, seed, sorted_by_class=sorted_by_class)
    net, shards, labels = _build(seed), x.split(SHARDS), y.split(SHARDS)
    found = {"big": _weight_gradient([net], [x], [y])}
    found["alone"] = _weight_gradient([net, net], shards, labels)
    for way in ("synchronised", "averaged", "forward only", "constants"):
        found[way] = _with_statistics_of_all(net, shards, labels, way)
    return found


def _outputs(digits: Digits, seed: int, sorted_by_class: bool) -> dict[str, Tensor]:
    """Return what the norm puts out, (24, H), at the start, where gamma is 1 and beta 0."""
    x, _ = _deal(digits, seed, sorted_by_class=sorted_by_class)
    with torch.no_grad():
        shards = _build(seed)[0](x).split(SHARDS)
    own = [_normalise(z, z.mean(0), z.var(0, correction=0)) for z in shards]
    averaged = _statistics_of_all(shards, 0, "averaged")
    return {
        "big": _normalise(torch.cat(shards), *_statistics_of_all(shards, 0, "synchronised")),
        "alone": torch.cat(own),
        "averaged": _normalise(torch.cat(shards), *averaged),
    }


def _normalise(z: Tensor, mean: Tensor, var: Tensor) -> Tensor:
    return (z - mean) / torch.sqrt(var + EPS)


def _statistics_of_all(shards: Sequence[Tensor], own: int, way: str) -> tuple[Tensor, Tensor]:
    """Return the mean and variance that device `own` takes for those of all shards.

    "averaged": the variances around each shard's own mean, weighted with the counts: what lies
    between the shards is left out.
    """
    total = sum(map(len, shards))

    def mean_of_all(parts: list[Tensor]) -> Tensor:
        if way == "constants":
            parts = [part.detach() for part in parts]
        elif way == "forward only":
            parts = [p if k == own else p.detach() for k, p in enumerate(parts)]
        return sum(part.sum(0) for part in parts) / total

    mean = mean_of_all(shards)
    centres = [part.mean(0) if way == "averaged" else mean for part in shards]
    squares = [(part - c).square() for part, c in zip(shards, centres, strict=True)]
    return mean, mean_of_all(squares)


def _with_statistics_of_all(
    net: nn.Sequential, shards: Sequence[Tensor], labels: Sequence[Tensor], way: str
) -> Tensor:
    """Return the summed gradient with the mean and variance of all shards in every device.

    "averaged": not quite those, see `_statistics_of_all`.
    "forward only": a device's gradient knows its own part of the sums, the others' is a constant.
    "constants": it knows none of it.
    """
    linear, norm, rest = net[0], net[1], net[2:]
    total = sum(map(len, shards))
    loss = []
    for own, y in enumerate(labels):
        # A device's own graph: its loss reaches W through its shard and through the sums.
        z = [linear(x) for x in shards]
        x_hat = _normalise(z[own], *_statistics_of_all(z, own, way))
        logits = rest(norm.weight * x_hat + norm.bias)
        loss.append(F.cross_entropy(logits, y, reduction="sum") / total)
    return torch.autograd.grad(sum(loss), linear.weight)[0]


def _compare(got: Tensor, wanted: Tensor) -> tuple[float, float]:
    difference = float((got - wanted).norm() / wanted.norm())
    return difference, float(F.cosine_similarity(got.flatten(), wanted.flatten(), dim=0))
