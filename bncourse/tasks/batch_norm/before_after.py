"""3.6: before or after the activation? Read a table of real runs without concluding from noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception
from bncourse.results import load

OVERLAP = ("yes, they overlap", "no, they are apart")
VERDICTS = (
    "batch norm before the activation is better",
    "batch norm after the activation is better",
    "these runs cannot tell",
)


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return the difference of means in points, whether the ranges overlap, and the verdict."""
    before, after = p["before"], p["after"]
    difference = before.mean() - after.mean()
    overlap = before.min() <= after.max() and after.min() <= before.max()
    verdict = 2 if overlap else int(difference < 0)
    return _partly(difference=difference, overlap=0 if overlap else 1, verdict=verdict)


def _partly(**changes) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in changes.items()}


def _from_means(p: Mapping) -> dict[str, np.ndarray]:
    return _partly(verdict=p["after"].mean() > p["before"].mean())


def _from_best(p: Mapping) -> dict[str, np.ndarray]:
    best_after = p["after"].max() > p["before"].max()
    return {} if best_after == (p["after"].mean() > p["before"].mean()) else _partly(
        verdict=best_after
    )  # fmt: skip


MISCONCEPTIONS = (
    Misconception(
        "winner from noise",
        "The higher mean was taken for a winner, although runs that differ only in their seed "
        "differ by as much.",
        "If you drew four other seeds, could the order turn round?",
        "",
        _from_means,
    ),
    Misconception(
        "winner from the best run",
        "The best single run points this way, the means do not. The best of four is the luckiest "
        "of four.",
        "What do the other runs of that column say?",
        "",
        _from_best,
    ),
    Misconception(
        "difference reversed",
        "The size of the difference is right; it was taken the other way round.",
        "The question asks for before minus after.",
        "",
        lambda p: _partly(difference=-answers(p)["difference"]),
    ),
    Misconception(
        "a fraction for points",
        "That is the difference as a fraction; one point is one per cent.",
        "How many points lie between 97.0 % and 98.0 %?",
        "",
        lambda p: _partly(difference=answers(p)["difference"] / 100),
    ),
    Misconception(
        "overlap misread",
        "Two ranges overlap when each begins before the other ends.",
        "Is there an accuracy that lies inside both ranges?",
        "",
        lambda p: _partly(overlap=1 - answers(p)["overlap"]),
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw four of the stored runs for each placement, of eight seeds, with means that differ.

    All twenty pairs leave no winner at this budget, so a draw that happens to show one would
    teach the wrong lesson: it is drawn again.
    """
    runs = {name: np.array(a) for name, a in load("placement")["accuracy"].items()}
    while True:
        seeds = rng.permutation(len(runs["before"]))
        p = {
            "before": np.round(100 * runs["before"][seeds[:4]], 1),
            "after": np.round(100 * runs["after"][seeds[4:8]], 1),
        }
        if _undecided(p["before"], p["after"]):
            return [Case("your runs", (p,))]


def _undecided(before: np.ndarray, after: np.ndarray) -> bool:
    """Say whether two columns differ in their means but not by more than their noise."""
    difference = abs(before.mean() - after.mean())
    error = np.sqrt((before.var(ddof=1) + after.var(ddof=1)) / len(before))
    shared = min(before.max(), after.max()) - max(before.min(), after.min())
    spread = min(np.ptp(before), np.ptp(after))
    return 0.04 <= difference < 1.5 * error and shared > 0.3 and spread > 0.5


def _question(p: Mapping) -> str:
    rows = "\n".join(f"| {b:.1f} | {a:.1f} |" for b, a in zip(p["before"], p["after"], strict=True))
    return (
        "Four runs with batch norm before the activation and four with it after, eight seeds in "
        "all, so the rows are no pairs: test accuracy on the digits in per cent. One test image is "
        "0.2 points.\n\n"
        f"| before | after |\n|---|---|\n{rows}\n"
    )


FORM = Form(
    question=_question,
    fields=(
        Number("difference", "Mean before minus mean after, in points", rtol=0.02, atol=0.011),
        Choice("overlap", "Do the two ranges (lowest to highest) overlap?", OVERLAP),
        Choice("verdict", "What do these runs show?", VERDICTS),
    ),
    confidence=True,
)

TASK = form_task(
    FORM,
    id="3.6",
    title="before or after the activation",
    entry="before_after",
    objective="Read an experiment without concluding from noise",
    minutes=8,
    params="runs",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Look at the spread inside one column before you compare the columns.",
        "Two columns whose ranges overlap could have come out in the other order with other seeds.",
        "Write for each column: lowest, highest, mean. If before were 97.0 to 98.6 and after 97.8 "
        "to 98.8, the ranges would share 97.8 to 98.6. Then decide.",
    ),
    graded=False,
)
