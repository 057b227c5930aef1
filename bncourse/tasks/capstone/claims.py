"""C.10: a claim with its seeds and its tolerance, which is run again."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from bncourse.grading.answers import AnswerError
from bncourse.grading.evidence import Evidence
from bncourse.grading.kinds import slips
from bncourse.grading.served_layers import RESULTS, serve_claim
from bncourse.grading.task import Case, Task
from bncourse.tasks.capstone import layers_tried, ward
from bncourse.tasks.capstone.desk import Desk, Order, opened, pattern

SIZES = (2, 4, 8, 32)
SEEDS = 3
WIDEST = 0.03  # the largest tolerance that still says something
SPLIT = 0  # the images of every claim
SEEN = "which are off"


def cases(rng: np.random.Generator) -> list[Case]:
    """Return the one case there is: everything else is stated in the claim."""
    return [Case("", (SEEDS,))]


def refuse(batch_size: int, seeds: Sequence[int]) -> None:
    """Raise ValueError for batch sizes and seeds that nothing is claimed of."""
    if batch_size not in SIZES or np.shape(seeds) != (SEEDS,):
        raise ValueError(f"batch_size should be one of {SIZES}, with {SEEDS} seeds")
    if len(set(seeds)) < SEEDS or min(seeds) < 0:
        raise ValueError("the seeds should be different whole numbers from 0 on")


def plan(batch_size: float, *rest: float) -> Generator[list[Order], list, np.ndarray]:
    """Train a net for each of the seeds; returns the accuracies. Raises ValueError for other sizes.

    What is claimed of them may come behind the seeds: it is laid on the desk, and sealed with the
    results, before anything is trained.
    """
    seeds = [int(seed) for seed in rest[:SEEDS]]
    refuse(batch_size, seeds)
    runs = [(int(batch_size), seed) for seed in seeds]
    return ward.guessed((yield from ward.several(runs, SPLIT)))


def measure(got, count):
    """Say whether the stated accuracies came again, and whether the tolerance says something."""
    claimed, tolerance, run, results, receipt = (got[name] for name in OUTPUTS)
    if results.shape != (SEEDS,) or claimed.shape != (SEEDS,):
        raise AnswerError(f"a claim has {SEEDS} seeds and {SEEDS} accuracies.")
    real = opened([*run, *claimed, tolerance], results, receipt)
    per_cent = claimed.max() > 1  # no share is
    off = ~(np.abs(claimed - results) <= tolerance)
    if per_cent and tolerance > 1:
        tolerance = tolerance / 100
    found = {
        "the accuracies came again": np.array(2 if per_cent else int(not off.any())),
        f"the tolerance is from 0 to {WIDEST:g}": np.array(bool(0 <= tolerance <= WIDEST)),
    }
    return found | ({SEEN: off} if real else {})


OUTPUTS = ("accuracies", "tolerance", "run", *RESULTS)


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Tell which accuracies did not come again, and never what came."""
    values = evidence.cases[0].outcome.values or {}
    off = [str(k) for k, wrong in enumerate(values.get(SEEN, ()), 1) if wrong]
    if not off:
        return ("the same seeds gave these accuracies again, up to the tolerance",)
    return (f"off by more than the tolerance: accuracy number {' and '.join(off)} of {SEEDS}",)


def claimed(count, *, off=0.0, times=1.0, tolerance=0.02):
    """Stand for a claim by what is wrong with it."""
    run, results = (8, 0, 1, 2), np.array([0.9, 0.9, 0.9])
    stated = (results + off) * times
    told = pattern(results)(*run, *stated, tolerance)
    return stated, np.array(tolerance), np.array(run), *told


def _example(**changes):
    """A claim as learners write it; the numbers were measured by `bncourse.clinic.trial`."""
    claim = {
        "norm": layers_tried.LayerNorm,
        "batch_size": 32,
        "seeds": [1, 2, 3],
        "accuracies": list(MEASURED),
        "tolerance": 0.03,
    }
    return claim | changes


MEASURED = (0.923, 0.910, 0.900)
_slip = slips(claimed)


def _entry(key, says, asks, answer, **numbers):
    made = _slip(key, says, asks, "M20", **numbers)
    made.wrong.__wrapped__ = answer
    return made


def _reference(count):
    return claimed(count)


_reference.__wrapped__ = _example()

TASK = Task(
    id="C.10",
    title="a claim that can be run again",
    entry="claims",
    objective="State a result so that somebody else can find it again",
    minutes=10,
    points=5.0,
    patience=3,
    params=("count",),
    outputs=OUTPUTS,
    cases=cases,
    reference=_reference,
    misconceptions=(
        _entry(
            "other numbers",
            "The same seeds gave other accuracies than those that you state.",
            "Which layer, which batch size and which seeds were the numbers measured with?",
            _example(accuracies=[0.5, 0.5, 0.5]),
            off=-0.2,
        ),
        _entry(
            "per cent",
            "The accuracies are stated in per cent; shares from 0 to 1 were asked for.",
            "How large is an accuracy at most?",
            _example(accuracies=[100 * a for a in MEASURED]),
            times=100.0,
        ),
        _entry(
            "tolerance too wide",
            "The numbers came again, but within so wide a tolerance many others would have, too: "
            f"at most {WIDEST:g} was asked for.",
            "By how much do the accuracies of your three seeds differ from each other?",
            _example(tolerance=0.2),
            tolerance=0.2,
        ),
    ),
    hints=(
        "trial(norm, batch_size, seeds) prints the numbers that a claim should state.",
        "The claim holds all that somebody needs to find its numbers again: the layer, the batch "
        "size, the seeds; and how far off they may be.",
        'A claim looks like {"norm": BatchNorm, "batch_size": 8, "seeds": [4, 5, 6], "accuracies": '
        '[…], "tolerance": 0.02}, with the three numbers that trial printed for just these.',
    ),
    stub=dict.fromkeys(("norm", "batch_size", "seeds", "accuracies", "tolerance")),
    driver=serve_claim,
    oracle=Desk(plan),
    switchboard=None,
    measure=measure,
    tell=tell,
)
