"""Deep nets that batch norm trains: does layer norm train them too, and if not, what is missing?

Six layers of sigmoids, and five or eight layers of ReLUs with the weights that PyTorch draws. Every
arm runs at its own best rate of plain SGD for each number of updates, found on other seeds.

Layer norm divides a sample's units by their spread over the units. Most of that spread may be the
same in all samples: a sigmoid's outputs lie around 1/2, whatever the image. Batch norm subtracts
what the samples share; layer norm keeps it, and so what tells samples apart shrinks from layer to
layer. Three arms ask whether this is the reason:

- "LN, good weights": layer norm undoes the scale of the weights, so this should change little;
- "LN, gamma 4": the sigmoids are used where they are steeper relative to their mean;
- "LN, centred": before the first update, every bias is set so that the units' means over the
  training images are 0. Nothing else differs from "LN", and no batch is looked at later.

And what if layer norm had been run at a rate that suits batch norm? "LN" is also run at BN's best.

`python -m bncourse.experiments.layer_norm_limits` measures everything again, in about five minutes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.rate_stack import FreshStatistics, Images, share_right, train_stack
from bncourse.experiments.training import (
    StackedBatchNorm,
    StackedGroupNorm,
    StackedLinear,
    build_mlp,
    one_thread,
)

WIDTH = 64
NONE, BN, LN = {}, {"norm": "batch", "hidden_bias": False}, {"norm": "layer"}
RELU = {
    "none": {"init": "torch", **NONE},
    "none, He's weights": {"init": "he", **NONE},
    "BN": {"init": "torch", **BN},
    "LN": {"init": "torch", **LN},
    "LN, centred": {"init": "torch", "centred": True, **LN},
}
NETS: dict[str, dict[str, dict]] = {
    "6 x 64 sigmoid": {
        "none": {"init": 0.1, **NONE},
        "none, good weights": {"init": "xavier", **NONE},
        "BN": {"init": 0.1, **BN},
        "LN": {"init": 0.1, **LN},
        "LN, good weights": {"init": "xavier", **LN},
        "LN, gamma 4": {"init": 0.1, "gamma": 4.0, **LN},
        "LN, centred": {"init": 0.1, "centred": True, **LN},
    },
    "5 x 64 ReLU": {arm: RELU[arm] for arm in ("none", "BN", "LN")},
    "8 x 64 ReLU": RELU,
}
LAYERS = {"6 x 64 sigmoid": (6, "sigmoid"), "5 x 64 ReLU": (5, "relu"), "8 x 64 ReLU": (8, "relu")}
BUDGETS = {"6 x 64 sigmoid": (300, 2000), "5 x 64 ReLU": (200, 1000)}
BUDGETS["8 x 64 ReLU"] = BUDGETS["5 x 64 ReLU"]
FIRST_POWERS = (-5, -3, -1, 1)  # rates are powers of 2; then those between and beside the best
LOWEST, HIGHEST = -8, 6
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102)  # not those that are compared


@dataclass(frozen=True)
class DeepArms:
    """A arms of one deep net after T numbers of updates, with S seeds.

    Attributes:
        net: a key of `NETS`.
        arms: (A,) names.
        budgets: (T,) numbers of updates.
        rates: (A, T) the best learning rate of each arm for each budget.
        accuracy: (A, T, S) on the 500 test images; BN with exact statistics of the training images.
        apart: (A, L, S) at the start, of what enters the activation of each of L layers: mean
            squared distance from the mean over all training images, over the mean squared length.
            0 means that all images look the same there, 1 that they have nothing in common.
        apart_after: (A, L, S) the same after the last number of updates, at the rate for that.
        seeds: (S,) of splits, weights and batches.
        at_bn_rate: (T, S) accuracy of "LN" at BN's best rate for each number of updates.
    """

    net: str
    arms: tuple[str, ...]
    budgets: tuple[int, ...]
    rates: np.ndarray
    accuracy: np.ndarray
    apart: np.ndarray
    apart_after: np.ndarray
    seeds: tuple[int, ...]
    at_bn_rate: np.ndarray | None = None


def load_layer_norm_limits() -> tuple[DeepArms, ...]:
    """Return the stored comparison, one record for each net of `NETS`."""
    stored = results.load("layer_norm_limits")
    return tuple(
        DeepArms(
            name,
            tuple(net["arms"]),
            tuple(net["updates"]),
            *(
                np.array([arm[key] for arm in net["arms"].values()])
                for key in ("rates", "accuracy", "apart", "apart_after")
            ),
            tuple(stored["seeds"]),
            np.array(net["at_bn_rate"]),
        )
        for name, net in stored["nets"].items()
    )


def build(net: str, arm: str, seeds: Sequence[int]) -> nn.Sequential:
    """Build one network per seed, centred on its training images if the arm says so."""
    settings = dict(NETS[net][arm])
    centred, gamma = settings.pop("centred", False), settings.pop("gamma", 1.0)
    hidden, activation = LAYERS[net]
    model = build_mlp((64, *[WIDTH] * hidden, 10), tuple(seeds), activation=activation, **settings)
    with torch.no_grad():
        for module in model:
            if isinstance(module, StackedGroupNorm):
                module.weight.fill_(gamma)
        if centred:
            centre(model, load_images(seeds))
    return model


def load_images(seeds: Sequence[int]) -> Tensor:
    """Return the training images of each seed, (S, N, 64); seeds may repeat."""
    distinct = tuple(dict.fromkeys(seeds))
    return load_stack(distinct)[0][[distinct.index(seed) for seed in seeds]]


def centre(model: nn.Sequential, x: Tensor) -> None:
    """Set every hidden bias so that what the layer passes on has mean 0 over x (S, N, D)."""
    with torch.no_grad():
        for module in list(model)[:-1]:
            x = module(x)
            if isinstance(module, StackedLinear):
                mean = x.mean(1, keepdim=True)
                module.bias -= mean
                x = x - mean


def differences(model: nn.Sequential, x: Tensor) -> np.ndarray:
    """Return the field `apart` of `DeepArms` for each network, (L, S); BN uses the batch x."""
    norms = (StackedLinear, StackedBatchNorm, StackedGroupNorm)
    before, parts = list(model)[:-1], []
    with torch.no_grad(), one_thread():
        for module, follows in zip(before, [*before[1:], None], strict=True):
            x = module(x)
            if isinstance(module, norms) and not isinstance(follows, norms):
                own = (x - x.mean(1, keepdim=True)).square().sum(-1).mean(1)
                parts.append(own / x.square().sum(-1).mean(1))
    return torch.stack(parts).numpy()


def measure(
    net: str,
    arm: str,
    rates: Sequence[float],
    seeds: Sequence[int] = SEEDS,
    budgets: Sequence[int] | None = None,
) -> np.ndarray:
    """Train one network per rate and seed; return test accuracies, (rates, budgets, seeds)."""
    each = tuple(seeds) * len(rates)
    model = build(net, arm, each)

    def read(model: nn.Module, images: Images) -> np.ndarray:
        with FreshStatistics(model, images.x):
            return share_right(model, images.x_test, images.y_test)

    budgets = BUDGETS[net] if budgets is None else tuple(budgets)
    readings = train_stack(model, np.repeat(rates, len(seeds)), each, read, budgets)
    return readings.reshape(len(budgets), len(rates), len(seeds)).swapaxes(0, 1)


def measure_apart(
    net: str, arm: str, rate: float, seeds: Sequence[int], updates: Sequence[int]
) -> np.ndarray:
    """Train one network per seed; return the field `apart` after the updates, (T, L, S)."""

    def read(model: nn.Module, images: Images) -> np.ndarray:
        with FreshStatistics(model, images.x):
            return differences(model, images.x)

    return train_stack(build(net, arm, seeds), [rate] * len(seeds), seeds, read, updates)


def search(net: str, arm: str) -> dict[int, np.ndarray]:
    """Return mean accuracies (budgets,) over the seeds of the search for each power of 2 tried.

    It goes on until both neighbours of every budget's best were tried, or there are none.
    """
    tried: dict[int, np.ndarray] = {}
    powers = list(FIRST_POWERS)
    while powers:
        found = measure(net, arm, [2.0**p for p in powers], SEARCH_SEEDS).mean(axis=-1)
        tried |= dict(zip(powers, found, strict=True))
        best = {best_power(tried, column) for column in range(len(BUDGETS[net]))}
        beside = {p + side for p in best for side in (-1, 1)} & set(range(LOWEST, HIGHEST + 1))
        powers = sorted(beside - set(tried))
    return dict(sorted(tried.items()))


def best_power(tried: dict[int, np.ndarray], column: int) -> int:
    """Return the power of 2 with the best mean accuracy; of equals the smallest."""
    return max(sorted(tried), key=lambda power: tried[power][column])


def measure_arm(net: str, arm: str) -> dict:
    """Search an arm's rate for each budget and run it at those."""
    tried, budgets = search(net, arm), BUDGETS[net]
    best = [best_power(tried, column) for column in range(len(budgets))]
    powers = sorted(set(best))
    runs = measure(net, arm, [2.0**p for p in powers])
    apart = differences(build(net, arm, SEEDS), load_images(SEEDS))
    after = measure_apart(net, arm, 2.0 ** best[-1], SEEDS, budgets[-1:])[0]
    return {
        "rates": [2.0**p for p in best],
        "accuracy": [runs[powers.index(p), k].round(4).tolist() for k, p in enumerate(best)],
        "apart": _rounded(apart),
        "apart_after": _rounded(after),
        "searched": {
            "rates": [2.0**p for p in tried],
            "mean_accuracy": np.round(list(tried.values()), 4).T.tolist(),
        },
    }


