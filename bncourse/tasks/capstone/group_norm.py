"""C.2: the patient's group norm."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import driven_task
from bncourse.grading.layer_uses import GRADIENTS, USED, use_layer
from bncourse.grading.task import Case
from bncourse.layers.group_norm import groupnorm_backward, groupnorm_forward
from bncourse.tasks.capstone.faulty import board, earned, from_faults
from bncourse.tasks.capstone.patient import built
from bncourse.tasks.capstone.tell_use import tell_use

TOLD = {
    "groups of every second number": (
        "The reshape puts every G-th number into one group, across all channels and places.",
        "Which channels are neighbours after your reshape?",
        "M19",
    ),
    "groups shared by the batch": (
        "A group's statistics run over all images of the batch.",
        "May an image's output change when another one joins its batch?",
        "M3",
    ),
}


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw maps and tables with several groups."""

    def case(label, shape, groups, steps, about):
        c = shape[1]
        wide = np.linspace(1, 3, c).reshape(1, -1, *[1] * (len(shape) - 2))
        events = [
            (step, (rng.normal(1, 1, shape) * wide).round(2)) if step != "eval" else (step,)
            for step in steps
        ]
        gamma = rng.uniform(0.5, 2, c).round(1) * np.where(np.arange(c) % 2, -1, 1)
        return Case(label, ((groups, c, 0.3), gamma, rng.normal(size=c).round(1), events, about))

    groups = int(rng.integers(2, 4))
    maps, table = (2, 2 * groups, 2, 3), (3, 3 * groups)
    back = ["forward", "backward"]
    return [
        case("maps", maps, groups, ["forward"], ("y",)),
        case("a table", table, groups, ["forward"], ("y",)),
        case("one image in evaluation", (1, *maps[1:]), groups, ["eval", "forward"], ("y",)),
        case("the way back through maps", maps, groups, back, GRADIENTS),
        case("the way back through a table", table, groups, back, GRADIENTS),
    ]


class _ByTheCourse:
    """Another style: the course's functions, and nothing kept but their cache."""

    def __init__(self, groups, num_features, eps=1e-5):
        self.groups, self.eps = groups, eps
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)

    def train(self):
        pass

    def eval(self):
        pass

    def forward(self, x):
        y, self.cache = groupnorm_forward(x, self.groups, self.gamma, self.beta, self.eps)
        return y

    def backward(self, dy):
        return groupnorm_backward(dy, self.cache)


def stub(groups, num_features, eps=1e-5):
    """The exercise before a patient is admitted."""
    return None


TASK = driven_task(
    use_layer,
    id="C.2",
    title="the patient's group norm",
    entry="GroupNorm",
    objective="Find what is wrong in a normalisation layer, and mend it",
    minutes=10,
    points=5.0,
    params=("settings", "gamma", "beta", "events", "about"),
    outputs=USED,
    cases=cases,
    reference=built("group_norm")["GroupNorm"],
    misconceptions=from_faults("group_norm", "GroupNorm", TOLD),
    hints=(
        "Give it one image, then the same image with another one beside it. Then exchange two "
        "channels of one group, and two of different groups.",
        "A group is a block of neighbouring channels with all their places, of one image. How many "
        "means are there for N images and G groups?",
        "x of shape (1, 4, 1, 2) with the numbers 0 to 7 and two groups: the first group holds 0, "
        "1, 2, 3. Print what cut() returns for it, and over which axes the means run.",
    ),
    stub=stub,
    accepted=(_ByTheCourse,),
    switchboard=board("group_norm", "GroupNorm"),
    credit=lambda evidence: earned("group_norm", TASK, evidence),
    discreet=True,
    tell=tell_use("GroupNorm({}, {}, eps={:g})"),
)
