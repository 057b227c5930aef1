"""Does a transformer need warm-up, and which norm? Trained by Adam at a grid of learning rates.

The net is that of `transformer`: six blocks, digits read as eight rows. In the first 50 updates of
an arm with warm-up the rate rises linearly (as in Vaswani et al. 2017, section 5.3); after that,
and without warm-up from the first update, it is constant. All arms run at all rates, so a rate can
be called too high for one arm and not for another. Which rate is an arm's own best, for each number
of updates, is decided on other seeds.

Batch norm takes its statistics over the tokens of the batch, and its nets are evaluated twice: by
the running averages, and by statistics recomputed on all training images. To see what sequences of
different lengths do, arms of layer norm and of batch norm also learn from digits of which only the
first 4 to 8 rows are there, the rest being padding: with the padding counted in the batch's
statistics, or left out.

`python -m bncourse.experiments.transformer_training` measures everything again, in about ten
minutes of a quiet core.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from torch import Tensor

from bncourse import results
from bncourse.experiments.training import one_thread
from bncourse.experiments.transformer import StackedTransformer, rows_of_digits
from bncourse.experiments.transformer_learning import (
    BATCH_SIZE,
    BETAS,
    cut,
    recomputed_statistics,
    share_right,
    train,
)

WARM_UP = 50
# Name -> placement of the norms, their kind, updates of warm-up.
ARMS = {
    "post": ("post", "layer", 0),
    "post, warm-up": ("post", "layer", WARM_UP),
    "pre": ("pre", "layer", 0),
    "pre, warm-up": ("pre", "layer", WARM_UP),
    "pre, RMSNorm": ("pre", "rms", 0),
    "pre, batch norm": ("pre", "batch", 0),
    "none": (None, "layer", 0),
}
# Name -> arm, whether padding is counted in the batch's statistics.
CUT_ARMS = {
    "layer norm": ("pre", False),
    "batch norm, padding left out": ("pre, batch norm", False),
    "batch norm, padding counted": ("pre, batch norm", True),
}
DEPTH = 6
RATES = tuple(2.0**k / 1000 for k in range(-2, 6))
FIRST_RATES = (2, 3, 4)  # places in RATES; the search goes on while the best is at an end
BUDGETS = (100, 300)  # updates
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102)  # not those that are compared
TARGET = 0.9
TEST_IMAGES = 500


@dataclass(frozen=True)
class TransformerTraining:
    """Test accuracies of A arms at R rates after T numbers of updates, S seeds.

    Attributes:
        arms: (A,) as in `ARMS`.
        rates: (R,) of Adam, ascending; with warm-up the rate that it ends at.
        budgets: (T,) updates, read from one run.
        warm_up: updates of the warm-up.
        seeds: (S,) of splits, weights and batches.
        accuracy: (A, R, T, S) on the 500 test images, in evaluation mode; 0 after an overflow.
        recomputed: the same with statistics of the training images in place of running averages;
            equal to `accuracy` where there is no batch norm.
        best: (A, T) place in `rates` of each arm's own best rate, found on other seeds.
        cut_arms: (C,) as in `CUT_ARMS`, trained on digits cut to lengths of 4 to 8 rows.
        cut_accuracy: (C, 2, S) after the last budget, in evaluation mode: on test images cut in
            the same way, and on whole ones. Each at the best rate of its arm in `ARMS`.
    """

    arms: tuple[str, ...]
    rates: np.ndarray
    budgets: tuple[int, ...]
    warm_up: int
    seeds: tuple[int, ...]
    accuracy: np.ndarray
    recomputed: np.ndarray
    best: np.ndarray
    cut_arms: tuple[str, ...]
    cut_accuracy: np.ndarray

    def at_best(self, arm: str, recomputed: bool = False) -> np.ndarray:
        """Return an arm's accuracies at its own best rate for each budget, (T, S)."""
        a, each = self.arms.index(arm), np.arange(len(self.budgets))
        values = self.recomputed if recomputed else self.accuracy
        return values[a, self.best[a], each]

    def best_rate(self, arm: str) -> np.ndarray:
        """Return an arm's own best rate for each budget, (T,)."""
        return self.rates[self.best[self.arms.index(arm)]]

    def usable(self, target: float = TARGET) -> np.ndarray:
        """Return at which rates every seed has this test accuracy, (A, R, T), bool."""
        return (self.accuracy >= target).all(axis=-1)

    def largest(self, target: float = TARGET) -> np.ndarray:
        """Return the largest usable rate, (A, T), or nan where there is none."""
        usable = self.usable(target)
        place = len(self.rates) - 1 - usable[:, ::-1].argmax(axis=1)
        return np.where(usable.any(axis=1), self.rates[place], np.nan)


def measure(
    arm: str,
    rates: Sequence[float] = RATES,
    seeds: Sequence[int] = SEEDS,
    budgets: Sequence[int] = BUDGETS,
) -> np.ndarray:
    """Train one net per rate and seed; return test accuracies, (2, rates, budgets, seeds).

    First those in evaluation mode, then those with recomputed statistics.
    """
    placement, norm, warm_up = ARMS[arm]
    seeds, count = tuple(seeds), len(rates)
    x, y, x_test, y_test = (part.repeat(count, *[1] * (part.ndim - 1)) for part in _digits(seeds))

    def read(model: StackedTransformer) -> np.ndarray:
        right = share_right(model(x_test), y_test)
        if norm != "batch":
            return np.stack([right, right])
        with recomputed_statistics(model, x):
            return np.stack([right, share_right(model(x_test), y_test)])

    with one_thread():
        model = StackedTransformer(seeds * count, depth=DEPTH, placement=placement, norm=norm)
        readings = train(
            *(model, x, y, seeds * count, np.repeat(rates, len(seeds))),
            warm_up=warm_up,
            measure=read,
            measure_at=budgets,
        )
    return readings.reshape(len(budgets), 2, count, len(seeds)).transpose(1, 2, 0, 3)


