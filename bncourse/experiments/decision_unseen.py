"""The map of `decision` held against data that it was not drawn from: its advice came first.

`decision_cases` holds the map against records that its author had seen. Here are cases that none of
those holds: scikit-learn's wines and breast tumours in place of digits, half of the rows for the
test, and a narrower, deeper MLP (3 hidden layers of 24 ReLUs, as `nn.Linear` starts them). What the
map says of them was fixed before the first of these nets was trained, by its questions alone:

- batches of 4 on one device: group norm, "in an MLP layer norm, its case of one group"; so layer
  norm should have fewer errors than batch norm, and than no norm;
- batches of 32: batch norm should have fewer errors than layer norm, and than no norm.

The two tables turned out to be easy: all arms have few errors. So a harder one was added, before
any net was trained on it either: "lengths", 1200 rows of 10 normal numbers, whose class is the
third in which the row's length lies.

Each arm has its own best rate for each table and batch size, searched on other seeds by powers of
two, and the same epochs.

`python -m bncourse.experiments.decision_unseen` measures everything again, in about three minutes.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from bncourse import results
from bncourse.data import Table, load_breast_cancer, load_wine
from bncourse.experiments.decision_new import one_device
from bncourse.experiments.decision_verdicts import Case, Comparison
from bncourse.experiments.rate_stack import share_right
from bncourse.experiments.small_batches import train_stack
from bncourse.experiments.training import build_mlp, mini_batches, one_thread

ARMS = {"BN": "batch", "LN": "layer", "none": None}
BATCH_SIZES = (4, 32)
WIDTHS = (24, 24, 24)
EPOCHS = 20
SEEDS = tuple(range(10))
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those that are compared
FIRST_POWERS = tuple(range(-7, 1))  # of two; the search goes on while the best is at an end
LOWEST, HIGHEST = -12, 4


def make_lengths() -> Table:
    """Return 1200 rows of 10 standard normal numbers, in three classes of length, 400 of each."""
    x = np.random.default_rng(0).normal(size=(1200, 10))
    length = np.linalg.norm(x, axis=1)
    y = np.digitize(length, np.quantile(length, (1 / 3, 2 / 3)))
    return Table(x, y.astype(np.int64), tuple(f"x{k}" for k in range(10)))


TABLES = {"wines": load_wine, "tumours": load_breast_cancer, "lengths": make_lengths}


def split(table: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y, x_test, y_test: half of the rows each, columns standardised by those of x."""
    from sklearn.model_selection import train_test_split

    rows = TABLES[table]()
    x, x_test, y, y_test = train_test_split(
        rows.x, rows.y, test_size=0.5, stratify=rows.y, random_state=seed
    )
    mean, sd = x.mean(0), x.std(0)
    return (x - mean) / sd, y, (x_test - mean) / sd, y_test


def measure(
    table: str,
    arm: str,
    batch_size: int,
    seeds: Sequence[int],
    rates: Sequence[float],
    epochs: int = EPOCHS,
) -> np.ndarray:
    """Train one net per rate and seed; return the test errors in percent, (rates, S)."""
    parts = zip(*(split(table, seed) for seed in seeds), strict=True)
    x, y, x_test, y_test = (torch.from_numpy(np.stack(part)) for part in parts)
    count, samples = len(rates), x.shape[1]

    def again(part: Tensor) -> Tensor:
        return part.repeat(count, *[1] * (part.ndim - 1))

    first = samples * torch.arange(len(seeds))[:, None]
    batches = (again(first + b) for b in mini_batches(samples, batch_size, seeds))
    with one_thread():
        model = build_mlp(
            (x.shape[-1], *WIDTHS, int(y.max()) + 1),
            [*seeds] * count,
            activation="relu",
            init="torch",
            norm=ARMS[arm],
            hidden_bias=arm != "BN",  # right before a BN it would do nothing
        ).float()
        each = np.repeat(rates, len(seeds)).tolist()
        updates = epochs * (samples // batch_size)
        train_stack(model, x.flatten(0, 1).float(), y.flatten(), batches, each, updates)
        with torch.no_grad():
            right = share_right(model, again(x_test.float()), again(y_test))
    return 100 * (1 - right.reshape(count, -1))


def search(error: Callable[[list[float]], np.ndarray]) -> dict[int, float]:
    """Return mean errors by power of two, ascending; the best is not at an end, if that can be."""
    tried: dict[int, float] = {}
    wanted = list(FIRST_POWERS)
    while wanted:
        means = error([2.0**k for k in wanted]).mean(axis=1)
        tried |= {k: float(mean) for k, mean in zip(wanted, means, strict=True)}
        best = min(sorted(tried), key=tried.get)
        wanted = [best - 1, best - 2] if best == min(tried) else []
        wanted += [best + 1, best + 2] if best == max(tried) else []
        wanted = [k for k in wanted if LOWEST <= k <= HIGHEST]
    return dict(sorted(tried.items()))


def measure_all(report: Callable[[object], None] = print) -> dict:
    """Search the rates of every table, batch size and arm, then measure at the best."""
    runs = []
    for table in TABLES:
        for batch_size in BATCH_SIZES:
            for arm in ARMS:

                def error(rates: list[float], task=(table, arm, batch_size)) -> np.ndarray:
                    return measure(*task, SEARCH_SEEDS, rates)

                tried = search(error)
                best = min(tried, key=tried.get)
                own = measure(table, arm, batch_size, SEEDS, [2.0**best])[0].round(2)
                runs.append(
                    {
                        **{"table": table, "batch_size": batch_size, "arm": arm},
                        "rate": 2.0**best,
                        "search_powers": list(tried),
                        "search_errors": [round(mean, 2) for mean in tried.values()],
                        "own": own.tolist(),
                    }
                )
                report(runs[-1])
    return {"epochs": EPOCHS, "seeds": SEEDS, "search_seeds": SEARCH_SEEDS, "runs": runs}


def unseen_cases() -> tuple[Case, ...]:
    """Return the cases, with comparisons of the map's advice from the stored measurement."""
    runs = results.load("decision_unseen")["runs"]
    own = {(run["table"], run["batch_size"], run["arm"]): np.array(run["own"]) for run in runs}
    cases = []
    for table in TABLES:
        for size in BATCH_SIZES:
            name = f"{table}, MLP of 3 × {WIDTHS[0]}, batches of {size}"
            case = Case(name, one_device(size), "decision_unseen")
            ours = "BN" if case.leaf == "BN" else "LN"  # of group norm one group, in an MLP
            found = tuple(
                Comparison(table, ours, rival, own[table, size, ours], own[table, size, rival])
                for rival in ARMS
                if rival != ours
            )
            cases.append(Case(name, case.answers, case.record, found))
    return tuple(cases)


if __name__ == "__main__":
    command = "python -m bncourse.experiments.decision_unseen"
    print(results.store("decision_unseen", command, measure_all()))
