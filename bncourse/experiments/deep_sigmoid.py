"""How much faster BN makes a deep sigmoid net and a ReLU net: at one rate, and at their best rates.

Six hidden layers of 100 sigmoids with small Gaussian weights are the case for which BN was praised:
saturating nonlinearities become usable. The same net without BN, but with weights of the right size
for sigmoids (Glorot & Bengio 2010, four times as large), says how much of that is initialisation.
Three hidden layers of 100 ReLUs say what is left where nothing saturates.

Each arm runs at its own best rate, the one with the fewest updates to 95 % on other seeds, and at
the best rates of the other arms: "so many times faster at the same rate" depends on whose rate it
is. An epoch is 21 updates for all, so the ratio in epochs is the ratio in updates; that in seconds
is smaller, as an update with BN takes longer, see `time_updates`.

`python -m bncourse.experiments.deep_sigmoid` measures everything again, in about two minutes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.rate_stack import (
    BATCH_SIZE,
    FreshStatistics,
    Images,
    share_right,
    train_stack,
)
from bncourse.experiments.training import ACTIVATIONS, build_mlp, mini_batches, one_thread

WIDTH = 100
UPDATES_PER_EPOCH = 1297 // BATCH_SIZE
BN = {"norm": "batch", "hidden_bias": False}  # a bias right before a BN would do nothing
# Name of the net -> its arms; an arm has its settings, and the powers of 2 that are tried as rates.
NETS = {
    "6 x 100 sigmoid": {
        "small weights": ({"init": 0.1}, (-4, -2, 0, 2, 4)),
        "good weights": ({"init": "xavier"}, (-3, -2, -1, 0, 1)),
        "small weights, BN": ({"init": 0.1, **BN}, (-3, -2, -1, 0, 1, 2)),
    },
    "3 x 100 ReLU": {
        "torch's weights": ({"init": "torch"}, (-4, -3, -2, -1, 0)),
        "good weights": ({"init": "he"}, (-5, -4, -3, -2, -1)),
        "torch's weights, BN": ({"init": "torch", **BN}, (-4, -3, -2, -1, 0, 1)),
    },
}
LAYERS = {"6 x 100 sigmoid": (6, "sigmoid"), "3 x 100 ReLU": (3, "relu")}
TARGETS = (0.9, 0.95)
# Close together where nets with BN learn.
STEPS = (*range(0, 100, 2), *range(100, 300, 20), *range(300, 1001, 25))
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102)  # not those that are compared


@dataclass(frozen=True)
class Speeds:
    """A arms of one net, each at the best rate of each arm: S seeds, targets 90 % and 95 %.

    Attributes:
        net: a key of `NETS`.
        arms: (A,) names.
        rates: (A,) the best rate of each arm in the search.
        updates: (A, A, 2, S) updates until an arm (first axis) at the best rate of an arm (second
            axis) first had the target accuracy on the test images, in evaluation mode; inf for
            never in `longest` updates.
        recomputed: the same with statistics of the training images in place of running averages,
            which lag; equal to `updates` where there is no BN.
        final: (A, A, S) test accuracy after `longest` updates, in evaluation mode.
        longest: number of updates of every run.
        seeds: (S,) of splits, weights and batches.
    """

    net: str
    arms: tuple[str, ...]
    rates: np.ndarray
    updates: np.ndarray
    recomputed: np.ndarray
    final: np.ndarray
    longest: int
    seeds: tuple[int, ...]

    def at_own_rate(self, values: np.ndarray) -> np.ndarray:
        """Take each arm at its own best rate: (A, A, …) to (A, …)."""
        return values[np.arange(len(self.arms)), np.arange(len(self.arms))]

    def times_faster(self, slow: int, fast: int, whose_rate: int | None = None) -> np.ndarray:
        """Return updates of arm `slow` over those of arm `fast`, seed by seed, (2, S).

        Both run at the best rate of arm `whose_rate`, or each at its own. inf where only `slow`
        never gets there, 0 where only `fast` does not, nan where neither does.
        """
        rates = (slow, fast) if whose_rate is None else (whose_rate, whose_rate)
        with np.errstate(invalid="ignore"):
            return self.updates[slow, rates[0]] / self.updates[fast, rates[1]]


def load_deep_sigmoid() -> tuple[Speeds, ...]:
    """Return the stored comparison, one record for each net of `NETS`."""
    stored = results.load("deep_sigmoid")
    records = []
    for name, net in stored["nets"].items():
        arms = net["arms"]

        def first(key: str, arms: dict = arms) -> np.ndarray:
            values = [[np.inf if v is None else v for v in arm[key]] for arm in arms.values()]
            return np.array(values, float).reshape(len(arms), len(arms), len(TARGETS), -1)

        final = np.array([arm["final"] for arm in arms.values()])
        records.append(
            Speeds(
                net=name,
                arms=tuple(arms),
                rates=np.array([arm["rate"] for arm in arms.values()]),
                updates=first("updates"),
                recomputed=first("recomputed"),
                final=final.reshape(len(arms), len(arms), -1),
                longest=stored["longest"],
                seeds=tuple(stored["seeds"]),
            )
        )
    return tuple(records)


def measure(
    net: str,
    arm: str,
    rates: Sequence[float],
    seeds: Sequence[int] = SEEDS,
    steps: Sequence[int] = STEPS,
    *,
    recompute: bool = True,
) -> np.ndarray:
    """Train one network per rate and seed; return test accuracies, (2, rates, seeds, steps).

    First in evaluation mode, then with statistics recomputed on the training images, or without
    `recompute`, which takes time, the same again. ", BN" behind the name of any arm
    without BN makes it one with BN.
    """
    seeds = tuple(seeds)
    hidden, activation = LAYERS[net]
    settings = _settings(net, arm)
    sizes = (64, *[WIDTH] * hidden, 10)
    model = build_mlp(sizes, seeds * len(rates), activation=activation, **settings)

    def read(model: nn.Module, images: Images) -> np.ndarray:
        right = share_right(model, images.x_test, images.y_test)
        if "norm" not in settings or not recompute:
            return np.stack([right, right])
        with FreshStatistics(model, images.x):
            return np.stack([right, share_right(model, images.x_test, images.y_test)])

    readings = train_stack(model, np.repeat(rates, len(seeds)), seeds * len(rates), read, steps)
    return np.moveaxis(readings, 0, -1).reshape(2, len(rates), len(seeds), -1)


def _settings(net: str, arm: str) -> dict:
    arms = NETS[net]
    return arms[arm][0] if arm in arms else {**arms[arm.removesuffix(", BN")][0], **BN}


def updates_to(accuracy: np.ndarray, steps: Sequence[int], target: float) -> np.ndarray:
    """Return the first of the T steps with this accuracy: (..., T) to (...), inf for never."""
    reached = accuracy >= target
    return np.where(reached.any(axis=-1), np.array(steps)[reached.argmax(axis=-1)], np.inf)


def time_updates(net: str, repeats: int = 200) -> np.ndarray:
    """Return the median time of an update without and with BN, (2,) in milliseconds.

    Plain torch layers, float32, one thread, batches of 60. It depends on the machine, and on what
    else is running there; the two nets take turns, so that a pause hits both.
    """
    digits = load_digits()
    x, y = torch.from_numpy(digits.x_train).float(), torch.from_numpy(digits.y_train)
    models = [_plain_net(*LAYERS[net], has_bn) for has_bn in (False, True)]
    optimisers = [torch.optim.SGD(model.parameters(), lr=0.01) for model in models]
    warm_up = 10
    times = np.empty((2, warm_up + repeats))
    stream = mini_batches(len(x), BATCH_SIZE, [0])
    with one_thread():
        for repeat in range(warm_up + repeats):
            (batch,) = next(stream)
            for k, (model, optimiser) in enumerate(zip(models, optimisers, strict=True)):
                start = perf_counter()
                optimiser.zero_grad()
                F.cross_entropy(model(x[batch]), y[batch]).backward()
                optimiser.step()
                times[k, repeat] = perf_counter() - start
    return 1000 * np.median(times[:, warm_up:], axis=1)


def _plain_net(hidden: int, activation: str, has_bn: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for k in range(hidden):
            layers.append(nn.Linear(WIDTH if k else 64, WIDTH, bias=not has_bn))
            layers += [nn.BatchNorm1d(WIDTH)] if has_bn else []
            layers.append(ACTIVATIONS[activation]())
        return nn.Sequential(*layers, nn.Linear(WIDTH, 10))


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search each arm's rate, then run each arm at all arms' best rates."""
    nets = {}
    for net, arms in NETS.items():
        searches = {arm: _search(net, arm) for arm in arms}
        rates = [search["rate"] for search in searches.values()]
        report(f"{net}: {dict(zip(arms, rates, strict=True))}")
        nets[net] = {"arms": {arm: searches[arm] | _compare(net, arm, rates) for arm in arms}}
    return {"longest": max(STEPS), "seeds": SEEDS, "search_seeds": SEARCH_SEEDS, "nets": nets}


