"""C.7: a norm that keeps its accuracy when the images become darker or brighter."""

from __future__ import annotations

from collections.abc import Generator
from itertools import product

import numpy as np

from bncourse.grading.served_layers import RESULTS, serve_layers
from bncourse.grading.task import Misconception, Task
from bncourse.tasks.capstone import layers_tried, ward
from bncourse.tasks.capstone.anchored import Scale
from bncourse.tasks.capstone.desk import HiddenDesk, Order, side_by_side
from bncourse.tasks.capstone.small_batches import PATIENCE, stub

SHIFTS = ((0.5, 0.0), (1.0, 0.3))
BATCH_SIZE, SEEDS, LIGHTS = 32, 3, len(SHIFTS)
NOTICED = 0.01  # of accuracy: where nothing is recalibrated, nothing at all changes
ARRIVES = "recalibrating helps"
# The top is a little below the worst that recalibrated batch norm reached; statistics of the old
# images, those of a faulty layer too, still leave half of the images right.
SCALE = Scale(("half as bright", "brighter by 0.3"), 0.88, (5, 5), zero=0.5)


def plan(run: int) -> Generator[list[Order], list, np.ndarray]:
    """Train nets with batches of 32 and test them on shifted images; returns two accuracies, and
    the two that the same nets had before their layers could recalibrate.
    """
    images = ward.split(np.random.default_rng(run), hidden_sizes=True)
    nets = [
        ward.under_shift(images, SHIFTS, BATCH_SIZE, run + k, ward.DEPTH * k) for k in range(SEEDS)
    ]
    found = np.array((yield from side_by_side(nets)))
    return np.array([ward.mean(light) for light in found.T])


DESK = HiddenDesk(plan)


def measure(got, run):
    """Be the task's ``measure``: the levels, and whether recalibrating has changed them."""
    found = SCALE.measure(got, run)
    results, right = got[RESULTS[0]], all(found[name] == 3 for name in SCALE.labels)
    gains = ward.guessed(results[:LIGHTS]) - ward.guessed(results[LIGHTS:])
    return found | {ARRIVES: np.array(right or bool(gains.mean() > NOTICED))}


def _known(levels, answer, gain):
    """Return a stand-in: known by its levels, and by what recalibrating has gained."""
    before = SCALE.with_levels(levels, answer)(0)[0] - gain
    return SCALE.with_levels(levels, answer, before)


# Whatever is lost.
LOSING = [levels for levels in product((2, 1, 3, 0), repeat=LIGHTS) if min(levels) < 3]
AS_IN_TRAINING = [_known(levels, layers_tried.BatchNorm, 0.0) for levels in LOSING if any(levels)]
HALF_WAY = [_known(levels, layers_tried.HalfRecalibrated, 0.05) for levels in LOSING]
MISCONCEPTIONS = (
    Misconception(
        "statistics of the old images",
        "The net learned, but shifted images confuse it: your layer still measures them by what "
        "the training images were like, or by the image alone, which a shift moves as well.",
        "What do 200 unlabelled images under the new light tell about mean and variance, and in "
        "which mode does a layer take that in?",
        "M5",
        AS_IN_TRAINING[0],
        variants=tuple(AS_IN_TRAINING[1:]),
    ),
    Misconception(
        "some of the old memory stays",
        "Something of the new images arrives, and something of the old ones stays.",
        "How much of the old memory is left after one batch, and in which mode does the layer take "
        "it in? And under the second light, what is left of the first?",
        "M6",
        HALF_WAY[0],
        variants=tuple(HALF_WAY[1:]),
    ),
    Misconception(
        "nothing is normalised",
        "Under no light is anything right when one image comes at a time: either your layer "
        "normalises nothing, or it never leaves training mode, in which one image has no spread.",
        "Which statistics does your layer use after eval()? And what does C.6 say of it at 32?",
        "",
        _known((0, 0), layers_tried.Nothing, 0.0),
    ),
)

TASK = Task(
    id="C.7",
    title="another light",
    entry="shift_norm",
    objective="Say what a net needs when its inputs change after training",
    minutes=15,
    points=float(sum(SCALE.points)),
    patience=PATIENCE,
    params=("run",),
    outputs=RESULTS,
    cases=DESK.cases,
    reference=_known((3, 3), layers_tried.Recalibrated, 0.5),
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Half the brightness, or 0.3 more of it: what does that do to what a unit of the first "
        "layer receives?",
        "Both shifts change mean and standard deviation of every unit, and nothing else. A layer "
        "may have a method recalibrate(); after it was called, 200 unlabelled images under the new "
        "light are sent through the net, then eval() is called.",
        "What must a batch norm do so that, after one more batch, its running mean is exactly "
        "that batch's mean? Which mode must it be in, and which weight must the new batch have?",
    ),
    stub=stub,
    driver=serve_layers,
    oracle=DESK,
    measure=measure,
    credit=SCALE.credit,
    tell=SCALE.tell,
    tell_success=True,
)
