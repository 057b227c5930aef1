"""Batch norm with restless outputs: does it train well because distributions hold still?

After Santurkar and others (2018, section 2.1). A noise layer moves and stretches what goes into
every ReLU: in each update each unit draws a shift and a scale that the whole batch shares, so that
the mean and the spread of what the next layer is given jump from update to update. If a steady
distribution were what makes batch norm (BN) train well, BN with this noise should lose what BN
gains. The noise behind layers without BN is the control: it shows that the noise is not harmless.

The noise is measured in standard deviations: a unit with batch mean m and standard deviation s
gives m + scale * (value - m) + shift * s, with the shift drawn uniformly from +-strength and the
scale from 1 +- strength / 4. So no arm can escape it by larger values. In evaluation mode there is
none.

How far the means jump is told for the updates that count: those until the net is right on 90 % of
the test images. Later a net without BN gets much calmer, which says nothing about how fast it got
there. Beside the jump stands the drift, which has no luck of a batch and no noise in it: how far
the means of fixed images move, because the weights do.

Every arm runs at one common learning rate and at its own best, which is searched on other seeds.

`python -m bncourse.experiments.noisy_batch_norm` measures everything again, in about four minutes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
from bncourse.data import DIGITS_TEST
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.training import (
    StackedBatchNorm,
    accuracy,
    build_mlp,
    mini_batches,
    one_thread,
    train,
)

SIZES = (64, 64, 64, 64, 64, 64, 10)  # pixels, five hidden layers, classes
BATCH_SIZE = 60
UPDATES = 600
EVERY = 10  # updates between two measurements
TARGET = 0.9
COMMON_RATE = 0.1
FIXED = 300  # training images whose drift is measured
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those that are compared
SEARCH_RATES = tuple(2.0**k for k in range(-9, 4))
FIRST_RATE = SEARCH_RATES.index(0.125)
# name -> (with BN?, strength of the noise)
ARMS = {
    "without BN": (False, 0.0),
    "without BN, noise 0.5": (False, 0.5),
    "without BN, noise 1": (False, 1.0),
    "with BN": (True, 0.0),
    "with BN, noise 0.5": (True, 0.5),
    "with BN, noise 1": (True, 1.0),
    "with BN, noise 2": (True, 2.0),
}


@dataclass(frozen=True)
class NoisyRun:
    """One arm at one learning rate, S seeds, measured T times.

    Attributes:
        name: a key of `ARMS`.
        rate: the learning rate of plain SGD.
        updates: (T,) numbers of updates, from 0.
        accuracy: (S, T) share of the 500 test images classified correctly, in evaluation mode.
        jump: (S,) how far the mean of a unit's inputs to its ReLU moves from one update to the
            next, in standard deviations over the batch: mean over all hidden units and over the
            updates until the seed reaches `TARGET`, or over all if it never does. A batch's luck is
            part of it, about 0.15 for batches of 60. nan for a seed that diverged.
        drift: (S,) the same for fixed images and without the noise: what the weights alone do. nan
            where it was not measured, or for a seed that diverged.
    """

    name: str
    rate: float
    updates: np.ndarray
    accuracy: np.ndarray
    jump: np.ndarray
    drift: np.ndarray

    def updates_to(self, target: float = TARGET) -> np.ndarray:
        """Return the first measured number of updates with this accuracy, (S,), or inf."""
        return updates_to(self.accuracy, self.updates, target)


@dataclass(frozen=True)
class NoisyBatchNorm:
    """Every arm at the common rate and at its own best one, in the order of `ARMS`.

    Attributes:
        seeds: (S,) of splits, weights, batches and noise.
        common: runs at `COMMON_RATE`.
        best: runs at each arm's own best rate: the highest test accuracy averaged over all
            measurements, which counts speed and end alike, on the seeds of the search.
    """

    seeds: tuple[int, ...]
    common: tuple[NoisyRun, ...]
    best: tuple[NoisyRun, ...]

    def run(self, name: str, at: str = "best") -> NoisyRun:
        """Return the run of an arm, at its "best" rate or at the "common" one.

        Raises KeyError for other names.
        """
        runs = {run.name: run for run in {"best": self.best, "common": self.common}[at]}
        return runs[name]


def updates_to(accuracy: np.ndarray, updates: np.ndarray, target: float = TARGET) -> np.ndarray:
    """Return the first of the T updates with this accuracy: (S, T) to (S,), inf for never."""
    reached = accuracy >= target
    return np.where(reached.any(axis=1), updates[reached.argmax(axis=1)], np.inf)


class Noise(nn.Module):
    """Shift and stretch each of S * D units: (S, N, D) -> (S, N, D); see the module.

    It remembers the jump of the means from call to call, in training mode: `jumps` is a list of
    (S,), means over the units.
    """

    def __init__(self, strength: float, seeds: Sequence[int], layer: int) -> None:
        super().__init__()
        self.strength = strength
        # Third number: one stream per layer, apart from those of weights and batches.
        self.generators = [np.random.default_rng([seed, 2, layer]) for seed in seeds]
        self.jumps: list[Tensor] = []
        self.before: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return x with noise in training mode, and x itself in evaluation mode."""
        if not self.training:
            return x
        with torch.no_grad():  # the noise is given; no gradient goes through its size
            sd, mean = torch.std_mean(x, dim=1, keepdim=True, correction=0)
            scale = torch.ones_like(sd)
            after, spread = mean, sd
            if self.strength:
                draws = [g.uniform(-1, 1, (2, x.shape[-1])) for g in self.generators]
                shift, stretch = torch.from_numpy(np.stack(draws, axis=1))[:, :, None].to(x)
                scale = 1 + 0.25 * self.strength * stretch
                after, spread = mean + self.strength * shift * sd, sd * scale
            if self.before is not None:
                self.jumps.append(((after - self.before).abs() / spread).mean(dim=(1, 2)))
            self.before = after
        return after + scale * (x - mean) if self.strength else x


