"""How much the size of the initial weights matters, with and without normalisation.

Nets of three hidden layers of 64 ReLUs start from weights drawn from N(0, sd^2), in every layer,
with sd from 1e-6 to 10, and learn the digits by plain SGD. Each kind, no norm, batch norm and layer
norm, is trained twice at every scale: at the rate that was best at the usual scale, 0.1, and at the
best rate for this scale, so that "needs another rate" is not taken for "does not train". The rates
are searched on other seeds. Two budgets are read, so that "slow" is not taken for "stuck".

Two controls ask why nets with BN have limits at both ends:

- below, eps: variances that are small beside eps are not normalised, so nets with an eps of 1e-20
  in place of 1e-5 should train where the others do not;
- above, the rate: BN makes the net blind to the size a of the hidden weights, but their gradient
  is 1/a of what it was, and a step of a given length turns weights a times as long by 1/a. The rate
  that counts is rate / a^2: with the hidden weights' rate times a^2, nets should train as if a were
  1. A control between the two leaves that rate alone and only keeps the output layer, which has no
  BN behind it, at one scale.

`python -m bncourse.experiments.initial_scale` measures everything again, in about three minutes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.rate_stack import Images, share_right, train_stack
from bncourse.experiments.training import StackedBatchNorm, StackedLinear, build_mlp

NORMS = ("none", "batch", "layer")
TEST_IMAGES = 500
SIZES = (64, 64, 64, 64, 10)
SCALES = (1e-6, 1e-5, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
USUAL = 0.1  # the scale where the rate that is kept is tuned; He's is 0.18 here
BUDGETS = (200, 1000)  # updates
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102)  # not those that are compared
TARGET = 0.9
TINY_EPS = 1e-20

# The searched rates are five powers of 4, the lowest of which has this exponent. Large weights need
# lower rates; where two scales are not in the list, the next larger one decides.
LOWEST = {
    "none": {0.1: -3, 0.3: -4, 1.0: -6, 3.0: -8, 10.0: -10},
    "batch": {0.1: -3, 3.0: -2, 10.0: -5},
    "layer": {1e-5: -4, 0.01: -6, 3.0: -4, 10.0: -5},
}


def searched_rates(norm: str, scale: float) -> list[float]:
    """Return the five rates among which the best one is searched."""
    lowest = next(power for limit, power in LOWEST[norm].items() if scale <= limit)
    return [4.0**power for power in range(lowest, lowest + 5)]


@dataclass(frozen=True)
class Control:
    """Nets with BN that differ from the others in one thing, at the rate that is kept.

    Attributes:
        scales: (K,) some of those of the record.
        accuracy: (K, T, S) on the test images.
        turned: (K, T) mean angle in degrees between the weight vectors of the second hidden layer's
            units at the start and after the budget.
    """

    scales: np.ndarray
    accuracy: np.ndarray
    turned: np.ndarray


@dataclass(frozen=True)
class InitialScale:
    """A kinds of normalisation at K scales of the initial weights: T budgets, S seeds.

    Attributes:
        norms: (A,) as in `NORMS`.
        scales: (K,) standard deviation of all weights at the start.
        budgets: (T,) numbers of updates.
        seeds: (S,) of splits, weights and batches.
        tuned_rates: (A, K, T) the best rate for this scale and budget in the search.
        tuned: (A, K, T, S) test accuracy at those; 0 after an overflow.
        kept_rates: (A,) the best rate at the scale `USUAL` and the longest budget.
        kept: (A, K, T, S) test accuracy at that rate.
        normalised: (K, 3) variance / (variance + eps) before each of the three BN layers at the
            start, the mean over units and seeds, by the whole training set. Near 1 the layer gives
            its output variance 1, near 0 it does not.
        plain: BN at all scales, at the rate that is kept.
        tiny_eps: BN with the eps `TINY_EPS`, small scales.
        same_output: BN with the output layer always at scale `USUAL`, large scales.
        rate_follows: the same, and the hidden weights' rate times (scale / `USUAL`)^2.
    """

    norms: tuple[str, ...]
    scales: np.ndarray
    budgets: tuple[int, ...]
    seeds: tuple[int, ...]
    tuned_rates: np.ndarray
    tuned: np.ndarray
    kept_rates: np.ndarray
    kept: np.ndarray
    normalised: np.ndarray
    plain: Control
    tiny_eps: Control
    same_output: Control
    rate_follows: Control

    def usable(self, accuracy: np.ndarray, target: float = TARGET) -> np.ndarray:
        """Return where every seed has this test accuracy: (..., S) to (...), bool."""
        return (accuracy >= target).all(axis=-1)


def load_initial_scale() -> InitialScale:
    """Return the stored measurement."""
    stored = results.load("initial_scale")
    scales = np.array(stored["scales"])
    shape = len(scales), len(stored["budgets"])

    def shares(right: list[int]) -> np.ndarray:
        return np.array(right).reshape(-1, shape[1], len(stored["seeds"])) / TEST_IMAGES

    def control(name: str) -> Control:
        values = stored["controls"][name]
        turned = np.array(values["turned"]).reshape(-1, shape[1])
        return Control(np.array(values["scales"]), shares(values["right"]), turned)

    arms = [stored["arms"][norm] for norm in stored["norms"]]
    return InitialScale(
        norms=tuple(stored["norms"]),
        scales=scales,
        budgets=tuple(stored["budgets"]),
        seeds=tuple(stored["seeds"]),
        tuned_rates=np.array([arm["tuned_rates"] for arm in arms]).reshape(-1, *shape),
        tuned=np.stack([shares(arm["right_tuned"]) for arm in arms]),
        kept_rates=np.array([arm["kept_rate"] for arm in arms]),
        kept=np.stack([shares(arm["right_kept"]) for arm in arms]),
        normalised=np.array(stored["normalised"]).reshape(len(scales), -1),
        plain=control("plain"),
        tiny_eps=control("tiny_eps"),
        same_output=control("same_output"),
        rate_follows=control("rate_follows"),
    )


def build(
    norm: str,
    scales: Sequence[float],
    seeds: Sequence[int],
    *,
    output_scale: float | None = None,
    eps: float | None = None,
) -> nn.Sequential:
    """Build n nets, net k with all weights times `scales[k]`, as drawn from N(0, 1) by `seeds[k]`.

    `output_scale` holds the output layer's weights at that one scale; `eps` is that of the norms.
    """
    model = build_mlp(
        SIZES,
        seeds,
        activation="relu",
        init=1.0,
        norm=None if norm == "none" else norm,
        hidden_bias=norm != "batch",  # right before a BN it would do nothing
    )
    own = torch.tensor(scales, dtype=torch.float64)[:, None, None]
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, StackedLinear):
                last = layer is model[-1]
                layer.weight.mul_(own if output_scale is None or not last else output_scale)
            if eps is not None and hasattr(layer, "eps"):
                layer.eps = eps
    return model


def measure(
    norm: str,
    scales: Sequence[float],
    rates: Sequence[float],
    seeds: Sequence[int] = SEEDS,
    budgets: Sequence[int] = BUDGETS,
    *,
    eps: float | None = None,
    output_scale: float | None = None,
    rate_follows: bool = False,
) -> np.ndarray:
    """Train one net per pair (scale, rate) and seed; return (2, pairs, budgets, seeds).

    First the test accuracy in evaluation mode, then the mean angle, in degrees, by which the weight
    vectors of the units of the second hidden layer have turned since the start.
    """
    seeds = tuple(seeds)
    each_scale, each_rate = np.repeat(scales, len(seeds)), np.repeat(rates, len(seeds))
    each_seed = seeds * len(scales)
    model = build(norm, each_scale, each_seed, output_scale=output_scale, eps=eps)
    if rate_follows:
        factor = torch.tensor((each_scale / USUAL) ** 2).float()[:, None, None]
        for layer in hidden_layers(model):
            layer.weight.register_hook(lambda gradient: gradient * factor)
    watched = hidden_layers(model)[1]
    start = watched.weight.detach().float().clone()

    def read(model: nn.Module, images: Images) -> np.ndarray:
        cosine = nn.functional.cosine_similarity(start, watched.weight, dim=1)
        degrees = cosine.clamp(-1, 1).double().arccos().rad2deg().mean(dim=1).numpy()
        return np.stack([share_right(model, images.x_test, images.y_test), degrees])

    readings = train_stack(model, each_rate, each_seed, read, budgets)
    return readings.reshape(len(budgets), 2, len(scales), len(seeds)).transpose(1, 2, 0, 3)


def hidden_layers(model: nn.Sequential) -> list[StackedLinear]:
    """Return the linear layers but the last."""
    return [layer for layer in model if isinstance(layer, StackedLinear)][:-1]


def share_normalised(scales: Sequence[float], seeds: Sequence[int] = SEEDS) -> np.ndarray:
    """Return variance / (variance + eps) before the three BN layers at the start, (K, 3)."""
    x = load_stack(tuple(seeds))[0]
    shares = []
    for scale in scales:
        model = build("batch", [scale] * len(seeds), seeds)
        values, row = x, []
        with torch.no_grad():
            for layer in model:
                if isinstance(layer, StackedBatchNorm):
                    variance = values.var(dim=1, correction=0)
                    row.append(float((variance / (variance + layer.eps)).mean()))
                values = layer(values)
        shares.append(row)
    return np.array(shares)


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search the rates, then compare at those; numbers lie in the order scales, budgets, seeds."""
    arms, rates = {}, {}
    for norm in NORMS:
        arms[norm] = _compare(norm, *_search(norm))
        rates[norm] = arms[norm]["kept_rate"]
        report(f"{norm}: {arms[norm]['tuned_rates']}")
    small, large = (tuple(s for s in SCALES if side * (s - USUAL) >= 0) for side in (-1, 1))
    plans = {
        "plain": (SCALES, {}),
        "tiny_eps": (small, {"eps": TINY_EPS}),
        "same_output": (large, {"output_scale": USUAL}),
        "rate_follows": (large, {"output_scale": USUAL, "rate_follows": True}),
    }
    controls = {}
    for name, (scales, settings) in plans.items():
        right, turned = measure("batch", scales, [rates["batch"]] * len(scales), **settings)
        means = turned.mean(axis=-1).round(3)
        controls[name] = {
            "scales": scales,
            "right": _count(right),
            "turned": means.ravel().tolist(),
        }
    return {
        "norms": NORMS,
        "scales": SCALES,
        "budgets": BUDGETS,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "normalised": [float(f"{v:.3g}") for v in share_normalised(SCALES).ravel()],
        "arms": arms,
        "controls": controls,
    }