def _search(net: str, arm: str) -> dict:
    """Find the rate with the fewest updates to 95 %; if none gets there, the best at the end."""
    rates = [2.0**power for power in NETS[net][arm][1]]
    accuracy = measure(net, arm, rates, SEARCH_SEEDS, recompute=False)[0]
    means = updates_to(accuracy, STEPS, TARGETS[1]).mean(axis=1)
    final = accuracy[..., -1].mean(axis=1)
    best = int(means.argmin() if np.isfinite(means).any() else final.argmax())
    return {
        "rate": rates[best],
        "searched": {
            "rates": rates,
            "mean_updates_to_95": _plain(means),
            "mean_final": final.round(4).tolist(),
        },
    }


def _compare(net: str, arm: str, rates: Sequence[float]) -> dict:
    accuracies = measure(net, arm, rates)
    first, fresh = (
        np.stack([updates_to(values, STEPS, target) for target in TARGETS], axis=1)
        for values in accuracies
    )
    final = accuracies[0, ..., -1].round(4)
    return {
        "updates": _plain(first.ravel()),
        "recomputed": _plain(fresh.ravel()),
        "final": final.ravel().tolist(),
    }


def _plain(values: Sequence[float]) -> list[float | None]:
    """Round for JSON, which knows no inf: None means never."""
    return [round(float(value), 1) if np.isfinite(value) else None for value in values]


if __name__ == "__main__":
    command = "python -m bncourse.experiments.deep_sigmoid"
    print(results.store("deep_sigmoid", command, measure_all()))
