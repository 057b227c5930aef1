"""C.8: a norm for a recurrent net, whose gradient reaches back and which takes longer sequences."""

from __future__ import annotations

from dataclasses import astuple, fields

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.kinds import slips
from bncourse.grading.served_layers import RESULTS, serve_layers
from bncourse.grading.task import Task
from bncourse.tasks.capstone import layers_tried, sequences
from bncourse.tasks.capstone.desk import HiddenDesk, opened, pattern
from bncourse.tasks.capstone.patient import built
from bncourse.tasks.capstone.sequences import Found
from bncourse.tasks.capstone.small_batches import PATIENCE, stub

LEAST, MOST = 0.1, 10.0  # of the gradient at step 16 to that at step 64, the nets' mean
# Of a single net. Layer norm and batch norm gave 0.05 to 50; a gain from 1 to 30 left one net
# below 1e-4 or brought one above 2000.
LEAST_OF_ONE, MOST_OF_ONE = 1e-4, 300.0
CLOSE = 0.22  # the mean difference between evaluation and training, of the mean output
# Statistics for each step were off by up to 27 % (gamma 0.3), and by 49 % with a gamma of 0.1;
# one statistic for all steps by 32 % and more, and by 95 % and more with a gamma of 0.1.
ROUGH, ROUGH_IF_SMALL = 0.29, 0.7
ALONE = 1e-6  # between a row by itself and in its batch, in evaluation
BEYOND = 0.05  # between steps 65 to 96 and step 64, for the same input
SEEN = "numbers"
DESK = HiddenDesk(sequences.measured)


def measure(got, run):
    """Say of the numbers that came whether each is as it should be."""
    results = got[RESULTS[0]]
    found = Found(*results) if results.shape == (len(fields(Found)),) else Found()
    told = {
        "the gradient at step 16": np.array(_size(found)),
        "evaluation does what training did": np.array(_off(found)),
        "sequences of 96 steps": np.array(_longer(found)),
    }
    # The numbers themselves are for the reader; they are not compared with anything.
    return told | ({SEEN: results} if opened((run,), results, got[RESULTS[1]]) else {})


def _size(found: Found) -> int:
    """Say whether the gradient is right (0), grows (1), vanishes (-1), grows or vanishes with the
    size of the weights (2) or is no number (-2).
    """
    if np.isnan(found.ratio):
        return -2
    if found.most > MOST_OF_ONE and found.least < LEAST:
        return 2
    if not LEAST <= found.ratio <= MOST:
        return 1 if found.ratio > MOST else -1
    return 0 if found.least >= LEAST_OF_ONE and found.most <= MOST_OF_ONE else 2


def _off(found: Found) -> int:
    """Say whether evaluation is right (0), rough (1), another thing (2), no number (3), or looks
    at the batch (4).

    Where the gradient vanishes, outputs are small, and rough statistics weigh more.
    """
    if not found.apart <= ALONE and not np.isnan(found.ratio):
        return 4
    if np.isnan(found.off):
        return 3
    rough = ROUGH_IF_SMALL if found.ratio < LEAST else ROUGH
    return int(found.off > CLOSE) + int(found.off > rough)


def _longer(found: Found) -> int:
    """Say whether longer sequences stop the layer (0), go on as step 64 (1) or otherwise (2)."""
    return int(found.longer == 1) + int(found.longer == 1 and not found.beyond <= BEYOND)


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Tell the numbers."""
    values = evidence.cases[0].outcome.values or {}
    found = Found(*values[SEEN]) if SEEN in values else Found()
    taken = "96 steps were not taken"
    if found.longer == 1:
        taken = f"96 steps were taken; the last 32 are off from step 64 by {_share(found.beyond)}"
        taken += f" (up to {100 * BEYOND:.0f} %)"
    lines = [
        f"gradient at step 16, that at step 64 being 1: {found.ratio:.3g} "
        f"(from {LEAST:g} to {MOST:g}); in single nets {found.least:.2g} to {found.most:.2g}",
        f"evaluation, one row at a time, is off from training by {_share(found.off)} "
        f"(up to {100 * CLOSE:.0f} %)",
        taken,
    ]
    if not found.apart <= ALONE:
        lines.insert(2, f"and off from evaluation of the whole batch by {_share(found.apart)}")
    return tuple(lines)


def _share(number: float) -> str:
    return f"{100 * number:.1f} %" if np.isfinite(number) else "no number: it was refused"


def told(run, *, ratio=1.0, spread=1.0, off=0.0, apart=0.0, beyond=0.0, longer=1.0):
    """Stand for an answer by what is measured of it."""
    found = Found(ratio, ratio / spread, ratio * spread, off, apart, beyond, longer)
    return pattern(astuple(found))(run)


def known(answer, **numbers):
    """Return the stand-in for ``answer``, of which these numbers are measured."""

    def stand_in(run):
        return told(run, **numbers)

    stand_in.__wrapped__ = answer
    return stand_in


def _of(faults, **settings):
    cls = built("sequence", frozenset(faults))["StepNorm"]
    return lambda num_features: cls(num_features, gamma=0.5, **settings)


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
        layers_tried.SmallStep,
        ratio=0.01,
    ),
    _entry(
        "something else than a norm",
        "The gradient depends on the size of the net's weights: in one net it vanishes, in another "
        "it grows. Your layer changes its input, but it does not make its scale the same.",
        "If what your layer receives is four times as large, what changes in its output?",
        "",
        layers_tried.ThreeTimes,
        spread=1e4,
    ),
    _entry(
        "looks at the batch in evaluation",
        "In evaluation one row by itself gives other outputs than in its batch: your layer still "
        "looks at the batch.",
        "What does eval() change in your layer, and which statistics should be used after it?",
        "M5",
        layers_tried.NeverLeavesTraining,
        apart=1.0,
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
    _entry(
        "another step's statistics",
        "Steps 65 to 96 are taken, but your layer measures them otherwise than step 64: by numbers "
        "that were never learned, or by those of another step.",
        "Print row(t), or what stands in running_mean, for t = 0, 63, 64 and 70: which batches "
        "were put in there?",
        "M5",
        _of({"no step beyond the last"}, longest=96),
        beyond=1.0,
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
    cases=DESK.cases,
    reference=known(layers_tried.LayerStep),
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Three things are measured: the gradient, whether evaluation agrees with training, and "
        "the steps from 65 to 96. Which of them fails, and which line of StepNorm has to do with "
        "it?",
        "Each step needs its own statistics, and the steps beyond the last share those of the "
        "last; or the statistics come from the sample itself, and there is nothing to remember. "
        "The size of gamma decides how a gradient grows or shrinks from step to step.",
        "With 64 rows of statistics the row of step t is t itself as long as t < 64. What should "
        "it be for t = 64, 65, …? And for gamma: if 48 steps multiply the gradient by 20, one step "
        "multiplies it by 20 ** (1 / 48).",
    ),
    stub=stub,
    driver=serve_layers,
    oracle=DESK,
    accepted=(_of(()),),
    switchboard=told,
    measure=measure,
    credit=lambda evidence: float(evidence.clean),
    tell=tell,
    tell_success=True,
)
