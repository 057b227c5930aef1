"""Recurrent nets that start with PyTorch's own weights: does layer norm help those?

`recurrent_arms` starts most of its nets with orthogonal recurrent weights, which suit a net without
a norm. `nn.RNN` draws uniform ones, whose product over many steps fades. Here all four kinds of
nets start with those, at T = 16 and T = 64: without a norm, with layer norm, gamma starting at 1 or
at 0.1, and with batch norm and running statistics of each step. Nets, budgets of updates and the
grid of rates are those of `recurrent_arms`; each arm runs at its own best rate for each budget,
searched on five other seeds. One search is one stack: every net has a rate of its own.

At T = 16 the norms make no difference after the longer training. At T = 64 batch norm helps; layer
norm whose gamma starts at 1 hurts, and with 0.1 it cannot be told from no norm. Cooijmans et al.
(2016, section 4) give the reason for a small gamma: the tanh keeps more of the gradient.

`python -m bncourse.experiments.recurrent_torch_start` measures it, in two to three minutes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bncourse import results
from bncourse.experiments.recurrent import PIXELS, StackedRNN, accuracy, learn, sequences
from bncourse.experiments.recurrent_runs import BATCH_SIZE, BUDGETS
from bncourse.experiments.training import mini_batches, one_thread

STEPS = (16, 64)
# Norm, and where its gamma starts.
ARMS = {
    "none": (None, 0.0),
    "layer 1": ("layer", 1.0),
    "layer 0.1": ("layer", 0.1),
    "per step 0.1": ("batch", 0.1),
}
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
FIRST_RATES = (3, 4, 5)  # places in RATES; the search goes on while a best is at an end
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those that are compared


@dataclass(frozen=True)
class RecurrentTorchStart:
    """Test accuracies of A arms at C lengths after two budgets, S seeds.

    Attributes:
        steps: (C,) T, in how many steps a digit is read.
        arms: (A,) as in `ARMS`, named as in `recurrent_arms`.
        budgets: (C, 2) updates.
        rates: (C, A, 2) learning rates.
        accuracy: (C, A, 2, S) in evaluation mode.
        searched_rates: (R,) all rates that were tried.
        searched: (C, A, 2, R) mean accuracies over the seeds of the search, nan if not tried.
        seeds: (S,) of splits, weights and batches.
    """

    steps: tuple[int, ...]
    arms: tuple[str, ...]
    budgets: np.ndarray
    rates: np.ndarray
    accuracy: np.ndarray
    searched_rates: np.ndarray
    searched: np.ndarray
    seeds: tuple[int, ...]

    def at(self, steps: int, arm: str, budget: int = -1) -> np.ndarray:
        """Return the accuracies (S,) of one arm after one of the two budgets."""
        return self.accuracy[self.steps.index(steps), self.arms.index(arm), budget]


def load_recurrent_torch_start() -> RecurrentTorchStart:
    """Return the stored comparison."""
    stored = results.load("recurrent_torch_start")
    cases = stored["cases"]

    def table(field: str) -> np.ndarray:
        return np.array([[arm[field] for arm in case["arms"].values()] for case in cases])

    tried = sorted({float(r) for c in cases for a in c["arms"].values() for r in a["searched"]})
    searched = np.full((*table("rate").shape, len(tried)), np.nan)
    for c, case in enumerate(cases):
        for a, arm in enumerate(case["arms"].values()):
            for rate, means in arm["searched"].items():
                searched[c, a, :, tried.index(float(rate))] = means
    return RecurrentTorchStart(
        tuple(case["steps"] for case in cases),
        tuple(cases[0]["arms"]),
        np.array([case["budgets"] for case in cases]),
        table("rate"),
        table("accuracy"),
        np.array(tried),
        searched,
        tuple(stored["seeds"]),
    )


def measure(
    steps: int,
    arm: str,
    rates: Sequence[float],
    seeds: Sequence[int] = SEEDS,
    budgets: Sequence[int] | None = None,
) -> np.ndarray:
    """Train one net per rate and seed; return test accuracies, (rates, budgets, seeds)."""
    norm, gamma = ARMS[arm]
    budgets = BUDGETS[steps] if budgets is None else tuple(budgets)
    each = tuple(seeds) * len(rates)
    with one_thread():
        x, y, x_test, y_test = sequences(each, steps)
        model = StackedRNN(
            norm, each, pixels=PIXELS // steps, steps=steps, gamma=gamma, start="torch"
        )
        readings = learn(
            model,
            x,
            y,
            mini_batches(x.shape[1], BATCH_SIZE, each),
            learning_rate=torch.tensor(np.repeat(rates, len(seeds))).float()[:, None, None],
            measure=lambda model: accuracy(model(x_test), y_test),
            measure_at=budgets,
        )
    return np.reshape(readings, (len(budgets), len(rates), len(seeds))).swapaxes(0, 1)


def search(steps: int, arm: str) -> dict[int, np.ndarray]:
    """Return mean accuracies (2,) over the seeds of the search, for each place in `RATES` tried.

    It goes on until both neighbours of each budget's best were tried.
    """
    tried: dict[int, np.ndarray] = {}
    missing = set(FIRST_RATES)
    while missing:
        places = sorted(missing)
        found = measure(steps, arm, [RATES[k] for k in places], SEARCH_SEEDS).mean(axis=-1)
        tried |= dict(zip(places, found, strict=True))
        around = {best(tried, b) + side for b in (0, 1) for side in (-1, 1)}
        missing = (around & set(range(len(RATES)))) - set(tried)
    return dict(sorted(tried.items()))


def best(tried: dict[int, np.ndarray], budget: int) -> int:
    """Return the place in `RATES` with the best mean; of equals the lowest."""
    return max(sorted(tried), key=lambda k: tried[k][budget])


def measure_arm(steps: int, arm: str) -> dict:
    """Search an arm's rate for each budget and run it at those."""
    tried = search(steps, arm)
    chosen = [best(tried, b) for b in (0, 1)]
    places = sorted(set(chosen))
    runs = measure(steps, arm, [RATES[k] for k in places])
    return {
        "rate": [RATES[k] for k in chosen],
        "accuracy": [runs[places.index(k), b].round(4).tolist() for b, k in enumerate(chosen)],
        "searched": {f"{RATES[k]:g}": means.round(4).tolist() for k, means in tried.items()},
    }


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Measure every arm at every length."""
    cases = []
    for steps in STEPS:
        arms = {}
        for arm in ARMS:
            arms[arm] = measure_arm(steps, arm)
            means = np.mean(arms[arm]["accuracy"], axis=1).round(3)
            report(f"T = {steps}, {arm}: {arms[arm]['rate']} {means} {arms[arm]['searched']}")
        cases.append({"steps": steps, "budgets": BUDGETS[steps], "arms": arms})
    return {
        "batch_size": BATCH_SIZE,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "cases": cases,
    }


if __name__ == "__main__":
    command = "python -m bncourse.experiments.recurrent_torch_start"
    print(results.store("recurrent_torch_start", command, measure_all()))
