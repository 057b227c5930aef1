"""C.1: the patient's batch norm, in training, in evaluation and on the way back."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import driven_task
from bncourse.grading.layer_uses import GRADIENTS, MEMORY, USED, use_layer
from bncourse.grading.task import Case
from bncourse.tasks.capstone.faulty import board, earned, from_faults
from bncourse.tasks.capstone.patient import built
from bncourse.tasks.capstone.tell_use import tell_use

TOLD = {
    "Bessel in the forward pass": (
        "The batch itself is divided by the variance with m − 1.",
        "Which variance normalises the batch, and which one is remembered?",
        "M2",
    ),
    "biased running variance": (
        "The memory averages the variance with m. It should estimate the population's.",
        "Which divisor makes a sample's variance right on average?",
        "M2",
    ),
    "momentum reversed": (
        "In the memory the weights of old and new are exchanged: much is taken of each new batch.",
        "Momentum is a weight: of what the memory knew, or of the new batch?",
        "M6",
    ),
    "eval mode ignored": (
        "In evaluation mode the layer still uses the statistics of the batch that it is shown.",
        "What should the output for one image know of the images beside it?",
        "M5",
    ),
    "remembers in evaluation": (
        "In evaluation mode the running statistics move.",
        "What may the test images leave behind in the layer?",
        "M5",
    ),
    "eps outside the root": (
        "eps is added to the standard deviation instead of the variance.",
        "Where does eps stand in the paper's third line?",
        "M17",
    ),
    "statistics detached in backward": (
        "The way back treats mean and variance as constants.",
        "If one sample grows, what happens to the mean that every other sample is centred by?",
        "M4",
    ),
    "gamma missing on the way back": (
        "dx does not know of gamma.",
        "How does y depend on x_hat?",
        "M8",
    ),
    "mode of the moment on the way back": (
        "The way back asks for the mode of now. It belongs to the last forward pass.",
        "After a forward pass in training and then eval(), which statistics did that y depend on?",
        "M4",
    ),
    "evaluation goes back as training does": (
        "After a forward pass in evaluation the way back still goes through mean and variance.",
        "Does the running mean change when one sample of this batch grows?",
        "M4",
    ),
    "images counted instead of values": (
        "For maps the unbiased variance is reckoned with N images, not with N · H · W values.",
        "Over how many numbers did the mean of one channel run?",
        "M2",
    ),
    "gamma missing in both paths": (
        "On the way back the paths through mean and variance do not know of gamma.",
        "What reaches x_hat, dy or dy · gamma? And what of that goes through the mean?",
        "M8",
    ),
    "remembers in evaluation as in training": (
        "In evaluation mode the running statistics move, as they do in training.",
        "What may the test images leave behind in the layer?",
        "M5",
    ),
    "gamma missing in the mean's path": (
        "On the way back the path through the mean does not know of gamma.",
        "What reaches x_hat, dy or dy · gamma? And what of that goes through the mean?",
        "M8",
    ),
}
EPS = 0.3
ABOUT_Y = ("y",)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw tables and maps; each case is about one thing that a layer does."""
    momentum = float(rng.choice([0.05, 0.2, 0.3]))

    def draw(shape):
        wide = np.linspace(1, 2, shape[1]).reshape(1, -1, *[1] * (len(shape) - 2))
        return (rng.normal(rng.uniform(1, 3), 1, shape) * wide).round(2)

    def case(label, shape, steps, about, raises=""):
        c = shape[1]
        gamma = rng.uniform(0.5, 2, c).round(1) * np.where(np.arange(c) % 2, -1, 1)
        events = [
            (step, draw(shape)) if step in ("forward", "backward") else (step,) for step in steps
        ]
        settings = (c, EPS, momentum)
        return Case(
            label, (settings, gamma, rng.normal(size=c).round(1), events, about), raises=raises
        )

    table, maps = (int(rng.integers(4, 7)), 3), (2, 3, int(rng.integers(2, 4)), 4)
    back = ["forward", "backward"]
    return [
        case("a table in training", table, ["forward"], ABOUT_Y),
        case("maps in training", maps, ["forward"], ABOUT_Y),
        case("what is remembered of three batches", table, ["forward"] * 3, MEMORY),
        case("what is remembered of maps", maps, ["forward"] * 2, MEMORY),
        case("evaluation", table, ["forward", "eval", "forward"], ABOUT_Y),
        case("evaluation of one row", (1, 3), ["eval", "forward", "forward"], ABOUT_Y),
        case(
            "what evaluation leaves behind", table, ["forward", "eval", "forward", "forward"],
            MEMORY,
        ),
        case("the way back through a table", table, back, GRADIENTS),
        case("the way back through maps", maps, back, GRADIENTS),
        case("the way back in evaluation", table, ["forward", "eval", *back], GRADIENTS),
        case(
            "the way back after eval() was called", table, ["forward", "eval", "backward"],
            GRADIENTS,
        ),
        case(
            "the way back after train() was called", table,
            ["forward", "eval", "forward", "train", "backward"], GRADIENTS,
        ),
        case("one row in training", (1, 3), ["forward"], ABOUT_Y, "ValueError"),
    ]  # fmt: skip


