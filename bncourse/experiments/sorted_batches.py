"""Batches sorted by class: the mates say what a digit is, and in evaluation they are silent.

The MLP of `small_batches` learns the digits with BN or LN, in batches of 24 put together in three
orders: "shuffled"; "one class each", every batch of one digit, the batches in random order; and
"class after class", a sorted training set read from the front in every epoch. All three make
the same number of updates, each at its own best rate, found on other seeds by the error in
evaluation mode. The gradients of one-class batches are one-sided too, with any normalisation, and
LN shows how much of the harm that does.

Each net is tested three ways: in evaluation mode; and in training mode, as when `eval()` is
forgotten, on test images in shuffled and in one-class batches.

`python -m bncourse.experiments.sorted_batches` searches the rates and stores what it finds, in
about one minute of one core.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.one_digit import batch_logits
from bncourse.experiments.small_batches import NORMS, SIZES, search_rate, train_stack
from bncourse.experiments.training import accuracy, build_mlp, one_thread

ARMS = ("BN", "LN")
ORDERS = ("shuffled", "one class each", "class after class")
BATCH_SIZE = 24
UPDATES = 800
SEEDS = tuple(range(10))
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those that are compared
FIRST_RATE = 0.25


@dataclass(frozen=True)
class SortedBatches:
    """Errors in percent of A arms trained in O orders, with S seeds.

    Attributes:
        arms: as in `ARMS`.
        orders: of the training batches, as in `ORDERS`.
        batch_size: images in every batch.
        updates: made in every run.
        training_error: (A, O, S) training images in training mode, in batches of the order that
            the net was trained with: what one sees while it trains.
        test_error: (A, O, S) test images in evaluation mode.
        test_batch_error: (A, O, 2, S) test images in training mode, in shuffled and in one-class
            batches.
        rates: (A, O) learning rates, the best of a search on other seeds.
        seeds: (S,) of splits, weights and batches.
    """

    arms: tuple[str, ...]
    orders: tuple[str, ...]
    batch_size: int
    updates: int
    training_error: np.ndarray
    test_error: np.ndarray
    test_batch_error: np.ndarray
    rates: np.ndarray
    seeds: tuple[int, ...]


def epoch(y: np.ndarray, order: str, generator: np.random.Generator) -> np.ndarray:
    """Return the sample numbers of one epoch's batches, (batches, BATCH_SIZE), for classes y (N,).

    What does not fill a batch is left out, at the end of each class or of the epoch.
    """
    drawn = generator.permutation(len(y))
    if order == "shuffled":
        count = len(y) // BATCH_SIZE
        return drawn[: count * BATCH_SIZE].reshape(count, BATCH_SIZE)
    of_class = [drawn[y[drawn] == digit] for digit in np.unique(y)]
    full = [rows[: len(rows) // BATCH_SIZE * BATCH_SIZE] for rows in of_class]
    batches = np.concatenate(full).reshape(-1, BATCH_SIZE)
    return batches if order == "class after class" else generator.permutation(batches)


def batches(y: Tensor, order: str, seeds: Sequence[int]) -> Iterator[Tensor]:
    """Yield (S, BATCH_SIZE) sample numbers for ever, for the classes y (S, N) of each seed."""
    generators = [np.random.default_rng([seed, 1]) for seed in seeds]
    while True:
        # Splits differ by an image or two of a class: as many batches as the shortest epoch has.
        epochs = [epoch(y[s].numpy(), order, g) for s, g in enumerate(generators)]
        for rows in zip(*epochs, strict=False):
            yield torch.from_numpy(np.stack(rows))


def measure(
    arm: str, order: str, seeds: Sequence[int], rates: Sequence[float]
) -> dict[str, np.ndarray]:
    """Train one network per rate and seed; return the record's errors, (rates, S) each.

    "test_batch_error" is (rates, 2, S). All rates of a seed meet the same weights and batches.
    """
    count, kind = len(rates), NORMS[arm]
    x, y, x_test, y_test = load_stack(tuple(seeds))
    x, x_test = x.float(), x_test.float()
    first = x.shape[1] * torch.arange(len(seeds))[:, None]
    net = build_mlp(
        *(SIZES, tuple(seeds) * count),
        activation="relu",
        init="torch",
        norm=kind,
        hidden_bias=kind != "batch",
    ).float()
    with one_thread():
        each = np.repeat(rates, len(seeds)).tolist()
        stream = ((first + b).repeat(count, 1) for b in batches(y, order, seeds))
        train_stack(net, x.flatten(0, 1), y.flatten(), stream, each, UPDATES)
        with torch.no_grad():
            right = accuracy(net(x_test.repeat(count, 1, 1)), y_test.repeat(count, 1))
            found = {
                "training_error": _in_batches(net, x, y, order, count),
                "test_error": 100 * (1 - right.reshape(count, -1)),
                "test_batch_error": np.stack(
                    [_in_batches(net, x_test, y_test, kind, count) for kind in ORDERS[:2]], axis=1
                ),
            }
    return found


def _in_batches(net: nn.Sequential, x: Tensor, y: Tensor, order: str, count: int) -> np.ndarray:
    """Return the errors in percent, (rates, S), in training mode in batches of that order."""
    rows = [epoch(y[s].numpy(), order, np.random.default_rng([s, 2])) for s in range(len(y))]
    shortest = min(map(len, rows))
    # One-class batches in random order, so that cutting off at the end prefers no digit.
    rows = [np.random.default_rng([s, 3]).permutation(r)[:shortest] for s, r in enumerate(rows)]
    inputs = torch.stack([x[s, torch.from_numpy(r)] for s, r in enumerate(rows)])
    classes = torch.stack([y[s, torch.from_numpy(r)] for s, r in enumerate(rows)])
    predicted = batch_logits(net, inputs.repeat(count, 1, 1, 1), "train").argmax(dim=-1)
    right = (predicted == classes.repeat(count, 1, 1)).double().mean(dim=(1, 2))
    return 100 * (1 - right.numpy().reshape(count, -1))


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search the rates, then train both arms in all orders."""
    runs = []
    for arm in ARMS:
        for order in ORDERS:

            def error(rates: list[float], task=(arm, order)) -> np.ndarray:
                return measure(*task, SEARCH_SEEDS, rates)["test_error"]

            search = search_rate(error, FIRST_RATE)
            found = measure(arm, order, SEEDS, [search["rate"]])
            errors = {name: values[0].round(2).tolist() for name, values in found.items()}
            runs.append({"arm": arm, "order": order, **search, **errors})
            means = {name: values[0].mean(axis=-1).round(2) for name, values in found.items()}
            report(f"{arm} {order} {search} {means}")
    return {
        "network": {"sizes": SIZES, "activation": "relu"},
        "batch_size": BATCH_SIZE,
        "updates": UPDATES,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "runs": runs,
    }


def load_sorted_batches() -> SortedBatches:
    """Return the stored comparison."""
    stored = results.load("sorted_batches")
    runs = {(run["arm"], run["order"]): run for run in stored["runs"]}

    def table(name: str) -> np.ndarray:
        return np.array([[runs[arm, order][name] for order in ORDERS] for arm in ARMS])

    return SortedBatches(
        ARMS,
        ORDERS,
        stored["batch_size"],
        stored["updates"],
        table("training_error"),
        table("test_error"),
        table("test_batch_error"),
        table("rate"),
        tuple(stored["seeds"]),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.sorted_batches"
    print(results.store("sorted_batches", command, measure_all()))
