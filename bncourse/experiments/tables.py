"""Real tables on five rulers: the bowl they make, and how far 1000 steps of descent get in it.

The tables are measurements of wines and of tumours, each column in a unit of its own. Two models
read them. A linear one says by its Hessian, without a run, what descent can hope for. A softmax
regression (one linear layer, cross-entropy) is trained by full-batch gradient descent from zero
weights, every preparation at its own best learning rate, with statistics from the training part.

Two goals need two best rates, both searched on other splits: the least loss on the test part after
all the steps, and the fewest steps to a training loss of 0.1. The least training loss would be no
goal: where a plane separates the classes its infimum is 0, at infinite weights, and the largest of
any set of rates comes nearest to it, by leaps.

What a rate that suits standardised columns does to raw ones is in `too_fast.py`.

`python -m bncourse.experiments.tables` searches the rates and compares, in about three minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from bncourse import results
from bncourse.data import Table, load_breast_cancer, load_wine
from bncourse.experiments.rulers import PREPARATIONS, bowl, prepare
from bncourse.experiments.training import accuracy, build_mlp, one_thread, train

TABLES = {"wine": load_wine, "breast cancer": load_breast_cancer}
SHARE = 1e-3  # of the initial excess loss, reached when descent has arrived
TEST_SHARE = 1 / 3
STEPS = (0, 1, 10, 100, 1000)
GOAL = 0.1  # training loss
SEEDS = tuple(range(10))
SEARCH_SEEDS = tuple(range(100, 105))  # splits that the comparison does not see
SEARCH_RATES = tuple(float(f"{10 ** (k / 2):.1e}") for k in range(-14, 5))


@dataclass(frozen=True)
class TableBowl:
    """The bowl of a table, all rows: a linear model with intercept tells class 0 from the others.

    Attributes:
        table: a key of `TABLES`.
        preparation: one of `PREPARATIONS`.
        condition: largest over smallest eigenvalue of the Hessian of half the mean squared error.
        largest_rate: 2 / lambda_max; gradient descent diverges from there on.
        steps: of gradient descent from 0, at the rate 1 / lambda_max, until the loss in excess of
            the least possible one is `SHARE` of what it was. From a closed form, not counted.
    """

    table: str
    preparation: str
    condition: float
    largest_rate: float
    steps: float


def table_bowls() -> tuple[TableBowl, ...]:
    """Return the bowls of every table with every preparation, table by table."""
    bowls = []
    for name, load in TABLES.items():
        table = load()
        for preparation in PREPARATIONS:
            made = bowl(prepare(table.x, preparation), table.y == 0)
            steps = made.steps_to(SHARE, made.largest_rate / 2)
            bowls.append(TableBowl(name, preparation, made.condition, made.largest_rate, steps))
    return tuple(bowls)


def fitted(preparation: str):
    """Return a transformer, not fitted yet: fit it on the training part, apply it to both.

    Whitening is PCA's here and ZCA in `rulers.prepare`. One is a rotation of the other, and
    gradient descent from zero weights does not notice a rotation.
    """
    return {
        "raw": FunctionTransformer(),
        "centred": StandardScaler(with_std=False),
        "min-max": MinMaxScaler(),
        "standardised": StandardScaler(),
        "whitened": make_pipeline(StandardScaler(), PCA(whiten=True)),
    }[preparation]


def train_on(
    name: str,
    preparation: str,
    learning_rate: float,
    seeds: Sequence[int],
    steps: Sequence[int] = STEPS,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Train a softmax regression on one split per seed of the table called `name`.

    Returns the mean cross-entropy on the training part, that on the test part and the accuracy on
    the test part, each (S, T) for T numbers of full-batch steps.
    """
    table = TABLES[name]()
    splits = [_split(table, preparation, seed) for seed in seeds]
    x, x_test, y, y_test = (torch.from_numpy(np.stack(part)) for part in zip(*splits, strict=True))
    # The training parts lie one behind the other, and a batch is all of one of them.
    everything = torch.arange(y.numel()).view(y.shape)

    def measure(model: torch.nn.Module) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        logits = model(x_test)
        return _losses(model(x), y), _losses(logits, y_test), accuracy(logits, y_test)

    with one_thread():
        readings = train(
            build_mlp((x.shape[-1], int(table.y.max()) + 1), seeds, activation="relu", init=0.0),
            x.flatten(0, 1),
            y.flatten(),
            repeat(everything),
            learning_rate=learning_rate,
            measure=measure,
            measure_at=steps,
        )
    losses, test_losses, accuracies = (
        np.stack(values, axis=1) for values in zip(*readings, strict=True)
    )
    return losses, test_losses, accuracies


def compare() -> dict:
    """Search the best rates of each arm, then compare at those."""
    return {
        "goal": GOAL,
        "test_share": TEST_SHARE,
        "seeds": SEEDS,
        "steps": STEPS,
        "search": {"seeds": SEARCH_SEEDS, "learning_rates": SEARCH_RATES},
        "arms": {name: {how: _arm(name, how) for how in PREPARATIONS} for name in TABLES},
    }


def steps_to_goal(losses: np.ndarray) -> np.ndarray:
    """Return the first step with a loss of at most `GOAL`, (S,), or inf: losses (S, T) per step."""
    reached = losses <= GOAL
    return np.where(reached.any(axis=1), reached.argmax(axis=1), np.inf)


def _arm(name: str, preparation: str) -> dict:
    every = range(STEPS[-1] + 1)
    search = [train_on(name, preparation, rate, SEARCH_SEEDS, every) for rate in SEARCH_RATES]
    test_loss = [test_losses[:, -1].mean() for _, test_losses, _ in search]
    median_steps = [np.median(steps_to_goal(losses)) for losses, _, _ in search]
    best = SEARCH_RATES[int(np.argmin(test_loss))]
    fastest = SEARCH_RATES[int(np.argmin(median_steps))]

    losses, test_losses, accuracies = train_on(name, preparation, best, SEEDS)
    steps = steps_to_goal(train_on(name, preparation, fastest, SEEDS, every)[0])
    return {
        "learning_rate": best,
        "mean_test_loss_in_search": [_short(loss) for loss in test_loss],
        "mean_train_loss": [_short(loss) for loss in losses.mean(axis=0)],
        "train_loss": [_short(loss) for loss in losses[:, -1]],
        "test_loss": [_short(loss) for loss in test_losses[:, -1]],
        "test_accuracy": accuracies[:, -1].round(4).tolist(),
        "to_goal": {
            "learning_rate": fastest if np.isfinite(min(median_steps)) else None,
            "median_steps_in_search": [_count(count) for count in median_steps],
            "steps": [_count(count) for count in steps],
        },
    }


def _split(table: Table, preparation: str, seed: int) -> list[np.ndarray]:
    x, x_test, y, y_test = train_test_split(
        table.x, table.y, test_size=TEST_SHARE, stratify=table.y, random_state=seed
    )
    transformer = fitted(preparation).fit(x)
    return [transformer.transform(x), transformer.transform(x_test), y, y_test]


def _losses(logits: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """Mean cross-entropy of each network, (S,): logits (S, N, K), y (S, N)."""
    return F.cross_entropy(logits.transpose(1, 2), y, reduction="none").mean(dim=1).numpy()


def _short(loss: float) -> float:
    return float(f"{loss:.4g}")


def _count(steps: float) -> int | None:
    """Return None, which JSON can keep, for a goal never reached."""
    return int(steps) if np.isfinite(steps) else None


if __name__ == "__main__":
    print(results.store("tables", "python -m bncourse.experiments.tables", compare()))
