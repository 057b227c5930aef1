"""Weight decay in front of BN: it cannot shrink the function, so what does it do?

Nets with five decays at one learning rate (`decayed_nets`), runs that should compute the same
without any decay (`decay_controls`), and no decay beside decay, each at its own best rate.

`python -m bncourse.experiments.weight_decay` measures everything again, in two or three minutes.
"""

from dataclasses import dataclass

import numpy as np

from bncourse import results
from bncourse.experiments.decay_controls import COMPARED, Control, control
from bncourse.experiments.decayed_nets import (
    BURN_IN,
    CONTROLLED,
    RATE,
    SEEDS,
    UPDATES,
    WINDOW,
    Run,
    train_nets,
)

DECAYS = (0.0, 1e-3, 1e-2, 3e-2, 1e-1)
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those that are compared
SEARCH_RATES = tuple(2.0**k for k in range(-6, 2))


@dataclass(frozen=True)
class OwnRate:
    """One decay at its own best rate, trained for `BURN_IN` updates.

    Attributes:
        decay: of the hidden weights.
        rate: the best of the search on other seeds.
        accuracy: (S,) share of the test images classified correctly.
        searched: rate -> mean accuracy on the seeds of the search, ascending rates.
    """

    decay: float
    rate: float
    accuracy: np.ndarray
    searched: dict[float, float]


@dataclass(frozen=True)
class WeightDecay:
    """What `measure_all` stores.

    Attributes:
        runs: one for each of `DECAYS`, all at the same rate.
        controls: see `control`.
        own_rates: no decay, and the decay of the controls.
    """

    runs: tuple[Run, ...]
    controls: tuple[Control, ...]
    own_rates: tuple[OwnRate, ...]


def own_rate(decay: float) -> OwnRate:
    """Search the rate with the highest mean accuracy, then train at that with `SEEDS`."""
    searched = {}
    for rate in SEARCH_RATES:
        run = train_nets(rate, decay, BURN_IN, SEARCH_SEEDS)
        searched[rate] = round(float(run.accuracy.mean()), 5)
    best = max(searched, key=searched.get)
    return OwnRate(decay, best, train_nets(best, decay, BURN_IN).accuracy, searched)


def measure_all() -> dict:
    """Run everything that is stored."""
    runs, own_rates = [], []
    for decay in DECAYS:
        run = train_nets(decay=decay)
        runs.append(
            {
                "decay": decay,
                "length": _plain(run.length, 5),
                "log_length": _plain(run.log_length, 6),
                "rotation": _plain(run.rotation, 4),
                "loss": _plain(run.loss, 4),
                "accuracy": _plain(run.accuracy, 4),
            }
        )
        print(decay, run.late_rotation(), run.accuracy, flush=True)
    controls = [
        {
            "rule": found.rule,
            "apart": _plain(found.apart, 2),
            "logits": _plain(found.logits, 4),
            "accuracy": _plain(found.accuracy, 4),
        }
        for found in control()
    ]
    print(controls, flush=True)
    for decay in (0.0, CONTROLLED):
        found = own_rate(decay)
        own_rates.append(
            {
                "decay": decay,
                "rate": found.rate,
                "accuracy": _plain(found.accuracy, 4),
                "searched": list(found.searched.items()),
            }
        )
        print(own_rates[-1], flush=True)
    return {
        "rate": RATE,
        "updates": UPDATES,
        "window": WINDOW,
        "seeds": SEEDS,
        "runs": runs,
        "compared": COMPARED,
        "controls": controls,
        "search_seeds": SEARCH_SEEDS,
        "own_rates": own_rates,
    }


def _plain(values: np.ndarray, digits: int) -> list:
    """Round to so many significant digits."""
    if np.ndim(values) == 0:
        return float(f"{values:.{digits}g}")
    return [_plain(value, digits) for value in values]


def load_weight_decay() -> WeightDecay:
    """Return the stored runs."""
    stored = results.load("weight_decay")
    seeds = tuple(stored["seeds"])
    measured = ("length", "log_length", "rotation", "loss", "accuracy")
    return WeightDecay(
        tuple(
            Run(stored["rate"], run["decay"], *(np.array(run[name]) for name in measured), seeds)
            for run in stored["runs"]
        ),
        tuple(
            Control(
                found["rule"],
                tuple(stored["compared"]),
                *(np.array(found[name]) for name in ("apart", "logits", "accuracy")),
            )
            for found in stored["controls"]
        ),
        tuple(
            OwnRate(
                found["decay"], found["rate"], np.array(found["accuracy"]), dict(found["searched"])
            )
            for found in stored["own_rates"]
        ),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.weight_decay"
    print(results.store("weight_decay", command, measure_all()))
