"""8.5: which way does the gradient go in a recurrent net with batch norm?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception
from bncourse.tasks.inference.apart import clashes
from bncourse.tasks.where_it_breaks.which_way_numbers import (
    GROWTH_SLIPS,
    PART,
    SLOPE_SLIPS,
    TOLERANCE,
    growth,
    letter,
    told,
)
from bncourse.tasks.where_it_breaks.which_way_runs import (
    INPUT_SCALE,
    SHOWN,
    gradient_norms,
    mean_slope,
)

LETTERS = "ABCD"
SDS = (0.7, 1.15, 1.7, 2.0, 2.4)  # on these no two slips of the slope come close
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
        if _clashes(p) <= SHARED:
            return [Case("your four nets", (p,))]


def _clashes(p: Mapping) -> set[tuple[str, str, str]]:
    """Return what clashes; parts of the row keep a distance of their own."""
    found = clashes(p, answers, MISCONCEPTIONS, _needed)
    return {c for c in found if not all(not key or key.startswith(PART) for key in c[1:])}


def _needed(name: str, a: float, b: float) -> float:
    if isinstance(FORM.field(name), Choice):
        return 0.5
    return (3 * TOLERANCE if name == "growth" else 0.03) * max(abs(a), abs(b))


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return which curve is which, the growth, the slope and what follows."""
    return {
        "identity": letter(p, 0),
        "orthogonal": letter(p, 1),
        "growth": growth(p),
        "slope": np.asarray(mean_slope(p["sd"])),
        "follows": np.asarray(2.0),
        "why": np.asarray(0.0),
    }


MISCONCEPTIONS = (
    Misconception(
        "the two exchanged",
        "The two nets with gamma = 1 have changed places. An orthogonal W_h makes each unit from "
        "all others, and x̂ stays spread. With the identity each unit is alone with itself, and x̂ "
        "gathers near + 1 and − 1, where the slope of tanh is 0.42.",
        "Which values does a single number end at that is normalised and put through tanh again "
        "and again?",
        "",
        lambda p: {"identity": letter(p, 1), "orthogonal": letter(p, 0)},
    ),
    Misconception(
        "gamma = 0.1 taken for the fall",
        "The curve that falls is a net with gamma = 1. With inputs as small as these a small gamma "
        "does not make the gradient small: batch norm divides by what gamma took away.",
        "The state is ten times smaller: what is the standard deviation that the next step divides "
        "by?",
        "",
        lambda p: {"identity": letter(p, 2)},
    ),
    Misconception(
        "a flat curve for the rise",
        "That curve hardly moves; the one with the orthogonal W_h and gamma = 1 moves far.",
        "Which two of the four curves move by more than a factor of 20?",
        "",
        lambda p: {"orthogonal": letter(p, 3)},
    ),
    *GROWTH_SLIPS,
    *SLOPE_SLIPS,
    Misconception(
        "gamma = 1 always shrinks it",
        "One of your nets with gamma = 1 shows the opposite.",
        "How many of the four curves belong to gamma = 1, and which way do they go?",
        "",
        lambda p: told(follows=0),
    ),
    Misconception(
        "gamma = 1 always grows it",
        "One of your nets with gamma = 1 shows the opposite.",
        "How many of the four curves belong to gamma = 1, and which way do they go?",
        "",
        lambda p: told(follows=1),
    ),
    Misconception(
        "normalised, so constant",
        "The forward pass is normalised. What goes back is multiplied by slopes, and by one over "
        "standard deviations.",
        "Which of your curves with gamma = 1 stays where it is?",
        "",
        lambda p: told(follows=3),
    ),
    Misconception(
        "gamma multiplies the gradient",
        "In each step the gradient is multiplied by gamma, and divided by the standard deviation "
        "of a state that gamma made smaller: with small inputs the two nearly cancel.",
        "The state is ten times smaller: what is the standard deviation that the next step divides "
        "by?",
        "",
        lambda p: told(why=1),
    ),
    Misconception(
        "gamma as a switch",
        "The output has another scale, and is normalised all the same: the next step normalises "
        "it again.",
        "Does multiplying by 0.1 undo a division by a standard deviation?",
        "M8",
        lambda p: told(why=2),
    ),
)


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
        "with 1. The *factor per step back* is the constant one that leads from the first number "
        "of a row to the last.\n\n"
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
            "Gamma = 1, orthogonal: its factor per step back (1.234, say)",
            TOLERANCE,
        ),
        Number("slope", "The mean of the slope of tanh(z), 1 − tanh²(z)", 1e-2),
        Choice("follows", "With gamma = 1, gradients …", FOLLOWS),
        Choice("why", "Gamma = 0.1, small inputs: the gradient hardly changes, because …", WHY),
    ),
)

# Some mistakes share a number by their nature: these two, with any curves.
_ODD = tuple(
    {"curves": np.array([row] * 4), "order": np.arange(4), "sd": sd}
    for row, sd in (
        ([1, 1.77, 4.1, 8.3, 14.9, 28.1, 63.7], 0.83),
        ([1, 2.63, 4.9, 7.7, 18.3, 44.7, 101.3], 1.27),
    )
)
SHARED = _clashes(_ODD[0]) & _clashes(_ODD[1])

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
