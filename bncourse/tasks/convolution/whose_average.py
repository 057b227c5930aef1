"""6.1: whose average is it? Count means, numbers in each and what is learned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case
from bncourse.tasks.convolution.whose_average_slips import MISCONCEPTIONS, PARTS, WHY, answers


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw a shape on which no two mistakes of one field agree."""
    while True:
        n, c, h, w = (int(k) for k in rng.integers((5, 6, 7, 7), (33, 65, 29, 29)))
        p = {"N": n, "C": c, "H": h, "W": w}
        if _tells_apart(p):
            return [Case("your maps", (p,))]


def _tells_apart(p: Mapping) -> bool:
    if len(set(p.values())) < 4:
        return False
    bank = [m.wrong(p) for m in MISCONCEPTIONS if m.key not in PARTS]
    for name, value in answers(p).items():
        told = [float(w[name]) for w in bank if name in w]
        if len({float(value), *told}) < 1 + len(told):
            return False
    return True


def _count(name: str, asks: str) -> Number:
    return Number(name, asks, rtol=0, atol=0, low=0)


FORM = Form(
    question=lambda p: (
        f"A convolution gives maps of shape (N, C, H, W) = "
        f"**({p['N']}, {p['C']}, {p['H']}, {p['W']})**. A batch-norm layer for maps follows, in "
        f"training. The questions that say *per activation* are about the other layer, which "
        f"treats each number of an image as a feature of its own."
    ),
    fields=(
        _count("means", "How many means does batch norm for maps take?"),
        _count("per_mean", "How many numbers are averaged in each of them?"),
        _count("learned", "How many numbers does it learn?"),
        _count("other_means", "Per activation: how many means?"),
        _count("other_per_mean", "Per activation: how many numbers in each?"),
        Choice("why", "Why do the places of a map share one mean?", WHY),
    ),
)

TASK = form_task(
    FORM,
    id="6.1",
    title="whose average?",
    entry="whose_average",
    objective="Say which numbers share a mean behind a convolution, and why",
    minutes=6,
    params="shape",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Ask which numbers were made by the same weights. They share one mean.",
        "Means times numbers in each mean must give all numbers of the tensor, N·C·H·W, whoever "
        "shares. Each mean comes with one gamma and one beta.",
        "For (3, 4, 5, 6): 4 means of 3 · 5 · 6 = 90 numbers (4 · 90 = 360 = 3 · 4 · 5 · 6), and "
        "2 · 4 = 8 learned. Per activation: 4 · 5 · 6 = 120 means of 3 numbers.",
    ),
)
