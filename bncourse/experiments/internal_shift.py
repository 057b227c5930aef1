"""Two definitions of internal covariate shift, measured with and without batch norm (BN).

1. Ioffe & Szegedy (2015, section 2): the change in the distribution of a layer's inputs that is due
   to the change of the parameters during training. Here a fixed set of training images runs through
   the net right before and right after one update. "Drift" is how far the mean of a unit moves;
   "reshaping" is how far its values move in all (the Wasserstein-1 distance of the two
   distributions). Both are in standard deviations of the unit over those images. BN fixes the mean
   and the variance of what comes out of it by construction, so what goes into it is measured too.
2. Santurkar and others (2018, definition 2.1): G is the gradient of the loss with respect to the
   weights of a layer, G' the same gradient, of the same mini-batch, after all layers below have
   made their update. The shift is |G - G'|, here as a share of |G|, and the cosine of the two.

With frozen weights either is 0, whatever images arrive and however the net was initialised: see
`frozen_shifts`, which also measures what else in the distributions may differ.

`python -m bncourse.experiments.internal_shift` measures everything again, in about a minute. It
takes the best learning rates from the results of `noisy_batch_norm` and `sigmoid_nets`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.probing import (
    BATCH_SIZE,
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
from bncourse.experiments.training import StackedLinear, accuracy

PROBE = 300  # training images that run through before and after an update
CHECKPOINTS = 20
COMMON_RATES = {"ReLU": (0.02, 0.1, 0.3), "sigmoid": (0.5, 2.0)}
ACTIVATIONS = (nn.ReLU, nn.Sigmoid)


@dataclass(frozen=True)
class ShiftRun:
    """One net at one learning rate: K checkpoints, L layers with weights, S seeds.

    What is (S,) is the median over the checkpoints (and layers); what is (K,) the median over the
    seeds (and layers). Values that are no numbers, of seeds that diverged, are left out; nan stands
    where nothing is left.

    Attributes:
        net: "ReLU" or "sigmoid".
        with_bn: whether every hidden layer has a BN.
        rate: the learning rate of plain SGD.
        updates: (K,) numbers of updates at the checkpoints.
        accuracy: (K, S) share of the 500 test images classified correctly, in evaluation mode.
        drift_in: (S,) definition 1, drift in one update of what the linear layer puts out, which
            with BN goes into it: mean over all hidden units.
        drift_out: (S,) the same right before the activation: with BN what comes out of it.
        reshaping_out: (S,) as `drift_out`, but how far the values move in all.
        relative: (S,) definition 2, |G - G'| / |G|, layers 2 to L.
        cosine: (S,) of G and G', layers 2 to L.
        drift_course: (K,) `drift_out` in the course of the training.
        relative_course: (K,) `relative` in the course of the training.
        relative_by_layer: (L - 1,) `relative` of layers 2 to L, median over checkpoints and seeds.
    """

    net: str
    with_bn: bool
    rate: float
    updates: np.ndarray
    accuracy: np.ndarray
    drift_in: np.ndarray
    drift_out: np.ndarray
    reshaping_out: np.ndarray
    relative: np.ndarray
    cosine: np.ndarray
    drift_course: np.ndarray
    relative_course: np.ndarray
    relative_by_layer: np.ndarray


@dataclass(frozen=True)
class FrozenShifts:
    """What may differ in the inputs of hidden layers when no weight changes; one per seed, (S,).

    The shifts, but for `gradient`, are the mean over hidden units of how far the mean of what the
    unit's linear layer puts out moves, in standard deviations.

    Attributes:
        net: "ReLU" or "sigmoid".
        with_bn: whether every hidden layer has a BN.
        update: definition 1 over an update at learning rate 0.
        gradient: definition 2 at learning rate 0, the largest |G - G'| of any layer.
        batch: from one mini-batch of 60 to another: random data.
        initialisation: from one random initialisation to another, for the same images.
        test: from test images to the same images at half their brightness, in evaluation mode.
        accuracy: on the test images.
        accuracy_dark: on the test images at half their brightness.
    """

    net: str
    with_bn: bool
    update: np.ndarray
    gradient: np.ndarray
    batch: np.ndarray
    initialisation: np.ndarray
    test: np.ndarray
    accuracy: np.ndarray
    accuracy_dark: np.ndarray


@dataclass(frozen=True)
class InternalShift:
    """Both definitions, for both nets, without and with BN, at several rates.

    Attributes:
        seeds: (S,) of splits, weights and batches.
        runs: at the common rates of a net and at each arm's own best one.
        best: keys of `runs` as (net, with_bn, rate): which are at their own best rates.
        frozen: the controls with frozen weights, of both nets without and with BN.
    """

    seeds: tuple[int, ...]
    runs: tuple[ShiftRun, ...]
    best: tuple[tuple[str, bool, float], ...]
    frozen: tuple[FrozenShifts, ...]

    def run(self, net: str, with_bn: bool, rate: float | None = None) -> ShiftRun:
        """Return the run at that rate, or at the arm's own best one; raises KeyError if none."""
        keyed = {(run.net, run.with_bn, run.rate): run for run in self.runs}
        if rate is None:
            (rate,) = (key[2] for key in self.best if key[:2] == (net, with_bn))
        return keyed[net, with_bn, rate]


