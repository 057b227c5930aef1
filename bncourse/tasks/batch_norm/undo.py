"""3.5: choose gamma and beta so that batch norm gives its input back."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Case, Task

ROOTS = {
    "right": lambda var, eps: np.sqrt(var + eps),
    "no eps": lambda var, eps: np.sqrt(var),
    "eps outside": lambda var, eps: np.sqrt(var) + eps,
    "variance": lambda var, eps: var + eps,
    "inverse": lambda var, eps: 1 / np.sqrt(var + eps),
    "fixed eps": lambda var, eps: np.sqrt(var + 1e-5),
}


def undo_bn(x, eps, *, axis=0, ddof=0, root="right", sign=1.0, scaled=False, swapped=False):
    """Return the gamma and beta that undo batch norm on x; keywords switch slips on."""
    mean = x.mean(axis=axis)
    gamma = ROOTS[root](x.var(axis=axis, ddof=ddof), eps)
    beta = sign * mean / (gamma if scaled else 1)
    return (beta, gamma) if swapped else (gamma, beta)


_slip = slips(undo_bn)


MISCONCEPTIONS = (
    _slip(
        "eps left out",
        "gamma is the bare standard deviation. Batch norm divided by a little more than that, "
        "so a little less than x comes back.",
        "By what exactly did batch norm divide? gamma must be that very number.",
        "M17",
        root="no eps",
    ),
    _slip(
        "eps fixed",
        "eps is always 1e-5, whatever was passed in.",
        "Where does the argument eps enter your code?",
        "M17",
        root="fixed eps",
    ),
    _slip(
        "whole table",
        "One gamma and one beta come back, from the mean and spread of the whole table.",
        "How many features are there, and may each have its own scale?",
        "M3",
        axis=None,
    ),
    _slip(
        "eps outside the root",
        "eps was added to the standard deviation; batch norm adds it to the variance.",
        "What does batch norm divide by when the variance is 0?",
        "M17",
        root="eps outside",
    ),
    _slip(
        "variance for sd",
        "gamma is the variance (with eps) instead of its root.",
        "Which unit must gamma have so that gamma · x_hat has the unit of x?",
        "M1",
        root="variance",
    ),
    _slip(
        "inverse",
        "gamma is one over the standard deviation: it divides a second time instead of undoing "
        "the division.",
        "x_hat = (x − mean) / s. What must multiply x_hat to get rid of s?",
        root="inverse",
    ),
    _slip(
        "minus the mean",
        "beta is minus the mean, so the mean is taken away twice.",
        "The mean was subtracted. What gives it back?",
        sign=-1.0,
    ),
    _slip(
        "scaled mean",
        "beta was divided by the standard deviation. beta is added after gamma has multiplied.",
        "Put x_hat = 0 into gamma · x_hat + beta. What must come out?",
        scaled=True,
    ),
    _slip(
        "unbiased",
        "gamma uses the variance over N − 1; batch norm normalised with the one over N.",
        "Which of the two variances did the forward pass use?",
        "M2",
        ddof=1,
    ),
    _slip(
        "swapped",
        "The two came back in the other order.",
        "The task asks for (gamma, beta). Which one multiplies?",
        swapped=True,
    ),
    _slip(
        "per sample",
        "The mean and spread are those of each row. Batch norm used those of each column.",
        "How many gammas does a layer with D features have?",
        "M3",
        axis=1,
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw batches and eps from tiny to one."""

    def draw(label, n, d, eps, sd=2.0):
        return Case(label, (rng.normal(3.0, sd, (n, d)) * rng.uniform(0.5, 2, d), eps))

    five = np.array([[1.0], [3.0], [5.0], [7.0], [9.0]])
    return [
        Case("the samples 1 3 5 7 9", (five, 1e-5)),
        draw("eps = 1", 5, 3, 1.0),
        draw("eps = 0.01", 4, 2, 1e-2),
        draw("a small spread", 6, 2, 1e-4, sd=0.02),
    ]


def _from_definition(x, eps):
    gamma = np.sqrt(((x - x.mean(0)) ** 2).sum(0) / x.shape[0] + eps)
    return [gamma[None, :], x.mean(0, keepdims=True)]


def stub(x, eps):
    """The exercise as learners find it."""
    gamma = beta = None
    return gamma, beta


TASK = Task(
    id="3.5",
    title="give the input back",
    entry="undo_bn",
    objective="Say what gamma and beta can undo, and what they cannot",
    minutes=8,
    params=("x", "eps"),
    outputs=("gamma", "beta"),
    cases=cases,
    reference=undo_bn,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Write batch norm as one line, y = gamma · (x − mean) / s + beta, and ask for y = x.",
        "gamma must cancel the division and beta the subtraction. What exactly was divided by?",
        "For the five samples with eps = 0: they were divided by 2.828 after 5 was subtracted, "
        "so beta = 5. Find gamma in the same way, and keep eps in it.",
    ),
    stub=stub,
    accepted=(_from_definition,),
    switchboard=undo_bn,
    loose_shapes=frozenset({"gamma", "beta"}),
)
