"""8.5: which way does the gradient go in a recurrent net with batch norm?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception
from bncourse.tasks.inference.apart import clashes
from bncourse.tasks.where_it_breaks.which_way_runs import (
    INPUT_SCALE,
    SHOWN,
    STEPS,
    gradient_norms,
    mean_slope,
)

LETTERS = "ABCD"
SDS = (0.5, 0.7, 1.0, 1.5, 2.0)
FIRST, LAST = SHOWN[0], SHOWN[-1]
FOLLOWS = (
    "always shrink on the way back",
    "always grow on the way back",
    "may do either: W_h decides too",
    "stay as they are, since every step is normalised",
)
WHY = (
    "tanh is nearly a straight line there, and batch norm divides by what gamma took away",
    "it makes the gradient ten times smaller in each step, which stops an explosion",
    "with it batch norm is as good as switched off",
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw nets of one's own, and hide which curve is which."""
    while True:
        norms = gradient_norms(rng)
        ends = norms[:, -1]
        if not (
            ends[0] < 1e-3 and ends[1] > 20 and (ends[2:] > 0.2).all() and (ends[2:] < 8).all()
        ):
            continue
        order = rng.permutation(4)
        p = {"curves": norms[order], "order": order, "sd": float(rng.choice(SDS))}
        if clashes(p, answers, MISCONCEPTIONS, _needed) <= SHARED:
            return [Case("your four nets", (p,))]


