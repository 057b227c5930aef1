"""Layer norm over very few features: what is left of them, and what that costs.

The H numbers that leave a layer norm (before gamma and beta) have mean 0 and mean square 1. So they
lie on a sphere of H - 2 dimensions: for one feature that is a single value, 0; for two a pair of
points, (-1, 1) and (1, -1); for three a circle; for four a sphere. Whatever stands behind can tell
no more classes apart than that. (All this holds up to eps: inputs closer to each other than
sqrt(eps) = 0.003 are not stretched to the full length.)

Here it is the bottleneck of a classifier of digits: 64 ReLUs, then H linear features, the norm, 64
ReLUs, 10 classes. Without a norm or with batch norm the features have all H dimensions. Every arm
runs at its own best rate, found on other seeds.

`python -m bncourse.experiments.few_features` searches and measures, in about three minutes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.small_batches import search_rate, train_stack
from bncourse.experiments.training import accuracy, build_mlp, build_norm, mini_batches, one_thread

NORMS = {"none": None, "BN": "batch", "LN": "layer"}
WIDTHS = (1, 2, 3, 4, 8, 64)
BATCH_SIZE, UPDATES = 60, 1000
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102)  # not those that are compared
# Over very few features nothing but guessing is found near the usual rates.
FIRST_RATE, TO_EACH_SIDE = 2.0**-4, 5
NORM_AT = 3  # behind linear, ReLU, linear
SECOND_HALF = 1000  # what is added to a seed for the weights behind the bottleneck


@dataclass(frozen=True)
class FewFeatures:
    """Test accuracies of A arms with bottlenecks of W widths, S seeds.

    Attributes:
        arms: as in `NORMS`.
        widths: (W,) features that the norm runs over.
        updates: of every run.
        accuracy: (A, W, S) on the 500 test images, in evaluation mode.
        rates: (A, W) learning rates.
        angles: (N,) where the test images lie on the circle of three features behind layer norm, in
            degrees from 0 to 360, for the net of the first seed.
        labels: (N,) which digits they are.
        seeds: (S,) of splits, weights and batches.
    """

    arms: tuple[str, ...]
    widths: np.ndarray
    updates: int
    accuracy: np.ndarray
    rates: np.ndarray
    angles: np.ndarray
    labels: np.ndarray
    seeds: tuple[int, ...]

    def at(self, arm: str, width: int) -> np.ndarray:
        """Return the accuracies (S,) of one arm at one width."""
        return self.accuracy[self.arms.index(arm), self.widths.tolist().index(width)]


def load_few_features() -> FewFeatures:
    """Return the stored comparison."""
    stored = results.load("few_features")
    runs = {(run["arm"], run["width"]): run for run in stored["runs"]}

    def table(name: str) -> np.ndarray:
        return np.array([[runs[arm, width][name] for width in WIDTHS] for arm in NORMS])

    return FewFeatures(
        tuple(NORMS),
        np.array(WIDTHS),
        stored["updates"],
        table("accuracy"),
        table("rate"),
        np.array(stored["angles"]),
        np.array(stored["labels"]),
        tuple(stored["seeds"]),
    )


def build(arm: str, width: int, seeds: Sequence[int]) -> nn.Sequential:
    """Build one network per seed: (S, N, 64) to logits (S, N, 10), float32."""
    plain = {"activation": "relu", "init": "torch"}
    first = build_mlp((64, 64, width), tuple(seeds), **plain)
    second = build_mlp((width, 64, 10), tuple(seed + SECOND_HALF for seed in seeds), **plain)
    kind = NORMS[arm]
    norm = nn.Identity() if kind is None else build_norm(kind, len(seeds), width)
    return nn.Sequential(*first, norm, *second).float()


def train(
    arm: str, width: int, rates: Sequence[float], seeds: Sequence[int], updates: int = UPDATES
) -> tuple[nn.Sequential, np.ndarray]:
    """Train a network per rate and seed; return them and their test accuracies (rates, S)."""
    x, y, x_test, y_test = load_stack(tuple(seeds))
    x, x_test = x.float(), x_test.float().repeat(len(rates), 1, 1)
    offset = x.shape[1] * torch.arange(len(seeds))[:, None]
    net = build(arm, width, tuple(seeds) * len(rates))
    stream = mini_batches(x.shape[1], BATCH_SIZE, seeds)
    batches = ((offset + batch).repeat(len(rates), 1) for batch in stream)
    with one_thread(), torch.enable_grad():
        each = np.repeat(rates, len(seeds)).tolist()
        train_stack(net, x.flatten(0, 1), y.flatten(), batches, each, updates)
        with torch.no_grad():
            right = accuracy(net(x_test), y_test.repeat(len(rates), 1))
    return net, right.reshape(len(rates), -1)


def features(net: nn.Sequential, images: Tensor) -> np.ndarray:
    """Return what the norm makes of images (S, N, 64) before gamma and beta, (S, N, H)."""
    norm = net[NORM_AT]
    with torch.no_grad(), one_thread():
        y = net[: NORM_AT + 1](images.float())
        if isinstance(norm, nn.Identity):
            return y.numpy()
        gamma, beta = (p.view(len(y), 1, -1) for p in (norm.weight, norm.bias))
        return ((y - beta) / gamma).numpy()


def on_the_circle(x_hat: np.ndarray) -> np.ndarray:
    """Return the angles (...,) in degrees, 0 to 360, of points (..., 3) whose sum is 0."""
    across = x_hat @ np.array([1, -1, 0]) / np.sqrt(2)
    up = x_hat @ np.array([1, 1, -2]) / np.sqrt(6)
    return np.degrees(np.arctan2(up, across)) % 360


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search every arm's rate at every width, then compare."""
    runs = []
    for arm in NORMS:
        for width in WIDTHS:

            def error(rates: list[float], task: tuple = (arm, width)) -> np.ndarray:
                return 100 * (1 - train(*task, rates, SEARCH_SEEDS)[1])

            search = search_rate(error, FIRST_RATE, TO_EACH_SIDE)
            net, (right,) = train(arm, width, [search["rate"]], SEEDS)
            if (arm, width) == ("LN", 3):
                *_, x_test, y_test = load_stack(SEEDS)
                angles = on_the_circle(features(net, x_test)[0]).round().astype(int)
            runs.append({"arm": arm, "width": width, **search, "accuracy": right.round(4).tolist()})
            report(f"{arm} {width} {search} {right.mean():.3f} ± {right.std(ddof=1):.3f}")
    return {
        "updates": UPDATES,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "runs": runs,
        "angles": angles.tolist(),
        "labels": y_test[0].tolist(),
    }


if __name__ == "__main__":
    command = "python -m bncourse.experiments.few_features"
    print(results.store("few_features", command, measure_all()))
