"""4.5: write the checker that lets right backward passes through and no wrong one."""

from __future__ import annotations

import numpy as np

from bncourse.grading.backwards import hand_in_backward
from bncourse.grading.evidence import Evidence
from bncourse.grading.kinds import driven_task
from bncourse.grading.tags import Tags
from bncourse.tasks.backprop.backward_bank import RIGHT, WRONG, oracle
from bncourse.tasks.backprop.checkers import MISCONCEPTIONS, accepts, forward

TORN = "(right versions differ from each other in their last digits only)"
FALSE_ALARM = 0.25  # of the marks, for each right version that is rejected


TAGS = Tags(len(RIGHT) + len(WRONG), oracle)


def counts(evidence: Evidence) -> tuple[int, int]:
    """Return how many wrong versions were rejected and how many right ones accepted."""
    clean = [TAGS.number_of(c.case.args[0]) < len(RIGHT) for c in evidence.cases if c.clean]
    return clean.count(False), clean.count(True)


def credit(evidence: Evidence) -> float:
    """Return the share of wrong versions rejected, less a quarter for each false alarm."""
    rejected, accepted = counts(evidence)
    return rejected / len(WRONG) - FALSE_ALARM * (len(RIGHT) - accepted)


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Say the two counts, and never which versions they are."""
    rejected, accepted = counts(evidence)
    torn = 0 < accepted < len(RIGHT)
    return (
        f"it rejects {rejected} of {len(WRONG)} wrong versions",
        f"and accepts {accepted} of {len(RIGHT)} right ones",
        f"score: {max(credit(evidence), 0.0):.0%}",
        *((TORN,) if torn else ()),
    )


def _by_coordinates(backward):
    rng = np.random.default_rng(0)
    for m, d in ((2, 2), (4, 3), (7, 2)):
        x, gamma, beta = rng.normal(2, 3, (m, d)), rng.normal(size=d), rng.normal(size=d)
        dy = rng.normal(size=(m, d))
        told = backward(dy, forward(x, gamma, beta, 0.5)[1])
        for k, part in enumerate((x, gamma, beta)):
            for place in np.ndindex(part.shape):
                kept, ends = part[place], []
                for sign in (1, -1):
                    part[place] = kept + sign * 1e-5
                    ends.append((forward(x, gamma, beta, 0.5)[0] * dy).sum())
                part[place] = kept
                if abs((ends[0] - ends[1]) / 2e-5 - told[k][place]) > 1e-5:
                    return False
    return True


def _by_own_backward(backward):
    rng = np.random.default_rng(1)
    for m in (4, 9):
        x, gamma, dy = rng.normal(size=(m, 3)), np.array([-1.0, 2, 0.5]), rng.normal(size=(m, 3))
        _, cache = forward(x, gamma, np.zeros(3), 0.2)
        x_hat = cache["x_hat"]
        dx = dy - dy.mean(0) - x_hat * (dy * x_hat).mean(0)
        mine = (gamma * cache["inv_std"] * dx, (dy * x_hat).sum(0), dy.sum(0))
        if not all(np.allclose(a, b) for a, b in zip(backward(dy, cache), mine, strict=True)):
            return np.False_
    return np.True_


def stub(backward):
    """The exercise as learners find it."""
    return None


TASK = driven_task(
    hand_in_backward,
    id="4.5",
    title="be the grader",
    entry="accepts",
    objective="Write a gradient check that lets no wrong backward pass through",
    minutes=25,
    params=("version",),
    outputs=("accepted",),
    cases=TAGS.cases,
    reference=accepts,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Begin with what must be true of the numbers themselves: move x a little, and y moves. How "
        "much a loss of y moves is what backward must have said.",
        "Take a loss that cannot hide anything: Σ (y · dy) with a random dy. Compare backward's "
        "dx, dgamma and dbeta with central differences, in a random direction each. Then choose "
        "gamma, eps and the number of samples so that every mistake shows.",
        "For beta the comparison is (loss(beta + h·v) − loss(beta − h·v)) / 2h against (dbeta · "
        "v).sum(), with v random and h = 1e-5. Do the same for gamma and for x; gamma of both "
        "signs, eps as large as 0.1, and more than one m.",
    ),
    stub=stub,
    switchboard=accepts,
    accepted=(_by_coordinates, _by_own_backward),
    oracle=TAGS.oracle,
    credit=credit,
    tell=tell,
)
