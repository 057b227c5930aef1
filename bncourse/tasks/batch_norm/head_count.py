"""3.4: count what is learned and what is only kept, and find the parameter that is idle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception
from bncourse.layers.batch_norm import batchnorm_backward, batchnorm_forward

NAMES = ("fc1.weight", "fc1.bias", "bn1.weight", "bn1.bias", "fc2.weight", "fc2.bias")


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return the counts for d_in → hidden → d_out, and the idle parameter's place."""
    d, h, o = p["d_in"], p["hidden"], p["d_out"]
    trainable = d * h + h + 2 * h + h * o + o
    return _partly(
        trainable=trainable,
        without_bias=trainable - h,
        buffers=2 * h + 1,
        idle=NAMES.index("fc1.bias"),
    )


def _partly(**changes) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in changes.items()}


def _shifted(p: Mapping, by: int) -> dict[str, np.ndarray]:
    right = answers(p)
    return _partly(trainable=right["trainable"] + by, without_bias=right["without_bias"] + by)


def _exact(name: str, asks: str) -> Number:
    return Number(name, asks, rtol=0, atol=0)


MISCONCEPTIONS = (
    Misconception(
        "running statistics counted as learned",
        "The running mean and variance are counted among the learned numbers. No gradient ever "
        "reaches them: they are measured.",
        "Of the four arrays of a batch-norm layer, which ones does the optimiser change?",
        "M8",
        lambda p: _shifted(p, 2 * p["hidden"]),
    ),
    Misconception(
        "gamma and beta not counted",
        "gamma and beta are missing. They are learned like any weight.",
        "How many numbers does STEP 4 learn for each feature?",
        "M8",
        lambda p: _shifted(p, -2 * p["hidden"]),
    ),
    Misconception(
        "one gamma for the layer",
        "gamma and beta are counted once for the layer. Each feature has its own pair.",
        "May two features want different scales?",
        "M8",
        lambda p: _shifted(p, 2 - 2 * p["hidden"]),
    ),
    Misconception(
        "weights without biases",
        "The biases of the linear layers are missing.",
        "How many numbers does Linear(3, 2) hold?",
        "",
        lambda p: _partly(trainable=answers(p)["trainable"] - p["hidden"] - p["d_out"]),
    ),
    Misconception(
        "both biases dropped",
        "Both linear biases were dropped. Only one of them stands right before the batch norm.",
        "What subtracts a mean after fc2?",
        "M9",
        lambda p: _partly(without_bias=answers(p)["without_bias"] - p["d_out"]),
    ),
    Misconception(
        "beta dropped",
        "As many numbers were dropped as if beta went too. beta is added after the mean is "
        "subtracted, so it does act.",
        "Which shift survives: the one before the mean is taken off, or the one after?",
        "M9",
        lambda p: _partly(without_bias=answers(p)["without_bias"] - p["hidden"]),
    ),
    Misconception(
        "bias added",
        "The bias was added once more instead of being left out.",
        "bias=False makes the layer smaller. By how many numbers?",
        "M9",
        lambda p: _partly(without_bias=answers(p)["trainable"] + p["hidden"]),
    ),
    Misconception(
        "buffers counted as parameters",
        "BatchNorm1d's buffers, with the counter, are counted among the parameters.",
        "Does a gradient ever reach a running mean?",
        "M8",
        lambda p: _shifted(p, 2 * p["hidden"] + 1),
    ),
    Misconception(
        "bias counted twice",
        "fc1's bias is counted twice in the first number.",
        "How many numbers does Linear(d, h) hold, bias included?",
        "",
        lambda p: _partly(trainable=answers(p)["trainable"] + p["hidden"]),
    ),
    Misconception(
        "bias dropped already",
        "In the first number fc1's bias is missing. It is idle, but it is a parameter.",
        "Which of the two questions asks for the count without it?",
        "M9",
        lambda p: _partly(
            trainable=answers(p)["trainable"] - p["hidden"],
            without_bias=answers(p)["without_bias"] - p["hidden"],
        ),
    ),
    Misconception(
        "nothing dropped",
        "That is the count with the bias.",
        "How many entries does fc1.bias have?",
        "M9",
        lambda p: _partly(without_bias=answers(p)["trainable"]),
    ),
    Misconception(
        "counter forgotten",
        "The running mean and variance are there; the number of batches seen is kept too.",
        "What does the layer need to know for a plain average over all batches so far?",
        "",
        lambda p: _partly(buffers=2 * p["hidden"]),
    ),
    Misconception(
        "all four arrays as buffers",
        "gamma and beta are counted as buffers. They are parameters: the optimiser changes them.",
        "Which arrays are written by measuring, and which by a gradient step?",
        "M8",
        lambda p: _partly(buffers=4 * p["hidden"] + 1),
    ),
    Misconception(
        "only one running array",
        "Only one running average is counted.",
        "Which two numbers per feature does STEP 6 need?",
        "",
        lambda p: _partly(buffers=p["hidden"] + 1),
    ),
    Misconception(
        "beta called idle",
        "beta is added after the mean has been subtracted: nothing takes it away again.",
        "Add 10 to every pre-activation. Add 10 to every output. Which of the two survives?",
        "M9",
        lambda p: _partly(idle=NAMES.index("bn1.bias")),
    ),
    Misconception(
        "the last bias called idle",
        "No batch norm follows fc2, so its bias reaches the output.",
        "Which bias stands right before a mean subtraction?",
        "M9",
        lambda p: _partly(idle=NAMES.index("fc2.bias")),
    ),
    Misconception(
        "gamma called idle",
        "gamma scales the output after the division; nothing undoes it.",
        "What acts between gamma and the loss?",
        "M9",
        lambda p: _partly(idle=NAMES.index("bn1.weight")),
    ),
)


