"""Is batch norm of use in a recurrent net? Which statistics evaluation takes decides.

Digits are read in T steps by the nets of `recurrent`: without a norm, with layer norm, and with
batch norm evaluated by running statistics that all steps share or that each step has for itself.
The last two are one kind of net, whose training is the same at the same rate. But each has the rate
that is best for its own evaluation, so only `other_kind` and `by_batch` compare the same weights.
Gamma starts at 0.1 or at 1, recurrent weights start orthogonal, gradients are clipped: what helps
the net without a norm is not kept from it. At T = 16 and T = 64 some arms are also run with
weights as `nn.RNN` draws them ("torch" in the record).

Each arm runs at its own best rate for each budget, searched on other seeds than those compared.
What the shared statistics lack is shown by `one_recurrent_net`.

`python -m bncourse.experiments.recurrent_arms` measures everything again, in about eight minutes of
a quiet core.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bncourse import results
from bncourse.experiments.recurrent import StackedRNN, re_estimated
from bncourse.experiments.recurrent_runs import (
    BATCH_SIZE,
    BUDGETS,
    SEEDS,
    evaluate,
    in_batches,
    run,
)

NETS = ((None, 0.0), ("batch", 0.1), ("batch", 1.0), ("layer", 0.1), ("layer", 1.0))  # norm, gamma
FEW = (NETS[0], NETS[1], NETS[4])
# T, how the recurrent weights start, the nets.
CASES = (
    (16, "orthogonal", NETS),
    (64, "orthogonal", FEW),
    (8, "orthogonal", FEW),
    (16, "torch", FEW),
    (64, "torch", FEW[:2]),
)
SEARCH_SEEDS = {8: (100, 101), 16: (100, 101, 102), 64: (100, 101)}  # not those compared
RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
FIRST_RATES = (2, 3, 4)  # places in RATES; the search goes on while the best is at an end
UNITS = 4  # whose statistics are kept
MISSING = float("nan")


@dataclass(frozen=True)
class RecurrentArms:
    """Test accuracies of A arms in C cases after two budgets, with S seeds.

    An array of accuracies is (C, A, 2, S); nan where an arm was not run or has no such
    evaluation.

    Attributes:
        steps, starts: (C,) T, and how the recurrent weights start.
        arms: (A,) names: "none", "shared 0.1", "per step 1", "layer 0.1" and so on, with where
            gamma starts.
        budgets: (C, 2) updates.
        seeds: (S,) of splits, weights and batches.
        rates: (C, A, 2) learning rates.
        evaluated: in evaluation mode: batch norm by the arm's running statistics.
        re_estimated: by statistics of that kind over the whole training set, weights unchanged.
        by_batch: test images in batches of 100, normalised by the batch's own statistics.
        by_sorted: the same for test images sorted by class, 50 in a batch.
        other_kind: the same nets as `evaluated`, evaluated by the other kind of running statistics.
        by_twos, by_eights: as by_batch, for batches of 2 and 8; at T = 16 only.
        unit_mean, unit_var: {T: (T, UNITS)} running statistics at each step of a few units of the
            net "per step 0.1" of the first seed, longer budget.
        quartiles_mean, quartiles_var: {T: (T, 3)} their quartiles over all units.
    """

    steps: tuple[int, ...]
    starts: tuple[str, ...]
    arms: tuple[str, ...]
    budgets: np.ndarray
    seeds: tuple[int, ...]
    rates: np.ndarray
    evaluated: np.ndarray
    re_estimated: np.ndarray
    by_batch: np.ndarray
    by_sorted: np.ndarray
    other_kind: np.ndarray
    by_twos: np.ndarray
    by_eights: np.ndarray
    unit_mean: dict[int, np.ndarray]
    unit_var: dict[int, np.ndarray]
    quartiles_mean: dict[int, np.ndarray]
    quartiles_var: dict[int, np.ndarray]


def evaluate_all(model: StackedRNN, x: Tensor, x_test: Tensor, y_test: Tensor) -> dict:
    """Return accuracies (S,) by running, re-estimated and batch statistics, and some of those."""
    found = evaluate(model, x, x_test, y_test)
    if model.norm != "batch":
        return found
    with re_estimated(model, x):
        again = evaluate(model, x, x_test, y_test)
    found |= {f"{kind} re-estimated": values for kind, values in again.items()}
    steps = x.shape[2]
    order = y_test.argsort(dim=1, stable=True)
    by_class = x_test[torch.arange(len(x))[:, None], order], y_test.gather(1, order)
    found["by batch"] = in_batches(model, x_test, y_test, 100)
    found["by sorted"] = in_batches(model, *by_class, 50)
    if steps == 16:
        found |= {f"by {size}": in_batches(model, x_test, y_test, size) for size in (2, 8)}
    mean, var = model.mean[:, 0, :, 0], model.var[:, 0, :, 0]
    quarters = torch.tensor([0.25, 0.5, 0.75])
    for name, values in (("mean", mean), ("var", var)):
        found[f"unit {name}"] = values[:, :UNITS].numpy().astype(float)
        found[f"quartiles {name}"] = values.quantile(quarters, dim=1).T.numpy().astype(float)
    return found


def search(steps: int, start: str, norm: str | None, gamma: float) -> dict:
    """Try rates on the seeds of the search until no kind's and no budget's best is at an end."""
    tried: dict[int, list[dict]] = {}
    missing = set(FIRST_RATES)
    while missing:
        for k in sorted(missing):
            tried[k] = run(steps, start, norm, gamma, RATES[k], SEARCH_SEEDS[steps])
        order = sorted(tried)
        means = {
            kind: np.array([[b[kind].mean() for b in tried[k]] for k in order])
            for kind in tried[order[0]][0]
        }
        best = {kind: [order[k] for k in values.argmax(0)] for kind, values in means.items()}
        around = {k + side for places in best.values() for k in places for side in (-1, 1)}
        missing = (around & set(range(len(RATES)))) - set(tried)
    return {
        "learning_rates": [RATES[k] for k in order],
        "mean_accuracy": {kind: values.round(4).tolist() for kind, values in means.items()},
        "best": {kind: [RATES[k] for k in places] for kind, places in best.items()},
    }


def measure_case(steps: int, start: str, compared: Sequence[tuple] = NETS) -> dict:
    """Search and compare all nets in one case."""
    nets = []
    for norm, gamma in compared:
        found = search(steps, start, norm, gamma)
        rates = sorted({rate for places in found["best"].values() for rate in places})
        runs = [run(steps, start, norm, gamma, rate, SEEDS, evaluate_all) for rate in rates]
        keep_units = (norm, gamma, start) == ("batch", 0.1, "orthogonal") and steps > 8
        net = {"norm": norm, "gamma": gamma, "search": found, "rates": rates, "units": None}
        if keep_units:
            last = runs[rates.index(found["best"]["per step"][1])][1]
            net["units"] = {k: v.round(3).tolist() for k, v in last.items() if v.ndim == 2}
        net["runs"] = [
            [{k: v.round(4).tolist() for k, v in b.items() if v.ndim == 1} for b in one]
            for one in runs
        ]
        nets.append(net)
        print(steps, start, norm, gamma, found["best"], file=sys.stderr, flush=True)
        means = [{k: round(np.mean(v), 3) for k, v in one[1].items()} for one in net["runs"]]
        print(means, file=sys.stderr, flush=True)
    return {"steps": steps, "start": start, "budgets": BUDGETS[steps], "nets": nets}


def measure_all() -> dict:
    """Measure all cases."""
    return {
        "batch_size": BATCH_SIZE,
        "seeds": SEEDS,
        "search_seeds": {str(steps): seeds for steps, seeds in SEARCH_SEEDS.items()},
        "cases": [measure_case(*case) for case in CASES],
    }


def load_recurrent_arms() -> RecurrentArms:
    """Return the stored comparison."""
    stored = results.load("recurrent_arms")
    arms = []
    for norm, gamma in NETS:
        kinds = {None: ["none"], "layer": ["layer"], "batch": ["per step", "shared"]}[norm]
        arms += [(kind, norm, gamma) for kind in kinds]
    arms.sort(key=lambda arm: ("none", "layer", "shared", "per step").index(arm[0]))
    names = {
        "evaluated": lambda kind: kind if kind in ("shared", "per step") else "evaluated",
        "re_estimated": lambda kind: f"{kind} re-estimated",
        "by_batch": lambda kind: "by batch",
        "by_sorted": lambda kind: "by sorted",
        "other_kind": lambda kind: {"shared": "per step", "per step": "shared"}.get(kind, ""),
        "by_twos": lambda kind: "by 2",
        "by_eights": lambda kind: "by 8",
    }
    seeds = stored["seeds"]
    rates = np.full((len(stored["cases"]), len(arms), 2), MISSING)
    tables = {name: np.full((*rates.shape, len(seeds)), MISSING) for name in names}
    units: dict[str, dict[int, np.ndarray]] = {}
    for c, case in enumerate(stored["cases"]):
        nets = {(net["norm"], net["gamma"]): net for net in case["nets"]}
        for a, (kind, norm, gamma) in enumerate(arms):
            net = nets.get((norm, gamma))
            if net is None:
                continue
            best = net["search"]["best"]
            for b, rate in enumerate(best.get(kind) or best["evaluated"]):
                rates[c, a, b] = rate
                reading = net["runs"][net["rates"].index(rate)][b]
                for name, key in names.items():
                    tables[name][c, a, b] = reading.get(key(kind), MISSING)
            for name, values in (net["units"] or {}).items():
                units.setdefault(name, {})[case["steps"]] = np.array(values)
    return RecurrentArms(
        steps=tuple(case["steps"] for case in stored["cases"]),
        starts=tuple(case["start"] for case in stored["cases"]),
        arms=tuple(f"{kind} {gamma:g}" if norm else kind for kind, norm, gamma in arms),
        budgets=np.array([case["budgets"] for case in stored["cases"]]),
        seeds=tuple(seeds),
        rates=rates,
        **tables,
        unit_mean=units["unit mean"],
        unit_var=units["unit var"],
        quartiles_mean=units["quartiles mean"],
        quartiles_var=units["quartiles var"],
    )


if __name__ == "__main__":
    print(
        results.store(
            "recurrent_arms", "python -m bncourse.experiments.recurrent_arms", measure_all()
        )
    )