def run_arm(
    name: str,
    rate: float,
    seeds: Sequence[int] = SEEDS,
    updates: int = UPDATES,
    with_drift: bool = False,
) -> NoisyRun:
    """Train one net per seed and measure it every `EVERY` updates, in float32.

    Three arms of five seeds take about three seconds for 150 updates. A shorter run is the
    beginning of a longer one. Measuring the drift takes time and changes nothing else. Raises
    KeyError for a name that is not in `ARMS`.
    """
    with_bn, strength = ARMS[name]
    x, y, x_test, y_test = load_stack(tuple(seeds))
    x, x_test = x.float(), x_test.float()
    # The training sets lie one behind the other: each seed's sample numbers start at its own set.
    first = x.shape[1] * torch.arange(len(seeds))[:, None]
    net = build_mlp(
        SIZES,
        seeds,
        activation="relu",
        init="he",
        norm="batch" if with_bn else None,
        hidden_bias=not with_bn,  # before a BN it would do nothing
    )
    noises = [Noise(strength, seeds, layer) for layer in range(len(SIZES) - 2)]
    net = with_noise(net, noises).float()
    measure_at = range(0, updates + 1, EVERY)
    batches: Iterable[Tensor] = (
        first + batch for batch in mini_batches(x.shape[1], BATCH_SIZE, seeds)
    )
    moments: list[tuple[Tensor, Tensor]] = []
    if with_drift:
        fixed = x[:, :FIXED]
        batches = _watched(batches, lambda: moments.append(moments_of(net, fixed)))
    with one_thread():
        readings = train(
            net,
            x.flatten(0, 1),
            y.flatten(),
            batches,
            learning_rate=rate,
            measure=lambda net: accuracy(net(x_test), y_test),
            measure_at=measure_at,
        )
    correct = np.stack(readings, axis=1)
    reached = updates_to(correct, np.array(measure_at))
    drifts = [((b - a).abs() / sd).mean(dim=(0, 2)) for (a, sd), (b, _) in pairwise(moments)]
    return NoisyRun(
        name,
        rate,
        np.array(measure_at),
        correct,
        _until(reached, torch.stack([torch.stack(n.jumps) for n in noises]).mean(dim=0).numpy()),
        _until(reached, torch.stack(drifts).numpy()) if drifts else np.full(len(seeds), np.nan),
    )