class _Careful:
    """Another style: node by node, channels moved last, everything in one dictionary."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.state = {"running_mean": np.zeros(num_features), "running_var": np.ones(num_features)}
        self.eps, self.weight, self.training = eps, momentum, True

    def __getattr__(self, name):
        try:
            return self.__dict__["state"][name]
        except KeyError:
            raise AttributeError(name) from None

    def train(self, mode=True):
        self.training = mode

    def eval(self):
        self.train(False)

    def forward(self, x):
        flat = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
        if self.training:
            if len(flat) == 1:
                raise ValueError("one value")
            mean, var = flat.mean(0), flat.var(0)
            for name, new in (("running_mean", mean), ("running_var", flat.var(0, ddof=1))):
                self.state[name] = self.state[name] + self.weight * (new - self.state[name])
        else:
            mean, var = self.state["running_mean"], self.state["running_var"]
        self.centred, self.sd, self.live = flat - mean, np.sqrt(var + self.eps), self.training
        return self._back(self.gamma * self.centred / self.sd + self.beta, x.shape)

    def _back(self, flat, shape):
        last = (shape[0], *shape[2:], shape[1])
        return np.moveaxis(flat.reshape(last), -1, 1)

    def backward(self, dy):
        d = np.moveaxis(dy, 1, -1).reshape(-1, dy.shape[1])
        x_hat, m = self.centred / self.sd, len(d)
        dx = d * self.gamma / self.sd
        if self.live:
            dvar = (d * self.gamma * self.centred).sum(0) * -0.5 / self.sd**3
            dx = dx + dvar * 2 * self.centred / m - dx.sum(0) / m
        return self._back(dx, dy.shape), (d * x_hat).sum(0), d.sum(0)


def stub(num_features, eps=1e-5, momentum=0.1):
    """The exercise before a patient is admitted."""
    return None


TASK = driven_task(
    use_layer,
    id="C.1",
    title="the patient's batch norm",
    entry="BatchNorm",
    objective="Find what is wrong in a normalisation layer, and mend it",
    minutes=30,
    points=11.0,
    params=("settings", "gamma", "beta", "events", "about"),
    outputs=USED,
    cases=cases,
    reference=built("batch_norm")["BatchNorm"],
    misconceptions=from_faults("batch_norm", "BatchNorm", TOLD),
    hints=(
        "A layer does four things: it answers in training, remembers, answers in evaluation, and "
        "sends back (backward). Go by the first of the cases that fail, as they are listed: what "
        "is ill there may make later ones fail.",
        "Write the four lines of the algorithm and the rule of the memory on paper, then compare "
        "word by word: which axes, which divisor, where eps stands, which of old and new has the "
        "weight momentum, what may happen in evaluation.",
        "Take x of two rows, (0, 2), gamma 1, beta 0, eps 1. In training the mean is 1 and the "
        "variance 1: y is −1/√2 and 1/√2. With momentum 0.1 the running mean becomes 0.1, and the "
        "running variance 0.9 · 1 + 0.1 · 2. What does your layer say, line by line?",
    ),
    stub=stub,
    accepted=(_Careful,),
    switchboard=board("batch_norm", "BatchNorm"),
    credit=lambda evidence: earned("batch_norm", TASK, evidence),
    discreet=True,
    tell=tell_use("BatchNorm({}, eps={:g}, momentum={:g})"),
)