def gradient_norms(p: Mapping) -> dict[str, float]:
    """Return the norm of each parameter's gradient, by one pass of the net on random samples."""
    rng = np.random.default_rng(p["net"])
    d, h, o, n = p["d_in"], p["hidden"], p["d_out"], 32
    x, target = rng.normal(size=(n, d)), rng.normal(size=(n, o))
    w1, b1 = rng.normal(size=(d, h)) / np.sqrt(d), rng.normal(size=h)
    gamma, beta = rng.uniform(0.5, 1.5, h), rng.normal(size=h)
    w2, b2 = rng.normal(size=(h, o)) / np.sqrt(h), rng.normal(size=o)
    a, cache = batchnorm_forward(x @ w1 + b1, gamma, beta)
    r = np.maximum(a, 0)
    dout = (r @ w2 + b2 - target) / n
    da, dgamma, dbeta = batchnorm_backward((dout @ w2.T) * (a > 0), cache)
    gradients = (x.T @ da, da.sum(axis=0), dgamma, dbeta, r.T @ dout, dout.sum(axis=0))
    return {
        name: float(np.linalg.norm(g)) for name, g in zip(NAMES, gradients, strict=True)
    }  # fmt: skip


def _question(p: Mapping) -> str:
    d, h, o = p["d_in"], p["hidden"], p["d_out"]
    shapes = dict(zip(NAMES, [f"({h}, {d})", f"({h},)", f"({h},)", f"({h},)", f"({o}, {h})",
                              f"({o},)"], strict=True))  # fmt: skip
    order = np.random.default_rng(p["net"]).permutation(len(NAMES))
    norms = gradient_norms(p)
    rows = "\n".join(f"| {shapes[NAMES[i]]} | {norms[NAMES[i]]:.1e} |" for i in order)
    return (
        f"Your net is **Linear({d}, {h}) → BatchNorm1d({h}) → ReLU → Linear({h}, {o})**, both "
        f"linear layers with a bias. One batch gave its six parameters these gradients; the names "
        f"are lost and the order is shuffled:\n\n"
        f"| shape | norm of the gradient |\n|---|---|\n{rows}\n\n"
        f"(fc1 and fc2 are the linear layers; bn1.weight is gamma, bn1.bias is beta.)"
    )


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw a net's sizes, all different, on which no two miscounts agree."""
    d = int(rng.choice(np.arange(30, 90, 2)))
    h = int(rng.choice(np.arange(11, 29)))
    o = int(rng.choice(np.arange(3, 9)))
    p = {"d_in": d, "hidden": h, "d_out": o, "net": int(rng.integers(1 << 31))}
    return [Case("your net", (p,))]


FORM = Form(
    question=_question,
    fields=(
        _exact("trainable", "How many numbers are the net's parameters, every bias included?"),
        _exact("without_bias", "And how many are there with bias=False in the first linear layer?"),
        _exact("buffers", "How many numbers are BatchNorm1d's buffers?"),
        Choice("idle", "Which parameter is it whose gradient is zero up to rounding?", NAMES),
    ),
    confidence=True,
)

TASK = form_task(
    FORM,
    id="3.4",
    title="head count and the idle bias",
    entry="head_count",
    objective="Tell parameters from buffers, and why a bias before batch norm is idle",
    minutes=10,
    params="net",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Count layer by layer: Linear(a, b) has a·b weights and b biases.",
        "For each feature batch norm learns two numbers and measures two more; it also counts the "
        "batches. Whatever is added before the mean is taken off is taken off with it.",
        "Linear(784, 256) → BatchNorm1d(256) → ReLU → Linear(256, 10): 200,960 + 512 + 2,570 = "
        "204,042 learned; the 256 numbers of fc1's bias are idle; 256 + 256 + 1 are kept.",
    ),
)