def measure_cut(
    name: str, rate: float, seeds: Sequence[int] = SEEDS, updates: int = BUDGETS[-1]
) -> np.ndarray:
    """Train one net per seed on cut digits; return accuracies on cut and on whole ones, (2, S)."""
    arm, count_padding = CUT_ARMS[name]
    placement, norm, warm_up = ARMS[arm]
    x, y, x_test, y_test = _digits(tuple(seeds))
    x, lengths = cut(x, seeds, 2)
    x_cut, lengths_test = cut(x_test, seeds, 3)

    def read(model: StackedTransformer) -> np.ndarray:
        on_cut = share_right(model(x_cut, lengths_test), y_test)
        return np.stack([on_cut, share_right(model(x_test), y_test)])

    with one_thread():
        model = StackedTransformer(seeds, depth=DEPTH, placement=placement, norm=norm)
        model.count_padding = count_padding
        readings = train(
            *(model, x, y, seeds, [rate] * len(seeds)),
            warm_up=warm_up,
            measure=read,
            measure_at=[updates],
            lengths=lengths,
        )
    return readings[0]


def search(arm: str) -> dict[int, np.ndarray]:
    """Return mean accuracies (T,) over `SEARCH_SEEDS` by place in `RATES`, ascending.

    The search goes on until no budget's best rate is at an end of what was tried.
    """
    tried: dict[int, np.ndarray] = {}
    wanted = list(FIRST_RATES)
    while wanted:
        means = measure(arm, [RATES[k] for k in wanted], SEARCH_SEEDS)[0].mean(axis=-1)
        tried |= dict(zip(wanted, means, strict=True))
        best = best_places(tried)
        wanted = [min(tried) - 1] if min(tried) in best else []
        wanted += [max(tried) + 1] if max(tried) in best else []
        wanted = [k for k in wanted if 0 <= k < len(RATES)]
    return dict(sorted(tried.items()))


def best_places(tried: dict[int, np.ndarray]) -> list[int]:
    """Return for each budget the place with the best mean accuracy; of equals the lowest."""
    places = sorted(tried)
    return [places[int(k)] for k in np.argmax([tried[place] for place in places], axis=0)]


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search the rates, then train every arm at every rate; numbers lie in the order (R, T, S)."""
    arms = []
    for arm in ARMS:
        tried = search(arm)
        found = measure(arm)
        arms.append(
            {
                "arm": arm,
                "best": best_places(tried),
                "search_places": list(tried),
                "search_accuracy": np.round(list(tried.values()), 4).T.tolist(),
                "right": _count(found[0]),
            }
        )
        if ARMS[arm][1] == "batch":
            arms[-1]["right_recomputed"] = _count(found[1])
        report(f"{arm} {arms[-1]['best']} {found[0].mean(axis=-1).round(3).tolist()}")
    own = {arm["arm"]: RATES[arm["best"][-1]] for arm in arms}
    cut_right = {name: _count(measure_cut(name, own[arm])) for name, (arm, _) in CUT_ARMS.items()}
    report(str(cut_right))
    return {
        "network": {"depth": DEPTH, "batch_size": BATCH_SIZE, "betas": BETAS},
        "rates": RATES,
        "budgets": BUDGETS,
        "warm_up": WARM_UP,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "test_images": TEST_IMAGES,
        "arms": arms,
        "cut": cut_right,
    }


def load_transformer_training() -> TransformerTraining:
    """Return the stored comparison."""
    stored = results.load("transformer_training")
    arms, seeds, images = stored["arms"], stored["seeds"], stored["test_images"]
    shape = len(arms), len(stored["rates"]), len(stored["budgets"]), len(seeds)
    recomputed = [arm.get("right_recomputed", arm["right"]) for arm in arms]
    cut_right = np.array(list(stored["cut"].values()), dtype=float)
    return TransformerTraining(
        arms=tuple(arm["arm"] for arm in arms),
        rates=np.array(stored["rates"]),
        budgets=tuple(stored["budgets"]),
        warm_up=stored["warm_up"],
        seeds=tuple(seeds),
        accuracy=np.array([arm["right"] for arm in arms]).reshape(shape) / images,
        recomputed=np.array(recomputed).reshape(shape) / images,
        best=np.array([arm["best"] for arm in arms]),
        cut_arms=tuple(stored["cut"]),
        cut_accuracy=cut_right.reshape(len(cut_right), 2, len(seeds)) / images,
    )


@cache
def _digits(seeds: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return rows_of_digits(seeds)


def _count(shares: np.ndarray) -> list[int]:
    return np.rint(TEST_IMAGES * shares).astype(int).ravel().tolist()


if __name__ == "__main__":
    command = "python -m bncourse.experiments.transformer_training"
    print(results.store("transformer_training", command, measure_all()))