def _until(reached: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Average (T, S) over the updates until each seed's own `reached`, (S,), or over all: (S,)."""
    ends = [int(min(end, len(moved))) for end in reached]
    return np.array([column[:end].mean() for column, end in zip(moved.T, ends, strict=True)])


def _watched(batches: Iterable[Tensor], watch: Callable[[], None]) -> Iterator[Tensor]:
    """Yield the batches, and call `watch` before each of them."""
    for batch in batches:
        watch()
        yield batch


def moments_of(net: nn.Sequential, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return means and sds of what goes into each ReLU, were there no noise: (L, S, D) each.

    x is (S, N, 64). A BN, in training mode, uses the statistics of x and keeps nothing of them.
    """
    means, sds = [], []
    with torch.no_grad():
        for module in net:
            if isinstance(module, Noise):
                sd, mean = torch.std_mean(x, dim=1, correction=0)
                means.append(mean)
                sds.append(sd)
            elif isinstance(module, StackedBatchNorm):
                momentum, module.momentum = module.momentum, 0.0
                x = module(x)
                module.momentum = momentum
            else:
                x = module(x)
    return torch.stack(means), torch.stack(sds)


def with_noise(net: nn.Sequential, noises: Sequence[Noise]) -> nn.Sequential:
    """Return the layers with one noise right before each ReLU."""
    remaining = iter(noises)
    pairs = ([next(remaining), m] if isinstance(m, nn.ReLU) else [m] for m in net)
    return nn.Sequential(*chain.from_iterable(pairs))


def search_rate(name: str) -> dict:
    """Find the rate with the highest accuracy, averaged over all measurements and search seeds.

    It starts at `FIRST_RATE` and goes on until two rates on either side of the best were tried.
    """
    tried: dict[int, float] = {}

    def score(k: int) -> None:
        tried[k] = float(run_arm(name, SEARCH_RATES[k], SEARCH_SEEDS).accuracy.mean())

    score(FIRST_RATE)
    while True:
        best = max(tried, key=tried.get)
        near = [k for k in range(best - 2, best + 3) if 0 <= k < len(SEARCH_RATES)]
        missing = [k for k in near if k not in tried]
        if not missing:
            break
        score(min(missing, key=lambda k: abs(k - best)))
    order = sorted(tried)
    return {
        "learning_rate": SEARCH_RATES[best],
        "learning_rates": [SEARCH_RATES[k] for k in order],
        "mean_accuracies": [round(tried[k], 4) for k in order],
    }


def measure_all() -> dict:
    """Run every arm at the common rate, search its own best rate, and run it at that."""
    arms = []
    for name in ARMS:
        search = search_rate(name)
        runs = {"common": COMMON_RATE, "best": search["learning_rate"]}
        arms.append(
            {"name": name, "search": search}
            | {key: _plain(run_arm(name, rate, with_drift=True)) for key, rate in runs.items()}
        )
    return {
        "network": {"sizes": SIZES, "activation": "relu", "init": "he", "batch_size": BATCH_SIZE},
        "updates": UPDATES,
        "target_accuracy": TARGET,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "measured_every": EVERY,
        "arms": arms,
    }


def load_noisy_batch_norm() -> NoisyBatchNorm:
    """Return the stored comparison."""
    stored = results.load("noisy_batch_norm")
    updates = np.arange(0, stored["updates"] + 1, stored["measured_every"])

    def runs(key: str) -> tuple[NoisyRun, ...]:
        return tuple(
            NoisyRun(
                arm["name"],
                arm[key]["learning_rate"],
                updates,
                np.array(arm[key]["correct"]) / DIGITS_TEST,
                # None becomes nan.
                *(np.array(arm[key][moved], dtype=float) for moved in ("jump", "drift")),
            )
            for arm in stored["arms"]
        )

    return NoisyBatchNorm(tuple(stored["seeds"]), runs("common"), runs("best"))


def _plain(run: NoisyRun) -> dict:
    jump, drift = (
        [round(float(value), 4) if np.isfinite(value) else None for value in moved]
        for moved in (run.jump, run.drift)
    )
    correct = np.rint(run.accuracy * DIGITS_TEST).astype(int)  # test images; shorter, and exact
    return {"learning_rate": run.rate, "jump": jump, "drift": drift, "correct": correct.tolist()}


if __name__ == "__main__":
    command = "python -m bncourse.experiments.noisy_batch_norm"
    print(results.store("noisy_batch_norm", command, measure_all()))