def _needed(name: str, a: float, b: float) -> float:
    if isinstance(FORM.field(name), Choice):
        return 0.5
    return (0.009 if name == "growth" else 0.03) * max(abs(a), abs(b))  # thrice the tolerance


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return which curve is which, the growth, the slope and what follows."""
    return {
        "identity": _letter(p, 0),
        "orthogonal": _letter(p, 1),
        "growth": _growth(p, 1 / (FIRST - LAST)),
        "slope": np.asarray(mean_slope(p["sd"])),
        "follows": np.asarray(2.0),
        "why": np.asarray(0.0),
    }


def _letter(p: Mapping, arm: int) -> np.ndarray:
    return np.asarray(float(np.flatnonzero(p["order"] == arm)[0]))


def _growth(p: Mapping, power: float) -> np.ndarray:
    end = float(p["curves"][int(_letter(p, 1)), -1])
    return np.asarray(end**power)


def _told(**values: float) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in values.items()}


MISCONCEPTIONS = (
    Misconception(
        "the two exchanged",
        "The two nets with gamma = 1 have changed places. An orthogonal W_h makes each unit from "
        "all others, and x̂ stays spread. With the identity each unit is alone with itself, and x̂ "
        "gathers near + 1 and − 1, where the slope of tanh is 0.42.",
        "Which values does a single number end at that is normalised and put through tanh again "
        "and again?",
        "",
        lambda p: {"identity": _letter(p, 1), "orthogonal": _letter(p, 0)},
    ),
    Misconception(
        "gamma = 0.1 taken for the fall",
        "The curve that falls is a net with gamma = 1. With inputs as small as these a small gamma "
        "does not make the gradient small: batch norm divides by what gamma took away.",
        "The state is ten times smaller: what is the standard deviation that the next step divides "
        "by?",
        "",
        lambda p: {"identity": _letter(p, 2)},
    ),
    Misconception(
        "a flat curve for the rise",
        "That curve hardly moves; the one with the orthogonal W_h and gamma = 1 moves far.",
        "Which two of the four curves move by more than a factor of 20?",
        "",
        lambda p: {"orthogonal": _letter(p, 3)},
    ),
    Misconception(
        "the whole growth",
        f"That is the growth over all {FIRST - LAST} steps; the factor of one step was asked for.",
        "Which number, multiplied with itself that often, gives the growth?",
        "",
        lambda p: {"growth": _growth(p, 1)},
    ),
    Misconception(
        "growth per column",
        "That is the factor from column to column, and a column is 8 steps.",
        "How many steps lie between two columns of the table?",
        "",
        lambda p: {"growth": _growth(p, 1 / (len(SHOWN) - 1))},
    ),
    Misconception(
        "one column read off",
        f"That is what the table says of step {SHOWN[1]}: the growth over 8 steps. The factor of "
        "one step was asked for.",
        "How many steps lie between two columns of the table?",
        "",
        lambda p: {"growth": np.asarray(float(p["curves"][int(_letter(p, 1)), 1]))},
    ),
    Misconception(
        "the root of all steps",
        f"That is the {STEPS}th root. The net has {STEPS} steps, but the table goes from step "
        f"{FIRST} to {LAST} only.",
        f"How many steps back is it from step {FIRST} to step {LAST}?",
        "",
        lambda p: {"growth": _growth(p, 1 / STEPS)},
    ),
    Misconception(
        "growth divided",
        "The growth was divided by the number of steps. Factors multiply.",
        "Which number, multiplied with itself that often, gives the growth?",
        "",
        lambda p: {"growth": _growth(p, 1) / (FIRST - LAST)},
    ),
    Misconception(
        "growth forwards",
        "That is the factor forwards in time. Backwards, from step 64 to 16, it is one over that.",
        "Does the gradient of this net grow or shrink on its way back?",
        "",
        lambda p: {"growth": _growth(p, -1 / (FIRST - LAST))},
    ),
    Misconception(
        "slope at 0",
        "That is the slope of tanh at 0, its largest one. The arguments are spread around 0.",
        "What is 1 − tanh²(z) at z = 1?",
        "",
        lambda p: _told(slope=1),
    ),
    Misconception(
        "slope at one sd",
        "That is the slope at one standard deviation, not the mean over all z.",
        "Which of the z do you get more often: those near 0 or those near one sd?",
        "",
        lambda p: _told(slope=1 - np.tanh(p["sd"]) ** 2),
    ),
    Misconception(
        "tanh for its slope",
        "That is 1 minus the mean of |tanh|. The slope is 1 − tanh².",
        "What is the derivative of tanh?",
        "",
        lambda p: _told(slope=_mean(p, lambda z: 1 - np.abs(np.tanh(z)))),
    ),
    Misconception(
        "the squares only",
        "That is the mean of tanh²; the slope is 1 minus that.",
        "What is the slope of tanh at 0: 0 or 1?",
        "",
        lambda p: _told(slope=1 - mean_slope(p["sd"])),
    ),
    Misconception(
        "gamma = 1 always shrinks it",
        "One of your nets with gamma = 1 shows the opposite.",
        "How many of the four curves belong to gamma = 1, and which way do they go?",
        "",
        lambda p: _told(follows=0),
    ),
    Misconception(
        "gamma = 1 always grows it",
        "One of your nets with gamma = 1 shows the opposite.",
        "How many of the four curves belong to gamma = 1, and which way do they go?",
        "",
        lambda p: _told(follows=1),
    ),
    Misconception(
        "normalised, so constant",
        "The forward pass is normalised. What goes back is multiplied by slopes, and by one over "
        "standard deviations.",
        "Which of your curves with gamma = 1 stays where it is?",
        "",
        lambda p: _told(follows=3),
    ),
    Misconception(
        "gamma multiplies the gradient",
        "In each step the gradient is multiplied by gamma, and divided by the standard deviation "
        "of a state that gamma made smaller: with small inputs the two nearly cancel.",
        "The state is ten times smaller: what is the standard deviation that the next step divides "
        "by?",
        "",
        lambda p: _told(why=1),
    ),
    Misconception(
        "gamma as a switch",
        "The output has another scale, and is normalised all the same: the next step normalises "
        "it again.",
        "Does multiplying by 0.1 undo a division by a standard deviation?",
        "M8",
        lambda p: _told(why=2),
    ),
)


def _mean(p: Mapping, f) -> float:
    z = np.linspace(-9, 9, 20001)
    weight = np.exp(-(z**2) / 2)
    return float((weight / weight.sum() * f(p["sd"] * z)).sum())


def _question(p: Mapping) -> str:
    steps = "".join(f" {step} |" for step in SHOWN)
    rows = "\n".join(
        f"| {letter} |" + "".join(f" {value:.3g} |" for value in curve)
        for letter, curve in zip(LETTERS, p["curves"], strict=True)
    )
    return (
        "Four recurrent nets of 32 tanh units, 64 steps, batch norm in each step: "
        "h = tanh(gamma · x̂), where x̂ normalises W_h h + W_x x. Two have **gamma = 1**, two "
        "**gamma = 0.1**; of each two, one has the **identity** for W_h and one a random "
        f"**orthogonal** matrix. The inputs are **small**: x is one number from 0 to 1, its "
        f"weights have the sd {INPUT_SCALE:g}. (Larger ones give other curves.)\n\n"
        "The table shows how long the gradient is on its way back from step 64, where it starts "
        "with 1.\n\n"
        f"| step |{steps}\n|:--|{'--:|' * len(SHOWN)}\n{rows}\n\n"
        f"The slope is asked for z ~ N(0, {p['sd']:g}²)."
    )


FORM = Form(
    question=_question,
    fields=(
        Choice("identity", "Gamma = 1 and the identity is curve …", tuple(LETTERS)),
        Choice("orthogonal", "Gamma = 1 and the orthogonal matrix is curve …", tuple(LETTERS)),
        Number(
            "growth",
            "The orthogonal one: its factor per step back (1.234, say)",
            3e-3,
        ),
        Number("slope", "The mean of the slope of tanh(z), 1 − tanh²(z)", 1e-2),
        Choice("follows", "With gamma = 1, gradients …", FOLLOWS),
        Choice("why", "Gamma = 0.1, small inputs: the gradient hardly changes, because …", WHY),
    ),
)

# Some mistakes share a number by their nature: these two, with any curves.
_ODD = tuple(
    {"curves": curves, "order": np.arange(4), "sd": sd}
    for curves, sd in (
        (np.array([[1, 1e-3, 1e-5], [1, 1.77, 63.7], [1, 0.9, 0.8], [1, 1.1, 2.1]]), 0.83),
        (np.array([[1, 1e-4, 3e-8], [1, 2.63, 101.3], [1, 0.8, 0.7], [1, 1.3, 3.3]]), 1.27),
    )
)
SHARED = clashes(_ODD[0], answers, MISCONCEPTIONS, _needed) & clashes(
    _ODD[1], answers, MISCONCEPTIONS, _needed
)

TASK = form_task(
    FORM,
    id="8.5",
    title="which way does it fail?",
    entry="which_way",
    objective="Tell from curves what gamma and W_h do to gradients through time",
    minutes=12,
    params="nets",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Two curves hardly move, and two move far. Where is tanh nearly a straight line: for small "
        "arguments or for large ones?",
        "gamma = 0.1 keeps the arguments small, so those are the flat curves. With gamma = 1 and "
        "the identity a unit is normalised and bent again and again until x̂ is near + 1 or − 1; "
        "few samples are left where tanh is steep. An orthogonal matrix mixes the units anew.",
        "Factor per step: from 1 at step 64 to 80 at step 16 are 48 steps, 80^(1/48) = 1.096. "
        "Slope: z = sd * np.random.default_rng(0).normal(size=1_000_000), then "
        "np.mean(1 - np.tanh(z)**2), which is 0.606 for sd = 1.",
    ),
)
