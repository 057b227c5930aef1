"""Sigmoid networks with and without BN: figure 1 of Ioffe & Szegedy (2015), in small.

Their network has three hidden layers of 100 sigmoids, small Gaussian weights and batches of 60.
Here it reads 8 x 8 digits. A comparison at one learning rate flatters whichever network that rate
suits, so each also runs at its own best rate, and so does a network without BN whose weights are
drawn the right size for sigmoids: it shows how much of the gap is initialisation.

`python -m bncourse.experiments.sigmoid_nets` searches the learning rates and stores what it finds,
in about a minute.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread, train

SIZES = (64, 100, 100, 100, 10)
BATCH_SIZE = 60
# A bias right before a BN does nothing (see dead_bias.py), so that network has none.
ARMS = {
    "without BN": {"init": 0.1},
    "with BN": {"init": 0.1, "norm": "batch", "hidden_bias": False},
    "without BN, good initialisation": {"init": "xavier"},
}
SAME_RATE = 0.5
# Close together where networks with BN learn, further apart where those without do.
STEPS = (*range(0, 150, 5), *range(150, 400, 25), *range(400, 1401, 50))
PROBED_UNIT = 0

SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not the lesson's, or its results would be chosen ones
SEARCH_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
TARGET = 0.9


@dataclass(frozen=True)
class Run:
    """One network trained at one learning rate, with several seeds.

    Attributes:
        name: which network, a key of `ARMS`.
        learning_rate: of plain SGD.
        steps: (T,) numbers of updates after which it was measured, from 0.
        accuracy: (seeds, T) on the test images, in evaluation mode.
        percentiles: (seeds, T, 3) the 15th, 50th and 85th percentile, over the test images, of
            what goes into the sigmoid of one unit: always the first of the last hidden layer. They
            come from the same pass as the accuracy: after BN where there is one, normalised by the
            running statistics, which are (0, 1) before training and lag behind at its start.
    """

    name: str
    learning_rate: float
    steps: np.ndarray
    accuracy: np.ndarray
    percentiles: np.ndarray


@dataclass(frozen=True)
class SigmoidNets:
    """All runs, in this order: without and with BN at `SAME_RATE`, then each arm at its own best.

    Seed by seed, networks with the same initialisation start from the same weights, and all see the
    same batches.
    """

    seeds: tuple[int, ...]
    runs: tuple[Run, ...]

    def updates_to(self, run: Run, accuracy: float) -> np.ndarray:
        """Return the first measured number of updates with this accuracy, (seeds,), or inf."""
        reached = run.accuracy >= accuracy
        return np.where(reached.any(axis=1), run.steps[reached.argmax(axis=1)], np.inf)


def train_sigmoid_nets(
    seeds: Sequence[int] = (0, 1, 2, 3, 4), steps: Sequence[int] = STEPS
) -> SigmoidNets:
    """Train every arm for the same number of updates, the largest of `steps`."""
    plan = [("without BN", SAME_RATE), ("with BN", SAME_RATE)]
    plan += [(name, best_rate(name)) for name in ARMS]
    return _train_all(plan, seeds, steps)


def best_rate(name: str) -> float:
    """Return the learning rate at which arm `name` learned fastest in the stored search."""
    return results.load("sigmoid_rates")["arms"][name]["best_learning_rate"]


def search_rates() -> dict:
    """Train every arm at every rate; the best is the one with the fewest updates to `TARGET`."""
    plan = [(name, rate) for name in ARMS for rate in SEARCH_RATES]
    nets = _train_all(plan, SEARCH_SEEDS, STEPS)
    arms = {}
    for name in ARMS:
        runs = [run for run in nets.runs if run.name == name]
        updates = [nets.updates_to(run, TARGET) for run in runs]
        arms[name] = {
            "best_learning_rate": runs[int(np.argmin([u.mean() for u in updates]))].learning_rate,
            "search": [
                {
                    "learning_rate": run.learning_rate,
                    "updates_to_target": [int(u) if np.isfinite(u) else None for u in reached],
                    "final_accuracy": run.accuracy[:, -1].round(4).tolist(),
                }
                for run, reached in zip(runs, updates, strict=True)
            ],
        }
    return {
        "target_accuracy": TARGET,
        "updates": max(STEPS),
        "batch_size": BATCH_SIZE,
        "seeds": list(SEARCH_SEEDS),
        "arms": arms,
    }


def _train_all(
    plan: Sequence[tuple[str, float]], seeds: Sequence[int], steps: Sequence[int]
) -> SigmoidNets:
    digits = load_digits()
    # float32 halves the time. Two runs go side by side, each in a thread of its own; torch counts
    # its threads per Python thread, so each of these has to be told to use one.
    pool = ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,))
    with one_thread(), pool:
        runs = pool.map(lambda arm: _train_arm(*arm, seeds, steps, digits), plan)
        return SigmoidNets(tuple(seeds), tuple(runs))


def _train_arm(name, learning_rate, seeds, steps, digits) -> Run:
    model = build_mlp(SIZES, seeds, activation="sigmoid", **ARMS[name]).float()
    x_test = torch.from_numpy(digits.x_test).float().expand(len(seeds), -1, -1)
    y_test = torch.from_numpy(digits.y_test)

    def measure(model: nn.Sequential) -> tuple[np.ndarray, np.ndarray]:
        into_last_sigmoid: Tensor = model[:-2](x_test)
        of_unit = into_last_sigmoid[:, :, PROBED_UNIT].numpy()
        percentiles = np.percentile(of_unit, (15, 50, 85), axis=1).T
        return accuracy(model[-2:](into_last_sigmoid), y_test), percentiles

    readings = train(
        model,
        torch.from_numpy(digits.x_train).float(),
        torch.from_numpy(digits.y_train),
        mini_batches(len(digits.x_train), BATCH_SIZE, seeds),
        learning_rate=learning_rate,
        measure=measure,
        measure_at=steps,
    )
    accuracies, percentiles = (np.stack(values, axis=1) for values in zip(*readings, strict=True))
    return Run(name, learning_rate, np.array(sorted(set(steps))), accuracies, percentiles)


if __name__ == "__main__":
    command = "python -m bncourse.experiments.sigmoid_nets"
    print(results.store("sigmoid_rates", command, search_rates()))
