"""Error over batch size: batch norm, layer norm, group norm, and no normalisation.

An MLP of two hidden layers of 64 ReLUs learns the digits with mini-batches of 64 down to 1. Five
arms are compared: "BN"; "BN recomputed", the same trained nets with the statistics of the whole
training set in place of the running averages; "LN"; "GN" (8 groups); and "none". What recomputing
mends was lost in evaluation; what it leaves was lost in training. BN cannot be trained with batches
of 1, where every x_hat would be 0: PyTorch refuses them.

Two budgets are given, as they favour different batch sizes: the same number of epochs, where small
batches make more updates, and the same number of updates, where they see fewer images. In both the
last quarter of the updates is made at a tenth of the learning rate, so that weights and averages
settle. Every arm is trained at every batch size at its own best rate, found on other seeds; and
again at the rate of the linear rule, proportional to the batch size from the arm's best at 64.

`python -m bncourse.experiments.small_batches` searches the rates and stores what it finds, in about
five minutes of one core.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.precise_statistics import precise_bn
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread

SIZES = (64, 64, 64, 10)
NORMS = {"BN": "batch", "LN": "layer", "GN": "group", "none": None}
ARMS = ("BN", "BN recomputed", "LN", "GN", "none")
BATCH_SIZES = (64, 32, 16, 8, 4, 3, 2, 1)
EPOCHS, UPDATES = 6, 800
BUDGETS = ("epochs", "updates")
STAGES = ((0.75, 1.0), (0.25, 0.1))  # share of the updates, factor of the rate
SEEDS = tuple(range(10))
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those that are compared
FIRST_RATE = 0.5  # where the search begins, at the largest batches


@dataclass(frozen=True)
class SmallBatches:
    """Test errors of A arms at K batch sizes, S seeds, under the two budgets in `BUDGETS`.

    What cannot be trained, BN with batches of 1, is nan.

    Attributes:
        arms: as in `ARMS`.
        batch_sizes: (K,) images in a mini-batch, descending.
        epochs: of the first budget.
        updates: of the second budget.
        test_error: (2, A, K, S) share of the 500 test images that are classified wrongly, in
            percent, each arm and batch size at its own best rate.
        linear_error: (2, A, K, S) the same at the rate of the linear rule.
        rates: (2, A, K) the best rates.
        seeds: (S,) of splits, weights and batches.
    """

    arms: tuple[str, ...]
    batch_sizes: np.ndarray
    epochs: int
    updates: int
    test_error: np.ndarray
    linear_error: np.ndarray
    rates: np.ndarray
    seeds: tuple[int, ...]


def train_stack(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    batches: Iterable[Tensor],
    rates: Sequence[float],
    updates: int,
) -> None:
    """Train a stack of S networks by plain SGD, each at its own learning rate, in `STAGES`.

    Args:
        model: maps (S, B, D) to logits (S, B, K); the first axis of every parameter counts the
            networks, or counts the channels of one network after those of another.
        x: inputs of all networks, (N, D).
        y: classes, (N,).
        batches: sample numbers of each update, (S, B).
        rates: (S,) learning rates.
        updates: how many in all stages together.
    """
    parameters = list(model.parameters())
    rate = torch.tensor(rates, dtype=parameters[0].dtype)
    steps = [rate.repeat_interleave(p.numel() // len(rate)).view_as(p) for p in parameters]
    settled = updates - round(STAGES[-1][0] * updates)
    model.train()
    for update, batch in zip(range(updates), batches, strict=False):
        logits = model(x[batch]).flatten(0, -2)
        # Mean over the batch, sum over the networks: each gets the gradient of its own loss.
        loss = F.cross_entropy(logits, y[batch].flatten(), reduction="sum") / batch.shape[-1]
        gradients = torch.autograd.grad(loss, parameters)
        factor = STAGES[update >= settled][1]
        with torch.no_grad():
            for parameter, gradient, step in zip(parameters, gradients, steps, strict=True):
                parameter.addcmul_(gradient, step, value=-factor)
    model.eval()


def budget_updates(budget: str, batch_size: int, samples: int = 1297) -> int:
    """Return the number of updates under a budget, "epochs" or "updates"."""
    return UPDATES if budget == "updates" else EPOCHS * (samples // batch_size)


def measure(
    arm: str, batch_size: int, updates: int, seeds: Sequence[int], rates: Sequence[float]
) -> dict[str, np.ndarray]:
    """Train one network per rate and seed; return the test errors in percent, (rates, S), by arm.

    `arm` is one of `NORMS`; "BN" gives the errors of "BN recomputed" too. All rates of a seed meet
    the same weights and batches. In float32. Raises ValueError for BN with batches of 1.
    """
    kind, count = NORMS[arm], len(rates)
    x, y, x_test, y_test = load_stack(tuple(seeds))
    x, x_test, samples = x.float(), x_test.float().repeat(count, 1, 1), x.shape[1]
    first = samples * torch.arange(len(seeds))[:, None]
    # Right before a BN a bias would do nothing.
    model = build_mlp(
        *(SIZES, tuple(seeds) * count),
        activation="relu",
        init="torch",
        norm=kind,
        hidden_bias=kind != "batch",
    ).float()
    batches = ((first + b).repeat(count, 1) for b in mini_batches(samples, batch_size, seeds))

    def errors() -> np.ndarray:
        with torch.no_grad():
            right = accuracy(model.eval()(x_test), y_test.repeat(count, 1))
        return 100 * (1 - right.reshape(count, len(seeds)))

    with one_thread():
        each = np.repeat(rates, len(seeds)).tolist()
        train_stack(model, x.flatten(0, 1), y.flatten(), batches, each, updates)
        found = {arm: errors()}
        if arm == "BN":
            # The whole training set is one batch: its statistics are exact.
            precise_bn(model, [x.repeat(count, 1, 1)], layer_by_layer=True)
            found["BN recomputed"] = errors()
    return found


def search_rate(error: Callable[[list[float]], np.ndarray], first: float, width: int = 2) -> dict:
    """Find the rate with the lowest mean error, by powers of two around `first`.

    `error` takes R rates and returns the errors of S seeds at them, (R, S). The search begins with
    `width` rates to each side and goes on until one below and one above the best were tried.
    """
    middle = round(np.log2(first))
    tried: dict[int, float] = {}
    wanted = list(range(middle - width, middle + width + 1))
    while wanted:
        means = error([2.0**k for k in wanted]).mean(axis=1)
        tried |= {k: float(mean) for k, mean in zip(wanted, means, strict=True)}
        best = min(tried, key=tried.get)
        edge = [best - 1, best - 2] if best == min(tried) else [best + 1, best + 2]
        wanted = edge if best in (min(tried), max(tried)) else []
    return {
        "rate": 2.0**best,
        "search_rates": [2.0**k for k in sorted(tried)],
        "search_errors": [round(tried[k], 2) for k in sorted(tried)],
    }


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search the rates, then train every arm at every batch size, for both budgets."""
    runs = []
    for budget in BUDGETS:
        for arm in NORMS:
            rate = at_64 = None
            for size in BATCH_SIZES[: -1 if arm == "BN" else None]:
                updates = budget_updates(budget, size)

                def error(rates: list[float], task=(arm, size, updates)) -> np.ndarray:
                    return measure(*task, SEARCH_SEEDS, rates)[task[0]]

                search = search_rate(error, rate / 2 if rate else FIRST_RATE)
                rate = search["rate"]
                at_64 = at_64 or rate
                linear = at_64 * size / BATCH_SIZES[0]
                found = measure(arm, size, updates, SEEDS, [rate, linear])
                runs.append(
                    {
                        "budget": budget,
                        "arm": arm,
                        "batch_size": size,
                        **search,
                        "test_error": {a: e[0].round(2).tolist() for a, e in found.items()},
                        "linear_error": {a: e[1].round(2).tolist() for a, e in found.items()},
                    }
                )
                means = {name: errors.mean(axis=1).round(2) for name, errors in found.items()}
                report(f"{budget} {arm} {size} {search} {means}")
    return {
        "network": {"sizes": SIZES, "activation": "relu"},
        "epochs": EPOCHS,
        "updates": UPDATES,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "runs": runs,
    }


def load_small_batches() -> SmallBatches:
    """Return the stored comparison."""
    stored = results.load("small_batches")
    seeds = tuple(stored["seeds"])
    shape = len(BUDGETS), len(ARMS), len(BATCH_SIZES)
    errors = {name: np.full((*shape, len(seeds)), np.nan) for name in ("test", "linear")}
    rates = np.full(shape, np.nan)
    for run in stored["runs"]:
        for arm in run["test_error"]:
            at = (
                BUDGETS.index(run["budget"]),
                ARMS.index(arm),
                BATCH_SIZES.index(run["batch_size"]),
            )
            rates[at] = run["rate"]
            for name, values in errors.items():
                values[at] = run[f"{name}_error"][arm]
    return SmallBatches(
        ARMS,
        np.array(BATCH_SIZES),
        stored["epochs"],
        stored["updates"],
        errors["test"],
        errors["linear"],
        rates,
        seeds,
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.small_batches"
    print(results.store("small_batches", command, measure_all()))
