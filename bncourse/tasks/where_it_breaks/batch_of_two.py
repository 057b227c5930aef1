"""8.1: what batch norm makes of two samples, and when eps is not small."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case
from bncourse.tasks.inference.apart import clashes
from bncourse.tasks.where_it_breaks.batch_of_two_numbers import answers
from bncourse.tasks.where_it_breaks.batch_of_two_slips import MISCONCEPTIONS

APART = 0.03  # three times the tolerance of the fields
GRADIENTS = (
    "half of the output's gradient, divided by the sd",
    "almost none",
    "the output's gradient, divided by the sd",
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw three pairs and a single value on which no two mistakes give the same number."""
    while True:
        low, start = rng.integers(2, 30, 2)
        wide = np.array([low, low + int(rng.integers(5, 30))], dtype=float)
        near = np.array([start, start + 1], dtype=float) + 10 * int(rng.integers(8, 30))
        step = float(rng.choice([1, 2, 3, 4])) * 1e-3
        tiny = np.array([0.01, 0.01 + step]).round(6)
        p = {
            "wide": wide[:: rng.choice([-1, 1])],
            "near": near[:: rng.choice([-1, 1])],
            "tiny": tiny[:: rng.choice([-1, 1])],
            "eps": float(rng.choice([1e-5, 4e-6, 2e-5])),
            "single": float(rng.integers(5, 60)),
        }
        if clashes(p, answers, MISCONCEPTIONS, _needed) <= SHARED:
            return [Case("your pairs", (p,))]


def _needed(name: str, a: float, b: float) -> float:
    return 0.5 if name == "gradient" else APART * max(abs(a), abs(b), 1e-3)


# Some mistakes share a number by their nature: on every pair, so also on these odd ones.
_ODD = tuple(
    {"wide": np.array(w), "near": np.array(n), "tiny": np.array(t), "eps": e, "single": s}
    for w, n, t, e, s in (
        ([3.7, 16.1], [131.3, 132.3], [0.0117, 0.0139], 1.7e-5, 9.3),
        ([23.9, 5.3], [214.1, 213.1], [0.0141, 0.0102], 6.1e-6, 31.7),
    )
)
SHARED = clashes(_ODD[0], answers, MISCONCEPTIONS, _needed) & clashes(
    _ODD[1], answers, MISCONCEPTIONS, _needed
)


def _pair(values: np.ndarray) -> str:
    return f"**({values[0]:g}, {values[1]:g})**"


def _question(p: Mapping) -> str:
    return (
        "Batch norm in training mode, one feature, gamma = 1 and beta = 0. Each pair is a batch of "
        f"two of its own: {_pair(p['wide'])}, then {_pair(p['near'])}, then {_pair(p['tiny'])}. "
        f"eps = {p['eps']:g} throughout.\n\n"
        f"The single value, a batch of one, is **{p['single']:g}**. PyTorch refuses it; what would "
        "the formula give? Three digits will do, and the sign matters."
    )


FORM = Form(
    question=_question,
    fields=(
        Number("wide", "The first pair: what becomes of its first value", 1e-2),
        Number("near", "The second pair: what becomes of its first value", 1e-2),
        Number("tiny", "The third pair: what becomes of its first value", 1e-2),
        Number("half", "The distance at which a pair becomes +0.5 and −0.5", 1e-2, low=0),
        Number("single", "The single value: what becomes of it by the formula", 0, 1e-3),
        Choice(
            "gradient", "The first pair: which gradient reaches a value from its output?", GRADIENTS
        ),
    ),
)

TASK = form_task(
    FORM,
    id="8.1",
    title="a batch of two",
    entry="batch_of_two",
    objective="Say what batch norm leaves of a batch of two, and of one",
    minutes=6,
    params="pairs",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Two values lie equally far from their mean, one on each side. How far, and what is the "
        "standard deviation of two such values?",
        "With h for half their distance, the mean of the squares is h², so x̂ = ± h / √(h² + eps). "
        "That is ± 1 unless h² is about as small as eps. If an output is ± 1 whatever the values "
        "are, what does moving a value change?",
        "(3, 11): h = 4, x̂ = ∓ 4 / √(16 + 0.00001) = ∓ 1.0000. (0.010, 0.011) with eps = 1e-5: "
        "h = 0.0005, x̂ = ∓ 0.0005 / √(0.00000025 + 0.00001) = ∓ 0.156. For ± 0.5 solve "
        "h² / (h² + eps) = 0.25 for h; the distance is 2h.",
    ),
)
