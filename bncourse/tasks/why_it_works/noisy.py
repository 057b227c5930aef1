"""7.3: batch norm with noise behind it that makes every distribution jump."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.handed import call_many_times
from bncourse.grading.kinds import driven_task
from bncourse.grading.task import Case
from bncourse.grading.words import describe_case
from bncourse.tasks.why_it_works.noisy_measured import AT_ONCE, measure
from bncourse.tasks.why_it_works.noisy_slips import MISCONCEPTIONS, noisy


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw standardised arrays and sizes of the noise."""

    def draw(label, n, d, shift, spread):
        x = rng.normal(0, 1, (n, d))
        x_hat = (x - x.mean(0)) / x.std(0)
        seed = int(rng.integers(1 << 31))
        return Case(label, (x_hat, shift, spread, seed))

    return [
        draw("shifts and scales", 12, 5, 0.5, 0.25),
        draw("large shifts", 9, 4, 2.0, 0.1),
        draw("more units than samples", 6, 11, 1.0, 0.5),
        draw("no shift", 8, 5, 0.0, 0.3),
        draw("no change of scale", 8, 5, 0.7, 0.0),
    ]


def _one_row_at_a_time(x_hat, shift, spread, rng, training=True):
    if not training:
        return x_hat.copy()
    d = x_hat.shape[1]
    scales = 1 + spread * (2 * rng.random(d) - 1)
    shifts = shift * (2 * rng.random(d) - 1)
    return np.stack([row * scales + shifts for row in x_hat])


def _columns(x_hat, shift, spread, rng, training=True):
    y = np.empty_like(x_hat)
    for j in range(x_hat.shape[1]):
        y[:, j] = x_hat[:, j]
        if training:
            y[:, j] = rng.uniform(1 - spread, 1 + spread) * y[:, j] + rng.uniform(-shift, shift)
    return y


def _training_only(x_hat, shift, spread, rng, training=True):
    noise = rng.uniform(-1, 1, (2, 1, x_hat.shape[1]))
    return x_hat + training * (spread * noise[0] * x_hat + shift * noise[1])


def stub(x_hat, shift, spread, rng, training=True):
    """The exercise as learners find it."""
    y = None
    return y


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Say which fact was wrong first, on the smallest failing case."""
    worst = evidence.smallest_failing()
    return describe_case(
        TASK, replace(worst, wrong=tuple(name for name in worst.wrong if name != AT_ONCE))
    )


TASK = driven_task(
    call_many_times,
    id="7.3",
    title="make every distribution jump",
    entry="noisy",
    objective="Build the test that the covariate-shift story could have passed",
    minutes=15,
    params=("x_hat", "shift", "spread", "rng"),
    outputs=("trained", "evaluated", "again"),
    cases=cases,
    measure=measure,
    tell=tell,
    reference=noisy,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "What has to be the same for all samples of a batch so that the distribution moves, and "
        "not just each sample by itself?",
        "Draw one shift and one factor for each unit, anew in every call, from rng. All samples "
        "share them. In evaluation nothing is drawn and nothing changes.",
        "For one unit: factor = rng.uniform(1 - spread, 1 + spread), move = rng.uniform(-shift, "
        "shift), y = factor * x_hat + move. For D units rng.uniform takes the size (D,) as its "
        "third argument, and NumPy spreads it over the samples.",
    ),
    stub=stub,
    accepted=(_one_row_at_a_time, _columns, _training_only),
    switchboard=noisy,
)
