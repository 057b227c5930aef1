"""C.8: a norm for a recurrent net, whose gradient reaches back and which takes longer sequences."""

from __future__ import annotations

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.kinds import slips
from bncourse.grading.served_layers import RESULTS, serve_layers
from bncourse.grading.task import Case, Task
from bncourse.tasks.capstone import layers_tried, sequences
from bncourse.tasks.capstone.desk import Desk, opened, pattern
from bncourse.tasks.capstone.patient import built
from bncourse.tasks.capstone.small_batches import PATIENCE, stub

LEAST, MOST = 0.1, 10.0  # of the gradient at step 16 to that at step 64
CLOSE = 0.22  # the mean difference between evaluation and training, of the mean output
# Statistics for each step were off by up to 27 % (gamma 0.3), and by 49 % with a gamma of 0.1;
# one statistic for all steps by 32 % and more, and by 95 % and more with a gamma of 0.1.
ROUGH, ROUGH_IF_SMALL = 0.29, 0.7
SEEN = "numbers"


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw the run's number, which decides the nets and the images."""
    return [Case("", (int(rng.integers(1 << 31)),))]


def measure(got, run):
    """Say of the three numbers that came whether each is as it should be."""
    results = got[RESULTS[0]]
    ratio, off, longer = results if results.shape == (3,) else (np.nan, np.nan, 0.0)
    found = {
        "the gradient at step 16": np.array(_size(ratio)),
        "evaluation does what training did": np.array(_off(off, ratio)),
        "sequences of 96 steps": np.array(bool(longer == 1)),
    }
    # The numbers themselves are for the reader; they are not compared with anything.
    return found | ({SEEN: results} if opened((run,), results, got[RESULTS[1]]) else {})


def _size(ratio: float) -> int:
    if np.isnan(ratio):
        return -2
    return -1 if ratio < LEAST else int(ratio > MOST)


def _off(off: float, ratio: float) -> int:
    """Say whether evaluation is right (0), rough (1), another thing (2) or no number (3).

    Where the gradient vanishes, outputs are small, and rough statistics weigh more.
    """
    if np.isnan(off):
        return 3
    return int(off > CLOSE) + int(off > (ROUGH_IF_SMALL if ratio < LEAST else ROUGH))


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Tell the three numbers."""
    values = evidence.cases[0].outcome.values or {}
    ratio, off, longer = values.get(SEEN, (np.nan, np.nan, 0.0))
    return (
        f"gradient at step 16, that at step 64 being 1: {ratio:.3g} (from {LEAST:g} to {MOST:g})",
        f"evaluation is off from training by {100 * off:.1f} % (up to {100 * CLOSE:.0f} %)",
        "96 steps were taken" if longer == 1 else "96 steps were not taken",
    )


def told(run, *, ratio=1.0, off=0.0, longer=1.0):
    """Stand for an answer by what is measured of it."""
    return pattern((ratio, off, longer))(run)


def known(answer, **numbers):
    """Return the stand-in for ``answer``, of which these numbers are measured."""

    def stand_in(run):
        return told(run, **numbers)

    stand_in.__wrapped__ = answer
    return stand_in


def _of(faults):
    cls = built("sequence", frozenset(faults))["StepNorm"]
    return lambda num_features: cls(num_features, gamma=0.5)


_slip = slips(told)


def _entry(key, says, asks, code, answer, **numbers):
    made = _slip(key, says, asks, code, **numbers)
    made.wrong.__wrapped__ = answer
    return made


MISCONCEPTIONS = (
    _entry(
        "gradient grows",
        "The gradient grows on its way back through the steps.",
        "Which number of your layer scales every step's slope?",
        "",
        layers_tried.StepNorm,
        ratio=20.0,
    ),
    _entry(
        "gradient vanishes",
        "Hardly anything of the gradient comes back to step 16.",
        "What is multiplied 48 times on the way back, and how large is it?",
        "",
        layers_tried.Nothing,
        ratio=0.01,
    ),
    _entry(
        "one statistic for all steps",
        "Evaluation does not do what training did: first and last steps have different "
        "means and variances, and your layer remembers one mixture of them.",
        "How many running means does a layer need that sees 64 different steps?",
        "M5",
        _of({"one statistic for all steps"}),
        off=1.0,
    ),
    _entry(
        "rough statistics",
        "Evaluation is off from training by more than allowed, but by less than where all steps "
        "share one statistic: the running statistics are too rough for outputs this small.",
        "What becomes of this number with another gamma, and what with another momentum?",
        "",
        # Memories that lag a little; gamma as in the reference, so that the gradient is right.
        lambda num_features: layers_tried.StepNorm(num_features, gamma=0.5, momentum=0.085),
        off=0.25,
    ),
    _entry(
        "no step beyond the last",
        "A sequence longer than those of training stops your layer.",
        "Which of the statistics that you have is the best guess for step 70?",
        "M5",
        _of({"no step beyond the last"}),
        longer=0.0,
    ),
)

TASK = Task(
    id="C.8",
    title="the sequence",
    entry="sequence_norm",
    objective="Normalise a recurrent net so that gradients arrive and longer sequences are taken",
    minutes=20,
    points=10.0,
    patience=PATIENCE,
    params=("run",),
    outputs=RESULTS,
    cases=cases,
    reference=known(layers_tried.LayerStep),
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Three things are measured: the gradient, whether evaluation agrees with training, and "
        "96 steps. Which of them fails, and which line of StepNorm has to do with it?",
        "Each step needs its own statistics, and the steps beyond the last share those of the "
        "last; or the statistics come from the sample itself, and there is nothing to remember. "
        "The size of gamma decides how a gradient grows or shrinks from step to step.",
        "With 64 rows of statistics the row of step t is t itself as long as t < 64. What should "
        "it be for t = 64, 65, …? And for gamma: if 48 steps multiply the gradient by 20, one step "
        "multiplies it by 20 ** (1 / 48).",
    ),
    stub=stub,
    driver=serve_layers,
    oracle=Desk(sequences.measured),
    accepted=(_of(()),),
    switchboard=told,
    measure=measure,
    credit=lambda evidence: float(evidence.clean),
    tell=tell,
    tell_success=True,
)
