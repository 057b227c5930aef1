"""3.5b: the gamma and beta that gave one batch back meet another batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception

OPTIONS = (
    "how strongly the layer normalises, from not at all to fully",
    "the mean and spread of the output, the same ones for every batch",
    "nothing: they bring every batch back to what it was before",
    "the mean and spread of the weights before the layer",
)


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return the right answers for the two batches' means and standard deviations."""
    out = {"mean_out": p["m1"], "sd_out": p["s1"], "sample_out": p["m1"] + p["s1"], "what": 1.0}
    return {name: np.asarray(value) for name, value in out.items()}


def _partly(**changes) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in changes.items()}


MISCONCEPTIONS = (
    Misconception(
        "undo holds everywhere",
        "Here the second batch's own mean or spread comes out again: as if gamma and beta gave "
        "every batch back, or as if it were still measured by the first batch's mean and spread.",
        "What are the mean and spread of x_hat for any batch, before gamma and beta act?",
        "M8",
        lambda p: _partly(mean_out=p["m2"], sd_out=p["s2"], sample_out=p["m2"] + p["s2"]),
    ),
    Misconception(
        "second mean kept",
        "The spread is the right one, but it starts from the second batch's own mean.",
        "Where does the layer put the mean of any batch?",
        "M8",
        lambda p: _partly(sample_out=p["m2"] + p["s1"]),
    ),
    Misconception(
        "second spread kept",
        "The mean is the right one, but one sd above it is still the second batch's sd.",
        "How large is one sd after the layer?",
        "M8",
        lambda p: _partly(sample_out=p["m1"] + p["s2"]),
    ),
    Misconception(
        "variance for sd",
        "That is a variance: the square of the spread that was asked for.",
        "In which unit is the output's standard deviation?",
        "M1",
        lambda p: _partly(sd_out=p["s1"] ** 2),
    ),
    Misconception(
        "said to undo every batch",
        "gamma and beta are fixed numbers. They fit the batch that they were made from, and "
        "no other.",
        "Your next batch has other statistics. Do gamma and beta know?",
        "M8",
        lambda p: _partly(what=2.0),
    ),
    Misconception(
        "a dial of normalisation",
        "gamma and beta set the output's mean and spread. The batch's own mean and spread are "
        "removed in full, whatever they are set to.",
        "Is there a setting that leaves two different batches both as they were?",
        "M8",
        lambda p: _partly(what=0.0),
    ),
    Misconception(
        "about the weights",
        "gamma and beta act on the layer's values; no weight is changed by them.",
        "What does gamma multiply?",
        "M8",
        lambda p: _partly(what=3.0),
    ),
    Misconception(
        "x_hat for the output",
        "That is x_hat: gamma and beta have not acted yet.",
        "What do gamma and beta make of a mean of 0 and a spread of 1?",
        "M8",
        lambda p: _partly(mean_out=0.0, sd_out=1.0, sample_out=1.0),
    ),
    Misconception(
        "affine on x",
        "gamma and beta were applied to x without normalising it first.",
        "Which statistics does the second batch lose before gamma and beta act?",
        "M8",
        lambda p: _partly(
            mean_out=p["s1"] * p["m2"] + p["m1"],
            sd_out=p["s1"] * p["s2"],
            sample_out=p["s1"] * (p["m2"] + p["s2"]) + p["m1"],
        ),
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw two batches' means and spreads on which no two mistakes give the same answer."""
    while True:
        m1, m2 = rng.choice(np.arange(3, 20), 2, replace=False).astype(float)
        s1, s2 = rng.choice(np.arange(2, 7), 2, replace=False).astype(float)
        p = {"m1": m1, "s1": s1, "m2": m2, "s2": s2}
        samples = [m.wrong(p).get("sample_out") for m in MISCONCEPTIONS]
        values = [float(v) for v in samples if v is not None] + [m1 + s1]
        spreads = [s1, s2, 1.0, s1 * s2, s1**2]
        if len({*values}) == len(values) and len({*spreads}) == len(spreads):
            return [Case("your two batches", (p,))]


FORM = Form(
    question=lambda p: (
        f"One feature, eps = 0. The first batch has mean **{p['m1']:g}** and standard deviation "
        f"**{p['s1']:g}**; you set gamma and beta so that it comes back unchanged. A second batch "
        f"with mean **{p['m2']:g}** and standard deviation **{p['s2']:g}** goes through the same "
        f"layer in training."
    ),
    fields=(
        Number("mean_out", "The mean of the second batch's output"),
        Number("sd_out", "The standard deviation of the second batch's output"),
        Number(
            "sample_out", "The output of a sample that lies one sd above the second batch's mean"
        ),
        Choice("what", "What do gamma and beta set?", OPTIONS),
    ),
    confidence=True,
)

TASK = form_task(
    FORM,
    id="3.5b",
    title="the same gamma and beta, another batch",
    entry="another_batch",
    objective="Say what gamma and beta can undo, and what they cannot",
    minutes=5,
    params="batches",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "First ask what x_hat looks like for the second batch, before gamma and beta.",
        "x_hat has mean 0 and spread 1 whichever batch came in. gamma and beta are fixed numbers "
        "now, taken from the first batch.",
        "If gamma were 2.83 and beta 5 (from 1, 3, 5, 7, 9), a batch with mean 100 would come out "
        "with mean 5 and spread 2.83. Do the same with your numbers.",
    ),
)
