"""8.2: a fair comparison of batch sizes."""

from __future__ import annotations

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.kinds import driven_task
from bncourse.grading.sweeps import NORMS, SWEPT, run_sweep
from bncourse.grading.task import Case
from bncourse.grading.words import apart, number
from bncourse.tasks.where_it_breaks.fair_sweep_slips import MISCONCEPTIONS, sweep

ASKED = {
    "rates": "learning rate",
    "updates": "updates",
    "evaluated": "mode",
    "seeds": "seed",
    "norms": "norm",
}


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw sizes that divide 1280, and seeds that are no row 0, 1, 2."""

    def case(label, norm, sizes, seeds):
        return Case(label, (norm, tuple(sizes), tuple(int(s) for s in seeds)))

    def draw(n):
        return rng.choice(np.arange(11, 90), n, replace=False)

    return [
        case("one size, one seed", "batch", (8,), draw(1)),
        case("two sizes, three seeds", "layer", (64, 2), draw(3)),
        case("sizes 2 to 64, five seeds", "batch", (2, 4, 8, 16, 32, 64), draw(5)),
        case("group norm, four seeds", "group", (16, 40, 128), draw(4)),
        case("no norm, as many seeds as sizes", "none", (4, 20, 256), draw(3)),
    ]


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Tell what was asked of the trainer that should not have been, or which error came back."""
    worst = evidence.smallest_failing()
    norm, sizes, seeds = worst.case.args
    got, wanted = worst.outcome.values, worst.wanted
    called = f'{worst.case.label}: sweep("{norm}", {list(sizes)}, {list(seeds)}, train_and_test)'
    for name, words in ASKED.items():
        if name not in worst.wrong:
            continue
        for size in sizes:
            came, expected = (_of(table[name], size, name) for table in (got, wanted))
            if came != expected:
                return (called, f"batch size {size} was run with {words} {came}; not {expected}")
    for size, came, expected in zip(sizes, got["errors"], wanted["errors"], strict=True):
        if not np.isclose(came, expected, rtol=1e-9):
            came, expected = apart(came, expected)
            return (called, f"the runs are right; batch size {size} has {came}, not {expected}")
    return (called,)


def _of(table: np.ndarray, size: int, name: str) -> str:
    values = [value for at, value in table if at == size]
    if name == "evaluated":
        return " and ".join('"eval"' if v else '"train"' for v in values) or "none"
    if name == "norms":
        return " and ".join(NORMS[int(v)] for v in values) or "none"
    return " and ".join(number(v) for v in values) or "none"


def _comprehension(norm, sizes, seeds, train_and_test):
    return {
        b: float(np.mean([
            train_and_test(
                norm, b, learning_rate=b * 0.3 / 32, updates=1280 // b * 6, seed=s, mode="eval"
            )
            for s in seeds
        ]))
        for b in sizes
    }  # fmt: skip


def _seeds_outside(norm, sizes, seeds, train_and_test):
    total = dict.fromkeys(sizes, 0.0)
    for seed in seeds:
        for size in reversed(sizes):
            rate = 0.3 / (32 / size)
            updates = 6 * 1280 / size
            total[size] += train_and_test(
                norm, size, learning_rate=rate, updates=updates, seed=seed, mode="eval"
            )
    return {size: error / len(seeds) for size, error in total.items()}


def stub(norm, sizes, seeds, train_and_test):
    """The exercise as learners find it."""
    errors = None
    return errors


TASK = driven_task(
    run_sweep,
    id="8.2",
    title="a fair sweep",
    entry="sweep",
    objective="Compare batch sizes so that nothing else but the batch size differs",
    minutes=15,
    params=("norm", "sizes", "seeds"),
    outputs=SWEPT,
    cases=cases,
    reference=sweep,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "What may differ between two runs of the comparison, and what must not? Go through the "
        "arguments of train_and_test one by one.",
        "Six epochs of 1280 samples are another number of updates for each size. The rate is 0.3 "
        "for 32 samples, and twice that for 64. And in which mode is a net tested if you say "
        "nothing?",
        "Batch size 8: 6 · 1280 / 8 = 960 updates at the rate 0.3 · 8 / 32 = 0.075. Two loops, one "
        "over sizes and one over seeds; np.mean of the errors of all seeds goes into the dict.",
    ),
    stub=stub,
    accepted=(_comprehension, _seeds_outside),
    switchboard=sweep,
    tell=tell,
)
