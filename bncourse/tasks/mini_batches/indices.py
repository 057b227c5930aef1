"""1.2: deal shuffled samples into mini-batches."""

from __future__ import annotations

import numpy as np

from bncourse.grading.batches import DEALT, deal_batches
from bncourse.grading.kinds import driven_task
from bncourse.grading.task import Case
from bncourse.tasks.mini_batches.indices_measured import measure
from bncourse.tasks.mini_batches.indices_slips import MISCONCEPTIONS, minibatch_indices


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw sizes with and without a rest, kept and dropped, and the edges."""
    size = int(rng.integers(5, 9))
    rest = int(rng.integers(2, size - 1))
    full = int(rng.integers(6, 12))

    def case(label, n, batch_size, drop_last, raises=""):
        return Case(label, (n, batch_size, int(rng.integers(1 << 31)), drop_last), raises=raises)

    return [
        case("12 in batches of 4", 12, 4, False),
        case("12 in batches of 5", 12, 5, False),
        case("12 in batches of 5, the rest dropped", 12, 5, True),
        case("12 in batches of 4, nothing to drop", 12, 4, True),
        case("many images", full * size + rest, size, False),
        case("many images, the rest dropped", full * size + rest, size, True),
        case("a last batch of one", 6 * size + 1, size, False),
        case("a batch larger than the data", 21, 40, False),
        case("a batch larger than the data, dropped", 21, 40, True),
        case("batches of one", 25, 1, True),
        case("no images", 0, 3, False),
        case("no images, dropped", 0, 3, True),
        case("a batch size of −2", 12, -2, False, "ValueError"),
        case("a batch size of 0", 12, 0, False, "ValueError"),
    ]


def _shuffled_list(n, batch_size, rng, drop_last=False):
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}")
    order = np.arange(n)
    rng.shuffle(order)
    batches = [list(order[i : i + batch_size]) for i in range(0, n, batch_size)]
    return [b for b in batches if len(b) == batch_size or not drop_last]


def _generator(n, batch_size, rng, drop_last=False):
    if batch_size <= 0:
        raise ValueError("no")
    order = rng.random(n).argsort()
    stop = n - n % batch_size if drop_last else n
    yield from (order[i : min(i + batch_size, stop)] for i in range(0, stop, batch_size))


def _choice(n, batch_size, rng, drop_last=False):
    if batch_size < 1:
        raise ValueError
    order = rng.choice(n, size=n, replace=False) if n else np.array([], dtype=int)
    whole = n // batch_size
    parts = np.split(order, [batch_size * k for k in range(1, whole + 1)])
    return [p for p in parts if len(p) and (len(p) == batch_size or not drop_last)]


def stub(n, batch_size, rng, drop_last=False):
    """The exercise as learners find it."""
    batches = None
    return batches


TASK = driven_task(
    deal_batches,
    id="1.2",
    title="shuffle and cut",
    entry="minibatch_indices",
    objective="Deal a data set into shuffled mini-batches, without loss or repeat",
    minutes=12,
    params=("n", "batch_size", "rng", "drop_last"),
    outputs=DEALT,
    measure=measure,
    cases=cases,
    reference=minibatch_indices,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Two things happen: a shuffle and a cut. Which of them comes first, and what exactly is "
        "shuffled?",
        "Draw one order of all n indices from rng, then cut it into pieces of batch_size. The last "
        "piece may be short; drop_last decides about it, and only if it is short.",
        "For the cut: perm[0:5], perm[5:10], … are the batches of 5; range(0, n, 5) gives the "
        "starts. Draw perm with one call of a method of rng, and check batch_size first.",
    ),
    stub=stub,
    accepted=(_shuffled_list, _generator, _choice),
    switchboard=minibatch_indices,
)
