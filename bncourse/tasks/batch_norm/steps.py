"""3.2: put STEP 1 to 6 in order."""

from __future__ import annotations

import numpy as np

from bncourse.grading.assembly import Assembly, Line
from bncourse.grading.kinds import assembly_task, slips
from bncourse.grading.task import Case


def bn_step(
    x, gamma, beta, running, alpha, eps, training, *, flip=False, root=True, own_ruler=False,
    update=True,
):  # fmt: skip
    """STEP 1 to 6; the keywords switch single slips on."""
    batch = np.stack([x.mean(axis=0), x.var(axis=0)])
    if training and update:
        old = 1 - alpha if flip else alpha
        running = old * running + (1 - old) * batch
    mean, var = batch if training or own_ruler else running
    x_hat = (x - mean) / (np.sqrt(var + eps) if root else var + eps)
    return gamma * x_hat + beta, running


_slip = slips(bn_step)


MISCONCEPTIONS = (
    _slip(
        "average reversed",
        "The running average gives most weight to the newest batch and forgets the past: "
        "alpha is on the wrong term for this rule.",
        "With alpha = 0.9, how much of the old average should be left after one batch?",
        "M6",
        flip=True,
    ),
    _slip(
        "variance for sd",
        "The values are divided by the variance, so their spread is not 1 afterwards.",
        "Divide −4 by 8, then by √8. Which of the two gives −1.414?",
        "M1",
        root=False,
    ),
    _slip(
        "batch statistics in evaluation",
        "In evaluation the batch is still its own ruler: what one sample gets depends on who "
        "happens to be beside it.",
        "Which numbers should STEP 6 use when there is only one sample to evaluate?",
        "M5",
        own_ruler=True,
    ),
    _slip(
        "never updated",
        "The running average comes back as it went in: training leaves no memory.",
        "Which line writes down what STEP 2 measured?",
        "M5",
        update=False,
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw a training step and an evaluation step, by the five samples and by random numbers."""
    five = np.array([[1.0], [3.0], [5.0], [7.0], [9.0]])
    start = np.array([[0.0], [1.0]])
    one = np.ones(1)
    drawn = []
    for training in (True, False):
        x = rng.normal(rng.uniform(-3, 3, 3), rng.uniform(0.5, 3, 3), (6, 3))
        running = np.stack([rng.normal(size=3), rng.uniform(0.5, 2, 3)])
        word = "training" if training else "evaluation"
        args = (x, rng.normal(1, 0.5, 3), rng.normal(size=3), running, 0.8, 1e-2, training)
        drawn.append(Case(f"{word}, three features", args))
        drawn.append(Case(f"{word}, 1 3 5 7 9", (five, one, 0 * one, start, 0.9, 1e-5, training)))
    return drawn


ASSEMBLY = Assembly(
    question=(
        "Put the lines of one batch-norm step in order. `running` holds the running mean and "
        "the running variance as its two rows. Lines marked with the same sign are "
        "alternatives: take one of each. The answer is judged by running it."
    ),
    head="def bn_step(x, gamma, beta, running, alpha, eps, training):",
    lines=(
        Line("A", "    y = gamma * x_hat + beta"),
        Line("B", "    x_hat = (x - mean) / (var + eps)", "△"),
        Line("C", "    x_hat = (x - mean) / np.sqrt(var + eps)", "△"),
        Line("D", "        batch = np.stack([x.mean(axis=0), x.var(axis=0)])"),
        Line("E", "    mean, var = batch if training else running", "□"),
        Line("F", "    mean, var = x.mean(axis=0), x.var(axis=0)", "□"),
        Line("G", "        running = (1 - alpha) * running + alpha * batch", "◇"),
        Line("H", "        running = alpha * running + (1 - alpha) * batch", "◇"),
        Line("K", "    if training:"),
    ),
    tail="    return y, running",
)

TASK = assembly_task(
    ASSEMBLY,
    id="3.2",
    title="batch norm, line by line",
    entry="step_order",
    objective="Say which lines of batch norm need the batch, and which the running average",
    minutes=8,
    params=("x", "gamma", "beta", "running", "alpha", "eps", "training"),
    outputs=("y", "running"),
    cases=cases,
    reference=bn_step,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Start with the branch: which two lines may only run in training?",
        "A line can only use names that a line above it has made. STEP 6 must work with a single "
        "sample, so it can only use what training wrote down.",
        "The first three are: K (if training), D (measure the batch), then the update that keeps "
        "the share alpha of the old average. Choose its alternative, then go on.",
    ),
    accepted=("K D H E C A", ["K", "D", "H", "E", "C", "A"]),
    mistakes={
        "average reversed": "K D G E C A",
        "variance for sd": "K D H E B A",
        "batch statistics in evaluation": "K D H F C A",
        "never updated": "K D E C A",
    },
    switchboard=bn_step,
)
