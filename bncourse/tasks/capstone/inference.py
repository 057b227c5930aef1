"""C.9: the patient in use: folded, one image at a time, and with a memory that stays as it is."""

from __future__ import annotations

import numpy as np

from bncourse.grading.folded import FOLDED, fold_layer
from bncourse.grading.kinds import slips
from bncourse.grading.task import Case, Misconception, Task
from bncourse.tasks.capstone.patient import MISTAKES, built

CLOSE = 1e-6
TOLD = {
    "folded without eps": (
        "The folded weights do not know of eps.",
        "What does evaluation divide by?",
        "M17",
    ),
    "bias folded without the slope": (
        "The bias is shifted, but not scaled.",
        "x @ weight + bias goes into the norm: what happens to each of the two terms?",
        "",
    ),
    "eps of its own": (
        "The folded weights add an eps of their own, and not the layer's.",
        "Where do the layer's numbers stand, and which of them does your line not use?",
        "M17",
    ),
    "beta forgotten": (
        "beta is missing in the folded bias.",
        "What does batch norm add last?",
        "",
    ),
    "eps outside the root": (
        "In evaluation eps is added to the standard deviation instead of the variance.",
        "Where does eps stand in the paper's third line?",
        "M17",
    ),
    "eval mode ignored": (
        "One image at a time gives other outputs than all at once: the layer looks at the batch.",
        "Which statistics should evaluation use?",
        "M5",
    ),
}
REMEMBERS = "remembers in evaluation"
STILL, LINE = "evaluation leaves the memory alone", "evaluation is a line"
ALONE = "one at a time equals all at once"


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw a linear layer, a trained norm behind it, and new inputs."""

    def draw(label, inputs, outputs, eps):
        signs = np.where(np.arange(outputs) % 2, -1, 1)
        return Case(
            label,
            (
                rng.normal(size=(inputs, outputs)),
                rng.normal(size=outputs),
                rng.uniform(0.5, 2, outputs) * signs,
                rng.normal(size=outputs),
                rng.normal(size=outputs),
                rng.uniform(0.2, 3, outputs),
                eps,
                rng.normal(size=(4, inputs)),
            ),
            rtol=CLOSE,
        )

    return [draw("three units", 4, 3, 0.1), draw("many units", 5, 20, 1e-3)]


def measure(got, weight, bias, gamma, beta, mean, var, eps, x):
    """Compare what was folded, and what was not, with the line that evaluation is.

    Where evaluation moves the memory nothing else can be compared: fold finds other statistics.
    """
    line = gamma * (x @ weight + bias - mean) / np.sqrt(var + eps) + beta
    shapes = got["weight"].shape == weight.shape and got["bias"].shape == bias.shape
    off = x @ got["weight"] + got["bias"] - line if shapes else np.full(line.shape, np.nan)
    still = np.array_equal(got["memory_before"], got["memory_after"])
    return {
        STILL: np.array(still),
        "folded less unfolded, plus one": off + 1 if still else np.ones(line.shape),
        LINE: np.array(not still or _same(got["unfolded"], line)),
        ALONE: np.array(not still or _same(got["one_by_one"], got["unfolded"])),
    }


def _same(a, b):
    return a.shape == b.shape and np.allclose(a, b, rtol=CLOSE, atol=CLOSE)


def pair(faults=()):
    """Return the patient's batch norm and its fold, with those faults."""
    layer = built("batch_norm", frozenset(n for n in faults if MISTAKES[n].part == "batch_norm"))
    fold = built("inference", frozenset(n for n in faults if MISTAKES[n].part == "inference"))
    return layer["BatchNorm"], fold["fold"]


def used(*args, **faults):
    """Drive the patient's pair; the keywords, without their blanks, are its faults."""
    chosen = [name for name in (*TOLD, REMEMBERS) if faults.get(name.replace(" ", "_"))]
    return fold_layer(TASK, pair(chosen))(*args)


def _reference(*args):
    return used(*args)


_reference.__wrapped__ = pair()


def _rows(weight, bias, layer):
    """Another style: one unit after the other."""
    w, b = np.array(weight), np.array(bias)
    for j in range(w.shape[1]):
        root = np.sqrt(layer.running_var[j] + layer.eps)
        w[:, j] = weight[:, j] * layer.gamma[j] / root
        b[j] = layer.gamma[j] * (bias[j] - layer.running_mean[j]) / root + layer.beta[j]
    return w, b


def tell(evidence):
    """Tell what is BatchNorm's own first, then the largest difference."""
    worst = evidence.smallest_failing()
    values = worst.outcome.values or {}
    if not values:
        return ()
    facts = [f"not so: {name}" for name in (STILL, LINE, ALONE) if name in worst.wrong]
    if facts:
        facts.insert(0, "your BatchNorm itself is not right yet: mend it first (C.1), then fold")
    if STILL in worst.wrong:
        return (*facts, "whether fold is right is not seen before the memory stays as it is")
    off = np.abs(values["folded less unfolded, plus one"] - 1).max()
    return (*facts, f"folded and unfolded differ by {off:.2g} (up to {CLOSE:g})")


def _entry(name):
    says, asks, code = TOLD[name]
    made = slips(used)(name, says, asks, code, **{name.replace(" ", "_"): True})
    made.wrong.__wrapped__ = pair([name])
    return made


def _moved(*args):
    return used(*args, remembers_in_evaluation=True)


_moved.__wrapped__ = pair([REMEMBERS])

TASK = Task(
    id="C.9",
    title="in use",
    entry="deployed",
    objective="Fold a norm into the layer before it, and leave nothing behind in evaluation",
    minutes=10,
    points=10.0,
    params=("weight", "bias", "gamma", "beta", "mean", "var", "eps", "x"),
    outputs=FOLDED,
    cases=cases,
    reference=_reference,
    misconceptions=(
        *map(_entry, TOLD),
        Misconception(
            REMEMBERS,
            "The running statistics are others after evaluation than before. That is BatchNorm's "
            "fault, and not that of fold.",
            "What may the test images leave behind in the layer?",
            "M5",
            _moved,
        ),
    ),
    hints=(
        "Three things must hold: folded equals unfolded, one image equals a batch of them, and the "
        "memory is the same before and after. Which of them fails, and is that fold or BatchNorm?",
        "In evaluation batch norm is a line for each unit: slope times z plus an intercept. Put "
        "z = x @ weight + bias into it, and sort by what multiplies x.",
        "With gamma 2, beta 1, running mean 3, running variance 3 and eps 1 the slope is 2 / √4 = "
        "1: a bias of 5 becomes 1 + (5 − 3) · 1 = 3. What does your fold make of it?",
    ),
    stub=None,
    driver=fold_layer,
    accepted=((built("batch_norm")["BatchNorm"], _rows),),
    switchboard=used,
    measure=measure,
    discreet=True,
    tell=tell,
)