def _search(norm: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the searched rates, (K, 5), and the mean accuracies there, (K, 5, T)."""
    rates = np.array([searched_rates(norm, scale) for scale in SCALES])
    scales = np.repeat(SCALES, rates.shape[1])
    right = measure(norm, scales, rates.ravel(), SEARCH_SEEDS)[0].mean(axis=-1)
    return rates, right.reshape(*rates.shape, -1)


def _compare(norm: str, rates: np.ndarray, means: np.ndarray) -> dict:
    best = np.take_along_axis(rates, means.argmax(axis=1), axis=1)  # (K, T)
    kept = float(best[SCALES.index(USUAL), -1])
    # A run at a rate serves every purpose it was chosen for.
    pairs = {(scale, kept) for scale in SCALES}
    pairs |= {(scale, float(rate)) for scale, row in zip(SCALES, best, strict=True) for rate in row}
    pairs = sorted(pairs)
    right = dict(zip(pairs, measure(norm, *zip(*pairs, strict=True))[0], strict=True))
    tuned = [
        [right[scale, float(rate)][budget] for budget, rate in enumerate(row)]
        for scale, row in zip(SCALES, best, strict=True)
    ]
    return {
        "kept_rate": kept,
        "tuned_rates": best.ravel().tolist(),
        "right_kept": _count(np.array([right[scale, kept] for scale in SCALES])),
        "right_tuned": _count(np.array(tuned)),
        "search": {"rates": rates.ravel().tolist(), "mean_accuracy": _rounded(means)},
    }


def _rounded(means: np.ndarray) -> list[float]:
    return means.round(3).ravel().tolist()


def _count(shares: np.ndarray) -> list[int]:
    return np.rint(TEST_IMAGES * shares).astype(int).ravel().tolist()


if __name__ == "__main__":
    command = "python -m bncourse.experiments.initial_scale"
    print(results.store("initial_scale", command, measure_all()))
