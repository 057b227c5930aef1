"""5.1: the running averages one batch later, by PyTorch's rule and by Keras's."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case
from bncourse.tasks.inference.apart import clashes
from bncourse.tasks.inference.one_batch_later_numbers import answers
from bncourse.tasks.inference.one_batch_later_slips import MISCONCEPTIONS

MOMENTA = (0.025, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.125, 0.15, 0.2)
APART = 0.006  # six times the tolerance of the fields
APART_COUNTS = 0.15


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw a batch, a value and a momentum on which no two mistakes give the same number."""
    while True:
        p = {
            "x": rng.choice(np.arange(1, 21), size=5, replace=False).astype(float),
            "value": float(rng.integers(2, 31)),
            "momentum": float(rng.choice(MOMENTA)),
        }
        if p["value"] not in p["x"] and _tells_apart(p):
            return [Case("your batch", (p,))]


def _alike(p: Mapping) -> set[tuple[str, str, str]]:
    return clashes(p, answers, MISCONCEPTIONS, _needed)


def _needed(name: str, a: float, b: float) -> float:
    return APART_COUNTS if name == "batches" else APART * max(abs(a), abs(b), 0.1)


# Some mistakes share a number by their nature: on every batch, so also on these odd ones.
_ODD = (
    {"x": np.array([1.37, 4.91, 18.3, 7.23, 12.71]), "value": 23.57, "momentum": 0.047},
    {"x": np.array([2.83, 3.11, 9.97, 5.43, 6.19]), "value": 9.21, "momentum": 0.083},
)
SHARED = _alike(_ODD[0]) & _alike(_ODD[1])


def _tells_apart(p: Mapping) -> bool:
    """Say whether two answers give the same number only where they always do."""
    return _alike(p) <= SHARED


def _question(p: Mapping) -> str:
    return (
        "A fresh layer for one feature: running mean 0, running variance 1, gamma 1, beta 0. "
        f"In training mode it gets one batch: **{', '.join(f'{v:g}' for v in p['x'])}**. "
        "PyTorch's layer has momentum 0.1, Keras's momentum 0.99; each follows its own rule.\n\n"
        f"Then PyTorch's layer is put into eval mode and gets the single value "
        f"**{p['value']:g}**; take eps = 0 there. The last question is about a PyTorch layer with "
        f"momentum **{p['momentum']:g}**. Give at least four digits."
    )


FORM = Form(
    question=_question,
    fields=(
        Number("torch_mean", "PyTorch: the running mean after this batch", 1e-3),
        Number("torch_var", "PyTorch: the running variance after this batch", 1e-3),
        Number("eval_output", "PyTorch in eval mode: the output for the single value", 1e-3),
        Number("keras_mean", "Keras: the running mean after this batch", 1e-3),
        Number("keras_var", "Keras: the running variance after this batch", 1e-3),
        Number("batches", "Batches until the start weighs less than 1 %", 0, 0.05, low=0),
    ),
)

TASK = form_task(
    FORM,
    id="5.1",
    title="one batch later",
    entry="one_batch_later",
    objective="Update running averages by hand, by PyTorch's rule and by Keras's",
    minutes=5,
    params="layer",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Write each rule as weight · old + weight · new. The two weights add up to 1; which of "
        "them is called momentum?",
        "PyTorch's momentum weighs the new batch, Keras's the old average. PyTorch stores the "
        "variance over N − 1, Keras that over N. In eval mode only what is stored is used. After "
        "k batches the start's weight is that of the old average, to the power k.",
        "For 1, 3, 5, 7, 9: PyTorch's mean becomes 0.9 · 0 + 0.1 · 5 = 0.5, its variance 0.9 · 1 + "
        "0.1 · 10 = 1.9; Keras's variance 0.99 · 1 + 0.01 · 8 = 1.07. In eval mode 12 becomes "
        "(12 − 0.5) / √1.9 = 8.343. With momentum 0.1 the start weighs 0.9ᵏ: 0.0108 for k = 43 and "
        f"{0.9**44:.4f} for k = {math.ceil(math.log(0.01) / math.log(0.9))}.",
    ),
)
