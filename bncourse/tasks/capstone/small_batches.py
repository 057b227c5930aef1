"""C.6: a norm with which the classifier learns at every batch size down to one."""

from __future__ import annotations

from collections.abc import Generator
from itertools import product

import numpy as np

from bncourse.grading.served_layers import RESULTS, serve_layers
from bncourse.grading.task import Misconception, Task
from bncourse.tasks.capstone import layers_tried, ward
from bncourse.tasks.capstone.anchored import Scale
from bncourse.tasks.capstone.desk import HiddenDesk, Order
from bncourse.tasks.capstone.patient import built

# Two nets where they are cheap; the batches of one take most of the time.
SEEDS = {32: 2, 8: 2, 4: 2, 2: 2, 1: 1}
# The top is a little below the worst that layer norm reached, but for rare nets. With batches of 4
# and more even a faulty batch norm gets there, so most of the points are for those of 2 and 1.
SCALE = Scale(tuple(f"batches of {size}" for size in SEEDS), 0.72, (1, 1, 3, 10, 10))
PATIENCE = 5


def plan(run: int) -> Generator[list[Order], list, np.ndarray]:
    """Train a net for each batch size and seed; returns the mean accuracy for each size."""
    runs = [(size, run + k) for size, seeds in SEEDS.items() for k in range(seeds)]
    found = yield from ward.several(runs, run, hidden_sizes=True)
    sizes = np.array([size for size, _ in runs])
    return np.array([ward.mean(found[sizes == size]) for size in SEEDS])


DESK = HiddenDesk(plan)


def stub(num_features):
    """The exercise as learners find it."""
    return None


DETACHED = built("batch_norm", frozenset({"statistics detached in backward"}))["BatchNorm"]
LEARNS = SCALE.with_levels((3, 3, 3, 3, 3), layers_tried.LayerNorm)
OF_THE_BATCH = tuple(
    SCALE.with_levels(levels, layers_tried.BatchNorm)
    for levels in ((3, 3, 3, 1, 0), (3, 3, 2, 1, 0), (3, 3, 2, 2, 0), (3, 3, 3, 2, 0))
)
# Whatever it does elsewhere: with the largest batches it learns something, and not enough.
ILL = tuple(
    SCALE.with_levels(levels, DETACHED)
    for levels in product((1, 2), *[range(4)] * (len(SEEDS) - 1))
)
# With many small steps something is learned, and with large batches nothing.
NOT_A_NORM = tuple(
    SCALE.with_levels((0, *levels), layers_tried.NotInLargeBatches)
    for levels in product(range(4), repeat=len(SEEDS) - 1)
    if any(levels)
)
MISCONCEPTIONS = (
    Misconception(
        "statistics of the batch",
        "With large batches the net learns, with two images badly, and with one not at all: what "
        "your layer subtracts is taken from the batch.",
        "What is left of two numbers, and of one, after their own mean and variance?",
        "M12",
        OF_THE_BATCH[0],
        variants=OF_THE_BATCH[1:],
    ),
    Misconception(
        "the layer itself is ill",
        "Even with batches of 32, where every norm does well, the net learns badly: something is "
        "wrong with the layer itself, or it is no norm.",
        "What do the checks C.1 to C.3 say of the layer that you return?",
        "",
        ILL[0],
        variants=ILL[1:],
    ),
    Misconception(
        "something else than a norm",
        "With batches of 32, where every norm does well, the net learns nothing, and elsewhere it "
        "does: your layer changes its input, but it does not make its scale the same.",
        "If what your layer receives is ten times as large, what changes in its output?",
        "",
        NOT_A_NORM[-1],
        variants=NOT_A_NORM[:-1],
    ),
    Misconception(
        "nothing is normalised",
        "The net learns at no batch size. It starts with weights much smaller than usual, and "
        "your layer does not bring its output to a size of its own.",
        "What is the standard deviation of your layer's output, over the units of one image?",
        "",
        SCALE.with_levels((0, 0, 0, 0, 0), layers_tried.Nothing),
    ),
)

TASK = Task(
    id="C.6",
    title="small batches",
    entry="small_batch_norm",
    objective="Choose a normaliser for small batches",
    minutes=20,
    points=float(sum(SCALE.points)),
    patience=PATIENCE,
    params=("run",),
    outputs=RESULTS,
    cases=DESK.cases,
    reference=LEARNS,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "At which batch sizes does it fail? Look at what your layer gives for a batch of two, and "
        "of one.",
        "With batches of one there is nobody to compare with but the image's own units. Which of "
        "the norms you have mended averages over those?",
        "A layer made for num_features units is returned, ready to be trained: for batch norm the "
        "line would be return BatchNorm(num_features).",
    ),
    stub=stub,
    driver=serve_layers,
    oracle=DESK,
    measure=SCALE.measure,
    accepted=(),
    mistakes={},
    credit=SCALE.credit,
    tell=SCALE.tell,
    tell_success=True,
)
