"""C.3: the patient's layer norm."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import driven_task
from bncourse.grading.layer_uses import GRADIENTS, USED, use_layer
from bncourse.grading.task import Case
from bncourse.layers.layer_norm import layernorm_backward, layernorm_forward
from bncourse.tasks.capstone.faulty import board, earned, from_faults
from bncourse.tasks.capstone.patient import built
from bncourse.tasks.capstone.tell_use import tell_use

TOLD = {
    "layer norm along the batch": (
        "The statistics run along the batch: that is batch norm without a memory.",
        "Which axis holds the units of one sample?",
        "M3",
    ),
    "layer norm's eps outside the root": (
        "eps is added to the standard deviation instead of the variance.",
        "What is divided by when a row's variance is 0?",
        "M17",
    ),
}


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw tables and sequences."""

    def case(label, shape, steps, about):
        c = shape[-1]
        events = [
            (step, (rng.normal(1, 1, shape) * np.linspace(1, 3, c)).round(2))
            if step != "eval"
            else (step,)
            for step in steps
        ]
        gamma = rng.uniform(0.5, 2, c).round(1) * np.where(np.arange(c) % 2, -1, 1)
        return Case(label, ((c, 0.3), gamma, rng.normal(size=c).round(1), events, about))

    table, sequence = (3, int(rng.integers(4, 7))), (2, 3, int(rng.integers(4, 6)))
    back = ["forward", "backward"]
    return [
        case("a table", table, ["forward"], ("y",)),
        case("a batch of sequences", sequence, ["forward"], ("y",)),
        case("one row in evaluation", (1, 4), ["eval", "forward"], ("y",)),
        case("the way back through a table", table, back, GRADIENTS),
        case("the way back through sequences", sequence, back, GRADIENTS),
    ]


class _ByTheCourse:
    """Another style: the course's functions, and nothing kept but their cache."""

    def __init__(self, num_features, eps=1e-5):
        self.eps = eps
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)

    def train(self):
        pass

    def eval(self):
        pass

    def forward(self, x):
        y, self.cache = layernorm_forward(x, self.gamma, self.beta, self.eps)
        return y

    def backward(self, dy):
        return layernorm_backward(dy, self.cache)


def stub(num_features, eps=1e-5):
    """The exercise before a patient is admitted."""
    return None


TASK = driven_task(
    use_layer,
    id="C.3",
    title="the patient's layer norm",
    entry="LayerNorm",
    objective="Find what is wrong in a normalisation layer, and mend it",
    minutes=10,
    points=4.0,
    params=("settings", "gamma", "beta", "events", "about"),
    outputs=USED,
    cases=cases,
    reference=built("layer_norm")["LayerNorm"],
    misconceptions=from_faults("layer_norm", "LayerNorm", TOLD),
    hints=(
        "Give it one row, then the same row with another one below it; then a row whose numbers "
        "are all alike, with an eps as large as 4.",
        "Each row has a mean and a variance of its own; eps is added to that variance, under the "
        "root.",
        "For the row (1, 3) the mean is 2 and the variance 1; with eps = 3 the outputs are −0.5 "
        "and 0.5. What does your layer divide by?",
    ),
    stub=stub,
    accepted=(_ByTheCourse,),
    switchboard=board("layer_norm", "LayerNorm"),
    credit=lambda evidence: earned("layer_norm", TASK, evidence),
    discreet=True,
    tell=tell_use("LayerNorm({}, eps={:g})"),
)
