"""Doing without: what replaces a norm, at batch size 32 and 2, and from badly scaled weights.

Three nets learn the digits by plain SGD: an "MLP" of 2 hidden layers of 64 ReLUs, a "deep MLP" of
8, and the "conv net" of `strided_convs` with the head "mean". Hidden weights are those of He and
others (2015) times a scale; the output layer, which has no norm in any arm, has half of He's
standard deviation at every scale. The arms:

- "BN", "LN" and "GN" (8 groups), before the ReLU;
- "WS+GN": GN behind standardised weights (Qiao and others 2019);
- "DyT": gamma * tanh(alpha x) + beta in the place of the norm (Zhu and others 2025);
- "none": a bias;
- "SkipInit": no norm; every hidden layer but the first is h + gate * relu(W h + b), and the gate
  starts at 0 (De & Smith 2020). In the MLPs only.

Each arm is measured at batch size 32 from hidden weights at scale 1, 0.1 and 10, and at batch size
2 from scale 1; the deep MLP not at batch size 2, and the conv net at scale 1 alone. "Own" is the
rate that was best for this cell in a search on other seeds, by powers of two; "kept" is the arm's
best rate at batch size 32 and scale 1. A rate is usable if its mean error in the search is within
two points of the arm's best in that cell. Where the best is above 50 %, no rate is.

A control starts DyT's alpha elsewhere: as tanh(alpha W x) knows alpha and the scale of W by their
product alone, a bad scale should be mended by hand there; and a deep net without skips loses half
of its signal in every layer with 0.5. Another control trains some conv nets four times as long:
what a norm gains in four epochs may be speed alone.

`python -m bncourse.experiments.without_norms` searches the rates and stores what it finds, in about
five minutes of one core.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from bncourse import results
from bncourse.experiments.shared_ruler import StackedNorm
from bncourse.experiments.small_batch_convs import StackedGroups
from bncourse.experiments.strided_convs import StridedNets, trained_errors
from bncourse.experiments.substitutes import (
    ALPHA,
    DynamicTanh,
    GatedResidual,
    StandardisedLinear,
    standardise,
)
from bncourse.experiments.training import StackedGroupNorm, StackedLinear, build_mlp

ARMS = ("BN", "LN", "GN", "WS+GN", "DyT", "none", "SkipInit")
KINDS = {"BN": "batch", "LN": "layer", "GN": "group", "WS+GN": "group", "DyT": "layer"}
HIDDEN = {"MLP": 2, "deep MLP": 8}
NETS = (*HIDDEN, "conv net")
CELLS = ((32, 1.0), (32, 0.1), (32, 10.0), (2, 1.0))  # batch size, scale of the hidden weights
CELLS_OF = {"MLP": CELLS, "deep MLP": CELLS[:3], "conv net": CELLS[::3]}
EPOCHS = {"MLP": (6, 3), "deep MLP": (6, 0), "conv net": (4, 2)}  # batches of 32, of 2
OUTPUT_SCALE = 0.5
CONV_GROUPS = 8
SEEDS = tuple(range(6))
SEARCH_SEEDS = (100, 101, 102)  # not those that are compared
# Nets, scales of the hidden weights and starts of alpha for the control.
ALPHAS = (
    ("MLP", 0.1, 5.0),
    ("MLP", 10.0, 0.05),
    ("deep MLP", 1.0, 1.0),
    ("deep MLP", 1.0, 2.0),
    ("deep MLP", 1.0, 4.0),
)
LONG_ARMS, LONG_EPOCHS = ("GN", "WS+GN"), 16  # of the conv net, batches of 32
WITHIN = 2.0  # points of error
FIRST_RATES = {32: 0.25, 2: 0.03125}
LEARNS = 50.0  # percent of errors, above which no rate is called usable
LOWEST, HIGHEST = -14, 8  # powers of two; no search may go further


@dataclass(frozen=True)
class WithoutNorms:
    """N nets, A arms, Q cells of batch size and scale, S seeds; nan where nothing was measured.

    Attributes:
        nets: as in `NETS`.
        arms: as in `ARMS`.
        cells: (Q,) pairs of a batch size and the scale of the initial hidden weights.
        epochs: (N, Q), 0 where nothing was measured.
        own: (N, A, Q, S) test errors in percent at the best rate for the cell.
        kept: (N, A, Q, S) at the best rate of batch size 32 and scale 1; for cells of batch size 2
            the same as `own`.
        rates: (N, A, Q) the best rates.
        usable: (N, A, Q, 2) the lowest and highest of the usable rates around the best, which are
            powers of two in a row; nan where none is.
        alphas: (K,) nets, scales and starts of alpha of the control with DyT, batch size 32.
        alpha_error: (K, S) at the best rate.
        long_arms: (B,) of the conv net that was trained longer, batch size 32.
        long_error: (B, S) after `LONG_EPOCHS` epochs.
        seeds: (S,) of splits, weights and batches.
    """

    nets: tuple[str, ...]
    arms: tuple[str, ...]
    cells: tuple[tuple[int, float], ...]
    epochs: np.ndarray
    own: np.ndarray
    kept: np.ndarray
    rates: np.ndarray
    usable: np.ndarray
    alphas: tuple[tuple[str, float, float], ...]
    alpha_error: np.ndarray
    long_arms: tuple[str, ...]
    long_error: np.ndarray
    seeds: tuple[int, ...]

    def doublings(self, net: str, arm: str, cell: tuple[int, float]) -> int:
        """Return how many powers of two are usable, 0 where none is."""
        low, high = self.at(self.usable, net, arm, cell)
        return 0 if np.isnan(low) else round(np.log2(high / low)) + 1

    def at(self, values: np.ndarray, net: str, arm: str, cell: tuple[int, float]) -> np.ndarray:
        """Return the entry of one of the arrays for a net, an arm and a cell."""
        return values[self.nets.index(net), self.arms.index(arm), self.cells.index(cell)]


def arms_of(net: str) -> tuple[str, ...]:
    """Return the arms that a net has."""
    return ARMS if net in HIDDEN else ARMS[:-1]


def build(net: str, arm: str, scale: float, seeds: Sequence[int]) -> nn.Module:
    """Build one net per seed in float32: images (S, N, 64) to logits (S, N, 10).

    Hidden weights are He's times the scale, output weights He's times `OUTPUT_SCALE`. A seed fixes
    what is drawn whatever the arm is. Raises KeyError for "SkipInit" in the conv net.
    """
    model = _build_mlp(HIDDEN[net], arm, seeds) if net in HIDDEN else _build_conv(arm, seeds)
    if net in HIDDEN:
        *hidden, output = (m.weight for m in model.modules() if isinstance(m, StackedLinear))
    else:
        hidden, output = model.filters, model.weight
    with torch.no_grad():
        output.mul_(OUTPUT_SCALE)
        for weight in hidden:
            weight.mul_(scale)
    return model


def _build_mlp(hidden: int, arm: str, seeds: Sequence[int]) -> nn.Sequential:
    model = build_mlp(
        (64, *[64] * hidden, 10),
        seeds,
        activation="relu",
        init="he",
        norm=KINDS.get(arm),
        hidden_bias=arm != "BN",  # right before a BN it would do nothing
    ).float()
    if arm == "DyT":
        for place, layer in enumerate(model):
            if isinstance(layer, StackedGroupNorm):
                model[place] = DynamicTanh(len(seeds), 64)
    if arm == "WS+GN":
        for layer in list(model)[:-1]:
            if isinstance(layer, StackedLinear):
                layer.__class__ = StandardisedLinear
    if arm == "SkipInit":
        first, *rest = (model[i : i + 2] for i in range(0, 2 * hidden, 2))
        gated = [GatedResidual(len(seeds), branch) for branch in rest]
        model = nn.Sequential(first, *gated, model[-1])
    return model


def _build_conv(arm: str, seeds: Sequence[int]) -> StridedNets:
    norms = {
        "BN": lambda networks, channels: StackedNorm("per channel", networks, channels),
        "LN": lambda networks, channels: StackedGroups(networks, channels, 1),
        "GN": lambda networks, channels: StackedGroups(networks, channels, CONV_GROUPS),
        "WS+GN": lambda networks, channels: StackedGroups(networks, channels, CONV_GROUPS),
        "DyT": lambda networks, channels: DynamicTanh(networks, channels, maps=True),
        "none": lambda networks, channels: nn.Identity(),
    }
    prepare = (lambda weight: standardise(weight, (1, 2, 3))) if arm == "WS+GN" else None
    has_bias = arm in ("DyT", "none")
    return StridedNets(norms[arm], "mean", seeds, has_bias=has_bias, init="he", prepare=prepare)


def measure(
    net: str,
    arm: str,
    cell: tuple[int, float],
    seeds: Sequence[int],
    rates: Sequence[float],
    alpha: float = ALPHA,
    epochs: int | None = None,
) -> np.ndarray:
    """Train one net per rate and seed; return the test errors in percent, (rates, S).

    `alpha` is where DyT's alpha starts; `epochs` are those of `EPOCHS` if not given.
    """
    batch_size, scale = cell
    epochs = epochs or EPOCHS[net][batch_size == 2]

    def builder(each_seed: tuple[int, ...]) -> nn.Module:
        model = build(net, arm, scale, each_seed)
        for module in model.modules():
            if isinstance(module, DynamicTanh):
                nn.init.constant_(module.alpha, alpha)
        return model

    return trained_errors(builder, batch_size, epochs, seeds, rates)


def search(error: Callable[[list[float]], np.ndarray], first: float, within: float) -> dict:
    """Find the best rate among powers of two, and where the usable ones end.

    `error` takes R rates and returns errors (R, S). The search starts with three powers to either
    side and goes on, two at a time, until at both ends there is one that is not usable, or one of
    the limits `LOWEST` and `HIGHEST` is reached.
    """
    middle = round(np.log2(first))
    tried: dict[int, float] = {}
    wanted = list(range(middle - 3, middle + 4))
    while wanted:
        means = error([2.0**k for k in wanted]).mean(axis=1)
        tried |= {k: float(mean) for k, mean in zip(wanted, means, strict=True)}
        lowest = min(tried.values())
        # Among nets that do not learn, the best of few rates is an accident: try all.
        limit = lowest + within if lowest <= LEARNS else np.inf
        wanted = []
        if tried[min(tried)] <= limit and min(tried) > LOWEST:
            wanted += [min(tried) - 1, min(tried) - 2]
        if tried[max(tried)] <= limit and max(tried) < HIGHEST:
            wanted += [max(tried) + 1, max(tried) + 2]
    powers = sorted(tried)
    return {
        "rate": 2.0 ** min(powers, key=tried.get),
        "search_powers": powers,
        "search_errors": [round(tried[k], 2) for k in powers],
    }


def usable_powers(
    powers: Sequence[int], errors: Sequence[float], within: float = WITHIN
) -> tuple[int, int] | None:
    """Return the first and last of the powers in a row around the best that are usable.

    Args:
        powers: of two, in a row, ascending.
        errors: one mean error for each.
        within: how many points above the best are usable.

    None where even the best error is above `LEARNS`.
    """
    best = int(np.argmin(errors))
    if errors[best] > LEARNS:
        return None
    good = np.array(errors) <= errors[best] + within
    below = best - int(np.argmin([*good[best::-1], False])) + 1
    above = best + int(np.argmin([*good[best:], False])) - 1
    return powers[below], powers[above]


def measure_all(report: Callable[[object], None] = print) -> dict:
    """Search the rates of every net, arm and cell, then measure at the best and the kept rate."""
    runs = []
    for net in NETS:
        for arm in arms_of(net):
            kept = None
            for cell in CELLS_OF[net]:

                def error(rates: list[float], task=(net, arm, cell)) -> np.ndarray:
                    return measure(*task, SEARCH_SEEDS, rates)

                found = search(error, FIRST_RATES[cell[0]], WITHIN)
                kept = kept or found["rate"]
                rates = [found["rate"], kept if cell[0] == 32 else found["rate"]]
                own, at_kept = measure(net, arm, cell, SEEDS, rates).round(2)
                named = {"net": net, "arm": arm, "batch_size": cell[0], "scale": cell[1]}
                runs.append({**named, **found, "own": own.tolist(), "kept": at_kept.tolist()})
                report(runs[-1])
    return {
        "epochs": EPOCHS,
        "within": WITHIN,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "runs": runs,
        "alphas": measure_alphas(report),
        "long": measure_longer(report),
    }


def measure_alphas(report: Callable[[object], None] = print) -> list[dict]:
    """Search the rate for each start of DyT's alpha in `ALPHAS`, then measure at it."""
    runs = []
    for net, scale, alpha in ALPHAS:

        def error(rates: list[float], task=(net, "DyT", (32, scale)), alpha=alpha) -> np.ndarray:
            return measure(*task, SEARCH_SEEDS, rates, alpha)

        found = search(error, FIRST_RATES[32], WITHIN)
        own = measure(net, "DyT", (32, scale), SEEDS, [found["rate"]], alpha)[0].round(2)
        runs.append({"net": net, "scale": scale, "alpha": alpha, **found, "own": own.tolist()})
        report(runs[-1])
    return runs


