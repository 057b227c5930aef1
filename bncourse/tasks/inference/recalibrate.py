"""5.6: recalibrate or retrain? Read two logs, and count how long a start is remembered."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case
from bncourse.tasks.inference.apart import clashes
from bncourse.tasks.inference.recalibrate_runs import EPOCHS, overfit_run, stale_run
from bncourse.tasks.inference.recalibrate_slips import MISCONCEPTIONS, answers

MOMENTA = (0.965, 0.97, 0.975, 0.985)
PER_EPOCH = (3, 4, 5, 8, 9, 10)
WHICH = ("log A", "log B", "both of them", "neither of them")
TELLS = (
    "the gap between training and validation accuracy",
    "validation before and after recalibration",
    "whether training accuracy is above 90 %",
)
REMEDIES = (
    "recalibrate it as well, with more rows",
    "predict in train mode",
    "more data, stronger regularisation or stopping earlier",
    "a momentum that forgets faster",
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw a momentum, a number of updates and two logs on which mistakes can be told apart."""
    blank = np.zeros((EPOCHS, 3))
    while True:
        momentum, per_epoch = float(rng.choice(MOMENTA)), int(rng.choice(PER_EPOCH))
        p = {
            "momentum": momentum,
            "per_epoch": per_epoch,
            "updates": EPOCHS * per_epoch,
            "stale": blank,
            "overfit": blank,
            "stale_is": int(rng.integers(2)),
        }
        # Forgetting in a straight line must leave something, or it is what reversing leaves.
        linear = 1 - p["updates"] * (1 - momentum)
        if linear > 0.05 and not _alike(p) & {"weight", "batches"}:
            break
    while True:
        p["stale"] = stale_run(rng, momentum, per_epoch)
        p["overfit"] = overfit_run(rng, momentum, per_epoch)
        if "gain" not in _alike(p):
            return [Case("your two logs", (p,))]


def _alike(p: Mapping) -> set[str]:
    """Return the fields in which two answers, right or wrong, agree."""
    return {name for name, _, _ in clashes(p, answers, MISCONCEPTIONS, _needed)}


def _needed(name: str, a: float, b: float) -> float:
    return {"gain": 0.35, "weight": 0.02 * max(abs(a), abs(b)), "batches": 0.1}.get(name, 0.5)


def _question(p: Mapping) -> str:
    logs = [p["stale"], p["overfit"]]
    if p["stale_is"]:
        logs.reverse()
    head = (
        "| epoch | A: training | A: validation | A: recalibrated | B: training | B: validation "
        "| B: recalibrated |\n|---|---|---|---|---|---|---|"
    )
    rows = "\n".join(
        f"| {epoch + 1} | " + " | ".join(f"{v:.1f}" for log in logs for v in log[epoch]) + " |"
        for epoch in range(EPOCHS)
    )
    return (
        "Two small nets with batch norm, trained for this exercise on data made up for it, and "
        "chosen because their logs are clear: accuracy in per cent. *Training* is measured in "
        "train mode, *validation* in eval mode; *recalibrated* is validation in eval mode once "
        "more, after the averages were measured anew on all training rows and nothing else was "
        "changed. One log suffers from stale averages, or both, or neither.\n\n"
        f"{head}\n{rows}\n\n"
        f"Both layers have momentum **{p['momentum']:g}** by Keras's rule and make "
        f"**{p['per_epoch']} updates** per epoch, {p['updates']} in all. Three digits are enough."
    )


FORM = Form(
    question=_question,
    fields=(
        Choice("stale", "Whose averages are stale?", WHICH),
        Choice("tells", "What tells the two logs apart?", TELLS),
        Number("gain", "Stale log, last epoch: points won by recalibrating", 0, 0.051),
        Choice("remedy", "What would help the other log?", REMEDIES),
        Number("weight", "After all updates: what the start weighs, in per cent", 5e-3),
        Number("batches", "Updates until the start weighs less than 1 %", 0, 0.05, low=0),
    ),
    confidence=True,
)

TASK = form_task(
    FORM,
    id="5.6",
    title="recalibrate or retrain",
    entry="recalibrate_or_retrain",
    objective="Tell stale running averages from overfitting",
    minutes=8,
    params="logs",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Recalibrating changes no weight. What, then, must have been wrong if it helps?",
        "Both logs have a gap between training and validation. Stale averages are mended when they "
        "are measured anew; a net that knows its training rows by heart is not. The start weighs "
        "momentumᵏ after k updates.",
        "If validation were 58.0 before and 93.0 after, recalibrating would win 35 points: stale. "
        "With momentum 0.9 and 20 updates the start weighs 0.9²⁰ = 12.2 %; below 1 % it is after "
        "44 updates, since 0.9⁴³ = 1.08 % and 0.9⁴⁴ = 0.97 %.",
    ),
    graded=False,
)