def layer_inputs(model: nn.Sequential, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Return what each hidden linear layer puts out, and what goes into each activation.

    Both are lists of (S, N, D), one for each hidden layer; without BN they are the same.
    """
    outputs, before_activation = [], []
    with torch.no_grad():
        for module in model[:-1]:
            if isinstance(module, ACTIVATIONS):
                before_activation.append(x)
            x = module(x)
            if isinstance(module, StackedLinear):
                outputs.append(x)
    return outputs, before_activation


def mean_shift(before: Sequence[Tensor], after: Sequence[Tensor]) -> np.ndarray:
    """Return how far means move, in sds of `before`: mean over all units of all layers, (S,)."""
    moved = [
        (a.mean(dim=1) - b.mean(dim=1)).abs() / b.std(dim=1, correction=0)
        for b, a in zip(before, after, strict=True)
    ]
    return torch.cat(moved, dim=1).mean(dim=1).numpy()


def reshaping(before: Sequence[Tensor], after: Sequence[Tensor]) -> np.ndarray:
    """Return the Wasserstein-1 distance in sds of `before`, mean over all units, (S,)."""
    moved = [
        (a.sort(dim=1).values - b.sort(dim=1).values).abs().mean(dim=1) / b.std(dim=1, correction=0)
        for b, a in zip(before, after, strict=True)
    ]
    return torch.cat(moved, dim=1).mean(dim=1).numpy()


def gradient_shift(
    model: nn.Sequential, x: Tensor, y: Tensor, rate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return |G - G'|, |G| and the cosine of G and G' for the weights of layers 2 to L.

    Each is (L - 1, S). Gamma and beta of a BN move with the layer they follow.
    """
    with probing(model):
        _, grads = gradients(model, x, y)
        layers = _parameters_by_layer(model)
        apart, size, cosine = [], [], []
        for below, here in pairwise(layers):
            with torch.no_grad():
                for k in below:
                    list(model.parameters())[k].sub_(rate * grads[k])
            _, after = gradients(model, x, y)
            # The weights are a layer's first parameters.
            g, g_after = (both[here[0]].flatten(1) for both in (grads, after))
            apart.append((g - g_after).norm(dim=1).numpy())
            size.append(g.norm(dim=1).numpy())
            cosine.append(F.cosine_similarity(g, g_after, dim=1, eps=1e-300).numpy())
    return np.stack(apart), np.stack(size), np.stack(cosine)


def _parameters_by_layer(model: nn.Sequential) -> list[list[int]]:
    """Return the places of the parameters of each linear layer and of the BN behind it."""
    layers: list[list[int]] = []
    place = 0
    for module in model:
        if isinstance(module, StackedLinear):
            layers.append([])
        for _ in module.parameters():
            layers[-1].append(place)
            place += 1
    return layers


def measure_run(
    net: str,
    with_bn: bool,
    rate: float,
    seeds: Sequence[int] = SEEDS,
    measure_at: Sequence[int] | None = None,
) -> ShiftRun:
    """Train one net per seed, in float64, and measure both definitions on the way.

    Without `measure_at` there are `CHECKPOINTS` measurements, evenly until `UPDATES`.
    """
    probes = Probes(seeds)
    times = checkpoints(UPDATES[net], CHECKPOINTS) if measure_at is None else list(measure_at)

    def measure(model: nn.Sequential) -> dict:
        x, y = probes.batch()
        apart, size, cosine = gradient_shift(model, x, y, rate)
        with probing(model):
            _, grads = gradients(model, x, y)
            before = layer_inputs(model, probes.x[:, :PROBE])
            step(model, grads, rate)
            after = layer_inputs(model, probes.x[:, :PROBE])
        return {
            "drift_in": mean_shift(before[0], after[0]),
            "drift_out": mean_shift(before[1], after[1]),
            "reshaping_out": reshaping(before[1], after[1]),
            "relative": apart / size,
            "cosine": cosine,
        }

    with np.errstate(invalid="ignore", divide="ignore"):  # nets that diverged
        found = probes.train(build(net, with_bn, seeds), rate, measure, times)
    by_seed = {name: _medians(values, -1) for name, values in found.items() if name != "accuracy"}
    return ShiftRun(
        net=net,
        with_bn=with_bn,
        rate=rate,
        updates=np.array(times),
        accuracy=found["accuracy"],
        drift_course=_medians(found["drift_out"], 0),
        relative_course=_medians(found["relative"], 0),
        relative_by_layer=_medians(found["relative"], 1),
        **by_seed,
    )


def _medians(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the medians over all axes but one, of what is a number."""
    rows = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)
    kept = [row[np.isfinite(row)] for row in rows]
    return np.array([np.median(row) if len(row) else np.nan for row in kept])


def frozen_shifts(
    net: str = "ReLU", with_bn: bool = True, seeds: Sequence[int] = SEEDS, updates: int = 200
) -> FrozenShifts:
    """Measure what changes in the layers' inputs when no weight does, after some training.

    Takes about two seconds. The nets are trained at rate 0.1 (ReLU) or 2 (sigmoid); the shift
    between two initialisations is measured before that.
    """
    probes = Probes(seeds)
    model = build(net, with_bn, seeds)
    others = build(net, with_bn, [1000 + seed for seed in seeds])
    images = probes.x[:, :PROBE]
    with probing(model), probing(others):
        initialisation = mean_shift(layer_inputs(model, images)[0], layer_inputs(others, images)[0])
    rate = {"ReLU": 0.1, "sigmoid": 2.0}[net]
    probes.train(model, rate, lambda model: {}, [updates])
    (x, y), (x_other, _) = probes.batch(), probes.batch()
    apart, _, _ = gradient_shift(model, x, y, 0.0)
    with probing(model):
        _, grads = gradients(model, x, y)
        # Not what comes out of BN: there the means of any two batches agree.
        before, other = layer_inputs(model, x)[0], layer_inputs(model, x_other)[0]
        step(model, grads, 0.0)
        after = layer_inputs(model, x)[0]
    model.eval()
    tests = probes.x_test, 0.5 * probes.x_test
    bright, dark = (layer_inputs(model, images)[0] for images in tests)
    with torch.no_grad():
        accuracies = [accuracy(model(images), probes.y_test) for images in tests]
    return FrozenShifts(
        net=net,
        with_bn=with_bn,
        update=mean_shift(before, after),
        gradient=apart.max(axis=0),
        batch=mean_shift(before, other),
        initialisation=initialisation,
        test=mean_shift(bright, dark),
        accuracy=accuracies[0],
        accuracy_dark=accuracies[1],
    )


def rates(net: str, with_bn: bool) -> list[float]:
    """Return the common rates of a net, and the arm's own best one if it is not among them."""
    return list(dict.fromkeys((*COMMON_RATES[net], own_rate(net, with_bn))))


def measure_all() -> dict:
    """Measure both nets, without and with BN, at all rates."""
    runs = [
        measure_run(net, with_bn, rate)
        for net in NETS
        for with_bn in (False, True)
        for rate in rates(net, with_bn)
    ]
    best = [(net, with_bn, own_rate(net, with_bn)) for net in NETS for with_bn in (False, True)]
    return {
        "networks": NETS,
        "batch_size": BATCH_SIZE,
        "probe_images": PROBE,
        "seeds": SEEDS,
        "best": best,
        "runs": [as_plain(run) for run in runs],
        "frozen": [
            as_plain(frozen_shifts(net, with_bn)) for net in NETS for with_bn in (False, True)
        ],
    }


def load_internal_shift() -> InternalShift:
    """Return the stored measurements."""
    stored = results.load("internal_shift")
    runs = tuple(from_plain(ShiftRun, run) for run in stored["runs"])
    best = tuple((net, with_bn, rate) for net, with_bn, rate in stored["best"])
    frozen = tuple(from_plain(FrozenShifts, shifts) for shifts in stored["frozen"])
    return InternalShift(tuple(stored["seeds"]), runs, best, frozen)


if __name__ == "__main__":
    command = "python -m bncourse.experiments.internal_shift"
    print(results.store("internal_shift", command, measure_all()))