def measure_at_others(net: str, arm: str, rates: Sequence[float]) -> list[list[float]]:
    """Run an arm at another's rates, one for each number of updates; return (T, S) accuracies."""
    tried = sorted(set(rates))
    runs = measure(net, arm, tried)
    return [runs[tried.index(rate), k].round(4).tolist() for k, rate in enumerate(rates)]


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Measure every arm of every net."""
    nets = {}
    for net, arms in NETS.items():
        found = {}
        for arm in arms:
            found[arm] = measure_arm(net, arm)
            means = np.mean(found[arm]["accuracy"], axis=1).round(3)
            report(f"{net}, {arm}: {found[arm]['rates']} {means}")
        others = measure_at_others(net, "LN", found["BN"]["rates"])
        report(f"{net}, LN at BN's rates: {np.mean(others, axis=1).round(3)}")
        nets[net] = {"updates": BUDGETS[net], "arms": found, "at_bn_rate": others}
    return {"seeds": SEEDS, "search_seeds": SEARCH_SEEDS, "nets": nets}


def _rounded(table: np.ndarray) -> list[list[float]]:
    return [[float(f"{value:.4g}") for value in row] for row in table]


if __name__ == "__main__":
    command = "python -m bncourse.experiments.layer_norm_limits"
    print(results.store("layer_norm_limits", command, measure_all()))
