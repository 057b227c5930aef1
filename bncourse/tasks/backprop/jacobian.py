"""4.6: write the Jacobian out."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Case, Task


def bn_jacobian(
    x_hat, inv_std, gamma, *, paths=(1.0, 1.0), scale="right", count=0, direct="identity",
    outer="outer",
):  # fmt: skip
    """Return J (m, m), J[i, j] = ∂y_i/∂x_j of one feature; the keywords switch slips on."""
    m = len(x_hat)
    n = m + count
    z = {
        "outer": np.outer(x_hat, x_hat) / n,
        "not shared": np.outer(x_hat, x_hat),
        "by entries": x_hat * x_hat / n,
        "projected": np.outer(x_hat, x_hat) / (x_hat @ x_hat),
    }[outer]
    own = {"ones": 1.0, "none": 0.0}.get(direct, np.eye(m))
    J = own - paths[0] / m - paths[1] * z
    if direct == "diagonal":
        J = np.diag(np.diag(np.eye(m) - 1 / m - z))
    factor = {
        "right": gamma * inv_std,
        "gamma missing": inv_std,
        "not divided": gamma,
        "neither": 1.0,
        "sd": gamma / inv_std,
    }[scale]
    return factor * J


_slip = slips(bn_jacobian)

MISCONCEPTIONS = (
    _slip(
        "statistics frozen",
        "Only the diagonal is filled, and all of it alike: mean and variance are held fixed.",
        "Does output 2 move when input 1 moves?",
        "M4",
        paths=(0.0, 0.0),
    ),
    _slip(
        "mean path missing",
        "The part of the mean, 1/m everywhere, is missing: the rows do not add up to 0.",
        "All inputs move by the same. What do the outputs do?",
        "M4",
        paths=(0.0, 1.0),
    ),
    _slip(
        "variance path missing",
        "The part of the variance is missing.",
        "All inputs are stretched from their mean. What do the outputs do?",
        "M4",
        paths=(1.0, 0.0),
    ),
    _slip(
        "variance path added",
        "The part of the variance is added where it is subtracted.",
        "All inputs are stretched from their mean. What do the outputs do?",
        "M4",
        paths=(1.0, -1.0),
    ),
    _slip(
        "unbiased",
        "The part of the variance is divided by m − 1.",
        "With which count was the variance made?",
        "M2",
        count=-1,
    ),
    _slip(
        "identity missing",
        "The input's own, direct way to its output is missing.",
        "If the statistics did not move, what would the Jacobian be?",
        direct="none",
    ),
    _slip(
        "ones for the identity",
        "A 1 stands in every cell where the identity belongs.",
        "If the statistics did not move, which outputs would input 2 move?",
        direct="ones",
    ),
    _slip(
        "diagonal only",
        "The diagonal is right, and everything beside it is 0.",
        "Does output 2 move when input 1 moves?",
        "M4",
        direct="diagonal",
    ),
    _slip(
        "variance not shared",
        "The part of the variance lacks its 1/m.",
        "The variance is an average. Over how many?",
        outer="not shared",
    ),
    _slip(
        "squares for the product",
        "x_hat was multiplied by itself entry by entry: that gives m numbers, not a table.",
        "J[i, j] needs x_hat of i and x_hat of j. How do you make a table of all products?",
        outer="by entries",
    ),
    _slip(
        "projected as without eps",
        "x_hat was given length 1 exactly: Σ x_hat² where m belongs. With eps the two differ.",
        "Go back to the closed form: by what is Σ dy · x_hat divided?",
        "M17",
        outer="projected",
    ),
    _slip(
        "gamma missing",
        "gamma does not appear.",
        "Is it ∂x_hat/∂x that you have, or ∂y/∂x?",
        scale="gamma missing",
    ),
    _slip(
        "not divided",
        "inv_std does not appear.",
        "In which unit is ∂y/∂x?",
        scale="not divided",
    ),
    _slip(
        "projection only",
        "That is the projection itself, without gamma and inv_std.",
        "By what must it be multiplied to be ∂y/∂x?",
        scale="neither",
    ),
    _slip(
        "divided by inv_std",
        "inv_std divides where it should multiply.",
        "A larger spread makes y less sensitive to x. Does yours?",
        scale="sd",
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw features of some sizes, after the five samples."""

    def draw(label, m, eps):
        x = rng.normal(1, rng.uniform(1.5, 4), m)
        inv_std = float(1 / np.sqrt(x.var() + eps))
        gamma = float(rng.choice([-1, 1]) * rng.uniform(1.3, 2))
        return Case(label, ((x - x.mean()) * inv_std, inv_std, gamma))

    five = np.array([-4.0, -2.0, 0.0, 2.0, 4.0]) / np.sqrt(8)
    return [
        Case("1 3 5 7 9", (five, float(8**-0.5), 2.0)),
        draw("three samples", 3, 1e-2),
        draw("six samples, a large eps", 6, 1.0),
    ]


def _column_by_column(x_hat, inv_std, gamma):
    m = len(x_hat)
    return np.stack(
        [gamma * inv_std * (e - e.mean() - x_hat * (e * x_hat).mean()) for e in np.eye(m)], axis=1
    )


def stub(x_hat, inv_std, gamma):
    """The exercise as learners find it."""
    J = None
    return J


TASK = Task(
    id="4.6",
    title="the whole Jacobian (stretch)",
    entry="bn_jacobian",
    objective="Write the Jacobian of one feature and count what it lets through",
    minutes=15,
    params=("x_hat", "inv_std", "gamma"),
    outputs=("J",),
    cases=cases,
    reference=bn_jacobian,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Column j is what all outputs do when input j moves. Your closed form already tells what "
        "one push does: push each output in turn.",
        "The identity is the direct way; the other two parts are the same for every push: one is a "
        "table of equal numbers, the other a product of x_hat with itself.",
        "For the mean: np.ones((m, m)) / m is subtracted. For the variance think of np.outer.",
    ),
    stub=stub,
    accepted=(_column_by_column,),
    switchboard=bn_jacobian,
    graded=False,
)
