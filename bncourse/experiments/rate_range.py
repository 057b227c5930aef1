"""Which learning rates are usable, with and without normalisation.

Small nets learn the digits by plain SGD at every power of two from 2^-10 to 2^6. A rate is usable
within a number of updates if every seed classifies 90 % of its test images by then. Two budgets are
read from one run, because a low rate may just need longer; a high rate that fails does not.

Networks without normalisation also start from the weights of He and others (2015), which suit
ReLUs: what BN gains over those is not initialisation. And as running averages lag behind weights
that move fast, accuracy is also measured with statistics recomputed on the training images: what
fails there has not learned.

`python -m bncourse.experiments.rate_range` measures everything again, in about six minutes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from bncourse import results
from bncourse.experiments.rate_stack import (
    FreshStatistics,
    Images,
    cross_entropy,
    share_right,
    train_stack,
)
from bncourse.experiments.training import build_mlp

NORMS = ("none", "batch", "layer")
NETS = {
    "3 x 64 ReLU": {"hidden": 3, "activation": "relu", "init": "torch"},
    "3 x 64 ReLU, He": {"hidden": 3, "activation": "relu", "init": "he"},
    "8 x 64 ReLU": {"hidden": 8, "activation": "relu", "init": "torch"},
    "8 x 64 ReLU, He": {"hidden": 8, "activation": "relu", "init": "he"},
    "3 x 64 tanh": {"hidden": 3, "activation": "tanh", "init": "torch"},
}
RATES = tuple(2.0**k for k in range(-10, 7))
BUDGETS = (200, 1000)  # updates
SEEDS = (0, 1, 2, 3, 4)
TARGET = 0.9
TEST_IMAGES = 500


@dataclass(frozen=True)
class RateRange:
    """N nets with A kinds of normalisation at R learning rates: T budgets, S seeds.

    Attributes:
        nets: (N,) names, see `NETS`: how many hidden layers of 64 units, which activation, and
            whether the weights are He's or those of torch's linear layer.
        norms: (A,) as in `NORMS`; the norm stands before the activation in every hidden layer.
        rates: (R,) of plain SGD, ascending.
        budgets: (T,) numbers of updates, read from one run.
        seeds: (S,) of splits, weights and batches.
        accuracy: (N, A, R, T, S) on the 500 test images, in evaluation mode; 0 after an overflow.
        recomputed: the same with statistics of the training images instead of running averages;
            equal to `accuracy` where there is no BN.
        loss: (N, A, R, T) median over the seeds of the mean cross-entropy of the training images,
            with the statistics of `recomputed`; inf after an overflow. Guessing has ln 10 = 2.3.
        overflowed: (N, A, R, T) number of seeds whose loss is no finite number any more.
    """

    nets: tuple[str, ...]
    norms: tuple[str, ...]
    rates: np.ndarray
    budgets: tuple[int, ...]
    seeds: tuple[int, ...]
    accuracy: np.ndarray
    recomputed: np.ndarray
    loss: np.ndarray
    overflowed: np.ndarray

    def usable(self, target: float = TARGET) -> np.ndarray:
        """Return at which rates every seed has this test accuracy, (N, A, R, T), bool."""
        return (self.accuracy >= target).all(axis=-1)

    def smallest(self, target: float = TARGET) -> np.ndarray:
        """Return the smallest usable rate, (N, A, T), or nan where there is none."""
        return self._rate(self.usable(target).argmax(axis=2), target)

    def largest(self, target: float = TARGET) -> np.ndarray:
        """Return the largest usable rate, (N, A, T), or nan where there is none."""
        from_above = self.usable(target)[:, :, ::-1].argmax(axis=2)
        return self._rate(len(self.rates) - 1 - from_above, target)

    def times_higher(self, target: float = TARGET) -> np.ndarray:
        """Return the largest usable rate over that without norm, (N, A, T), or nan."""
        largest = self.largest(target)
        return largest / largest[:, self.norms.index("none"), None]

    def best(self) -> np.ndarray:
        """Return the rate with the highest mean accuracy over these seeds, (N, A, T)."""
        return self.rates[self.accuracy.mean(axis=-1).argmax(axis=2)]

    def _rate(self, place: np.ndarray, target: float) -> np.ndarray:
        return np.where(self.usable(target).any(axis=2), self.rates[place], np.nan)


def load_rate_range() -> RateRange:
    """Return the stored measurement."""
    stored = results.load("rate_range")
    shape = len(stored["nets"]), len(stored["norms"]), len(stored["rates"]), len(stored["budgets"])
    per_seed = (*shape, len(stored["seeds"]))

    def shares(name: str) -> np.ndarray:
        right = np.array([arm[name] for arm in stored["arms"]], dtype=float)
        return right.reshape(per_seed) / stored["test_images"]

    losses = [[np.inf if v is None else v for v in arm["median_loss"]] for arm in stored["arms"]]
    return RateRange(
        nets=tuple(stored["nets"]),
        norms=tuple(stored["norms"]),
        rates=np.array(stored["rates"]),
        budgets=tuple(stored["budgets"]),
        seeds=tuple(stored["seeds"]),
        accuracy=shares("right"),
        recomputed=shares("right_recomputed"),
        loss=np.array(losses).reshape(shape),
        overflowed=np.array([arm["overflowed"] for arm in stored["arms"]]).reshape(shape),
    )


def measure(
    net: str,
    norm: str,
    rates: Sequence[float] = RATES,
    seeds: Sequence[int] = SEEDS,
    budgets: Sequence[int] = BUDGETS,
) -> np.ndarray:
    """Train one network per rate and seed; return (3, rates, budgets, seeds).

    First the test accuracy in evaluation mode, then that with statistics recomputed on the training
    images, then the mean cross-entropy of the training images with those, inf if it overflowed.
    """
    settings = dict(NETS[net])
    sizes = (64, *[64] * settings.pop("hidden"), 10)
    kind = None if norm == "none" else norm
    hidden_bias = norm != "batch"  # right before a BN it would do nothing
    each_seed = list(seeds) * len(rates)
    model = build_mlp(sizes, each_seed, norm=kind, hidden_bias=hidden_bias, **settings)
    readings = train_stack(model, np.repeat(rates, len(seeds)), each_seed, _read, budgets)
    shape = len(budgets), 3, len(rates), len(seeds)
    return readings.reshape(shape).transpose(1, 2, 0, 3)


def _read(model: nn.Module, images: Images) -> np.ndarray:
    right = share_right(model, images.x_test, images.y_test)
    with FreshStatistics(model, images.x):
        fresh = share_right(model, images.x_test, images.y_test)
        return np.stack([right, fresh, cross_entropy(model, images.x, images.y)])


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Measure every net with every norm; numbers lie in the order rates, budgets, seeds."""
    arms = []
    for net in NETS:
        for norm in NORMS:
            right, recomputed, loss = measure(net, norm)
            medians = np.median(loss, axis=-1).ravel()
            arms.append(
                {
                    "net": net,
                    "norm": norm,
                    "right": _count(right),
                    "right_recomputed": _count(recomputed),
                    "median_loss": [float(f"{m:.3g}") if np.isfinite(m) else None for m in medians],
                    "overflowed": np.isinf(loss).sum(axis=-1).ravel().tolist(),
                }
            )
            report(f"{net}, {norm}")
    return {
        "nets": list(NETS),
        "norms": NORMS,
        "rates": RATES,
        "budgets": BUDGETS,
        "seeds": SEEDS,
        "test_images": TEST_IMAGES,
        "arms": arms,
    }


def _count(shares: np.ndarray) -> list[int]:
    return np.rint(TEST_IMAGES * shares).astype(int).ravel().tolist()


if __name__ == "__main__":
    command = "python -m bncourse.experiments.rate_range"
    print(results.store("rate_range", command, measure_all()))
