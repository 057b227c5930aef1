"""Wrong layers: one class with a switch for each slip."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import slips


class BatchNorm1d:
    """The layer, right unless a switch is set."""

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, *, stored="unbiased", used="biased",
        weight="new", in_eval="memory", remember="training", in_train="batch", start_var=1.0,
        reset="both", load="all", copies=True, single="refused", affine="right", eval_eps=True,
        modes="right", spread="variance",
    ):  # fmt: skip
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.s = {
            "stored": stored, "used": used, "weight": weight, "in_eval": in_eval,
            "remember": remember, "in_train": in_train, "start_var": start_var, "reset": reset,
            "load": load, "copies": copies, "single": single, "affine": affine,
            "eval_eps": eval_eps, "modes": modes, "spread": spread,
        }  # fmt: skip
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean = np.zeros(num_features)
        self.running_var = np.full(num_features, start_var)
        self.training = True

    def train(self):
        """Go to training mode."""
        if self.s["modes"] != "no train":
            self.training = True

    def eval(self):
        """Go to evaluation mode."""
        self.training = False

    def reset(self):
        """Forget every batch."""
        if self.s["reset"] == "nothing":
            return
        self.running_mean = np.zeros(self.num_features)
        if self.s["reset"] != "mean only":
            start = 0.0 if self.s["reset"] == "variance 0" else self.s["start_var"]
            self.running_var = np.full(self.num_features, start)
        if self.s["reset"] == "and affine":
            self.gamma, self.beta = np.ones(self.num_features), np.zeros(self.num_features)

    def state(self):
        """Return copies of all four arrays."""
        names = ("gamma", "beta", "running_mean", "running_var")
        return {n: getattr(self, n).copy() if self.s["copies"] else getattr(self, n) for n in names}

    def load(self, state):
        """Take over what state returned."""
        names = {
            "all": ("gamma", "beta", "running_mean", "running_var"),
            "parameters": ("gamma", "beta"),
            "statistics": ("running_mean", "running_var"),
        }[self.s["load"]]
        for name in names:
            kept = state[name]
            setattr(self, name, kept.copy() if self.s["copies"] else kept)

    def forward(self, x):
        """Return y (m, D)."""
        s, m = self.s, len(x)
        if self.training and m < 2 and s["single"] == "refused":
            raise ValueError("one row has no variance")
        if m < 2 and s["single"] == "never":
            raise ValueError("one row has no variance")
        mean, var = x.mean(axis=0), x.var(axis=0)
        unbiased = var * m / max(m - 1, 1)
        use = {"batch": self.training, "memory": False}[s["in_train"]]
        if not self.training and s["in_eval"] == "batch":
            use = True
        remember = {
            "training": self.training, "always": True, "never": False, "eval": not self.training,
        }[s["remember"]]  # fmt: skip
        if remember and s["in_train"] == "memory":
            self._remember(mean, unbiased if s["stored"] == "unbiased" else var)
            remember = False
        at, spread = (
            (mean, var if s["used"] == "biased" else unbiased)
            if use
            else (self.running_mean, self.running_var)
        )
        eps = self.eps if use or s["eval_eps"] else 0.0
        as_it_is = not use and s["spread"] == "sd"
        root = spread + eps if as_it_is else np.sqrt(spread + eps)
        y = (x - at) / root
        if remember:
            self._remember(mean, unbiased if s["stored"] == "unbiased" else var)
        if s["affine"] == "right" or (s["affine"] == "training" and self.training):
            y = self.gamma * y + self.beta
        return y

    def _remember(self, mean, var):
        new = {"new": self.momentum, "old": 1 - self.momentum, "newest": 1.0}[self.s["weight"]]
        if self.s["spread"] == "sd":
            var = np.sqrt(var)
        for name, value in (("running_mean", mean), ("running_var", var)):
            old = getattr(self, name)
            if self.s["copies"]:
                setattr(self, name, (1 - new) * old + new * value)
            else:
                old *= 1 - new
                old += new * value


_slip = slips(BatchNorm1d)


MISCONCEPTIONS = (
    _slip(
        "biased memory",
        "The running variance averages the variance divided by N. Here a population is estimated "
        "from batches, and that takes N − 1.",
        "Batches of two, variance 1 in the population: what is the mean of their variance over N?",
        "M2",
        stored="biased",
    ),
    _slip(
        "unbiased normaliser",
        "In training the batch is divided by its unbiased standard deviation. That one belongs "
        "into the memory; the batch itself is normalised by the variance over N.",
        "Which of the two variances makes the batch's own variance 1?",
        "M2",
        used="unbiased",
    ),
    _slip(
        "momentum reversed",
        "momentum weighs the old value here. In this layer, as in PyTorch, it weighs the new one.",
        "With momentum 0.1, how much should one batch move the memory?",
        "M6",
        weight="old",
    ),
    _slip(
        "newest only",
        "The memory holds the newest batch and nothing else.",
        "Where is the share of the old value?",
        "M6",
        weight="newest",
    ),
    _slip(
        "batch statistics in evaluation",
        "In evaluation mode the batch is still its own ruler.",
        "What does a single row get from it, whatever it is?",
        "M5",
        in_eval="batch",
    ),
    _slip(
        "memory written in evaluation",
        "The memory is written in evaluation mode too: two passes over the same data disagree.",
        "Which of the two modes may leave a trace?",
        "M5",
        remember="always",
    ),
    _slip(
        "memory never written",
        "The memory stays as it was at the start.",
        "Which line writes down what a training batch measured?",
        "M5",
        remember="never",
    ),
    _slip(
        "memory written in the wrong mode",
        "The memory is written in evaluation mode, and only there.",
        "Which of the two modes may leave a trace?",
        "M5",
        remember="eval",
    ),
    _slip(
        "memory in training",
        "In training mode the batch is normalised by the memory. In training the batch is its own "
        "ruler; the memory is for later.",
        "What are the mean and the variance of the output in training?",
        "M5",
        in_train="memory",
    ),
    _slip(
        "variance starts at zero",
        "The running variance starts at 0: an untrained layer in evaluation mode then divides by "
        "√eps.",
        "What should an untrained layer do to x in evaluation mode?",
        start_var=0.0,
    ),
    _slip(
        "reset does nothing",
        "After reset() the memory is still there.",
        "What should running_mean and running_var be after it?",
        reset="nothing",
    ),
    _slip(
        "half a reset",
        "reset() clears the mean and leaves the variance.",
        "How many arrays does the memory have?",
        reset="mean only",
    ),
    _slip(
        "reset to zero",
        "reset() sets the running variance to 0; it starts at 1.",
        "What should a layer without a memory do to x in evaluation mode?",
        reset="variance 0",
    ),
    _slip(
        "reset of the parameters",
        "reset() also takes away gamma and beta, which were learned. It is about the memory.",
        "Which of the four arrays are measured, and which are learned?",
        reset="and affine",
    ),
    _slip(
        "only parameters loaded",
        "load() takes gamma and beta and leaves the running averages. They are no parameters, but "
        "without them the layer is another one.",
        "How many arrays make the answer in evaluation mode?",
        "M18",
        load="parameters",
    ),
    _slip(
        "only statistics loaded",
        "load() takes the running averages and leaves gamma and beta.",
        "How many arrays make the answer in evaluation mode?",
        load="statistics",
    ),
    _slip(
        "state is a view",
        "state() hands out the layer's own arrays, which later batches change in place: what was "
        "saved changes with them.",
        "What would a checkpoint hold an hour later?",
        copies=False,
    ),
    _slip(
        "one row in training",
        "A training batch of one row is let through. Its mean is the row itself, so every output "
        "is beta.",
        "What is x − mean for a single row?",
        "M12",
        single="taken",
    ),
    _slip(
        "one row in evaluation",
        "A single row is refused in evaluation mode. There the memory is the ruler, and one row is "
        "as good as many.",
        "What in evaluation mode depends on the number of rows?",
        "M5",
        single="never",
    ),
    _slip(
        "affine forgotten",
        "gamma and beta are never used.",
        "Which step comes after x_hat?",
        "M8",
        affine="none",
    ),
    _slip(
        "affine in training only",
        "gamma and beta are used in training only.",
        "Does evaluation change what was learned?",
        "M8",
        affine="training",
    ),
    _slip(
        "eps missing in evaluation",
        "In evaluation mode eps is left out.",
        "What happens where the running variance is 0?",
        "M17",
        eval_eps=False,
    ),
    _slip(
        "never back to training",
        "After eval() the layer stays in evaluation mode, also after train().",
        "What does your train() set?",
        "M5",
        modes="no train",
    ),
    _slip(
        "standard deviation remembered",
        "running_var averages standard deviations, as one of the texts does. The mean of roots is "
        "below the root of the mean.",
        "Batches with standard deviations 1 and 3: which variance have all samples together?",
        "M1",
        spread="sd",
    ),
)