def measure_longer(report: Callable[[object], None] = print) -> list[dict]:
    """Search the rate of each arm of `LONG_ARMS` for more epochs, then measure at it."""
    runs = []
    for arm in LONG_ARMS:

        def error(rates: list[float], seeds=SEARCH_SEEDS, arm=arm) -> np.ndarray:
            return measure("conv net", arm, CELLS[0], seeds, rates, epochs=LONG_EPOCHS)

        found = search(error, 1.0, WITHIN)
        own = error([found["rate"]], SEEDS)[0].round(2)
        runs.append({"arm": arm, "epochs": LONG_EPOCHS, **found, "own": own.tolist()})
        report(runs[-1])
    return runs


def load_without_norms() -> WithoutNorms:
    """Return the stored measurement."""
    stored = results.load("without_norms")
    shape, seeds = (len(NETS), len(ARMS), len(CELLS)), stored["seeds"]
    own, kept = np.full((2, *shape, len(seeds)), np.nan)
    rates, usable = np.full(shape, np.nan), np.full((*shape, 2), np.nan)
    for run in stored["runs"]:
        cell = CELLS.index((run["batch_size"], run["scale"]))
        place = NETS.index(run["net"]), ARMS.index(run["arm"]), cell
        own[place], kept[place] = run["own"], run["kept"]
        rates[place] = run["rate"]
        if ends := usable_powers(run["search_powers"], run["search_errors"]):
            usable[place] = np.exp2(ends)
    epochs = [
        [stored["epochs"][net][cell[0] == 2] * (cell in CELLS_OF[net]) for cell in CELLS]
        for net in NETS
    ]
    return WithoutNorms(
        nets=NETS,
        arms=ARMS,
        cells=CELLS,
        epochs=np.array(epochs),
        own=own,
        kept=kept,
        rates=rates,
        usable=usable,
        alphas=tuple((run["net"], run["scale"], run["alpha"]) for run in stored["alphas"]),
        alpha_error=np.array([run["own"] for run in stored["alphas"]]),
        long_arms=tuple(run["arm"] for run in stored["long"]),
        long_error=np.array([run["own"] for run in stored["long"]]),
        seeds=tuple(seeds),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.without_norms"
    print(results.store("without_norms", command, measure_all()))
