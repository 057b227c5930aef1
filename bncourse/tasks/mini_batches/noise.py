"""1.4: read a measured curve of gradient noise against batch size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception
from bncourse.results import load

STEP = 4  # the batch size that is compared with a batch of one
REASONS = (
    "the batch holds so much of the data that little of it can differ from the whole",
    "each single image tells more when it is in a large batch",
    "a lucky draw: with other batches the error would be the first one divided by B",
)


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return the factors, the slope, the value at the full batch and the reason."""
    first, fourth, last = (_at(p, size) for size in (1, STEP, p["sizes"][-1]))
    return _partly(
        squared=first / fourth,
        typical=np.sqrt(first / fourth),
        slope=np.log(fourth / first) / np.log(STEP),
        largest=first / last,
        full=0.0,
        why=0,
    )


def _at(p: Mapping, size: int) -> float:
    return float(p["error"][list(p["sizes"]).index(size)])


def _partly(**changes: float) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in changes.items()}


MISCONCEPTIONS = (
    Misconception(
        "noise as 1/B",
        "The typical error was given the factor of the mean squared error. It falls with the root "
        "of the batch size: four times the batch, half the noise.",
        "If the mean of the squares is a quarter, what is its root?",
        "M12",
        lambda p: _partly(typical=answers(p)["squared"]),
    ),
    Misconception(
        "noise as 1/B by the rule",
        "The typical error falls with the root of the batch size: four times the batch, half the "
        "noise.",
        "If the mean of the squares is a quarter, what is its root?",
        "M12",
        lambda p: _partly(typical=STEP),
    ),
    Misconception(
        "root for square",
        "That is the factor of the typical error; the table holds squares.",
        "Divide the two entries of the table. What do you get?",
        "M12",
        lambda p: _partly(squared=answers(p)["typical"]),
    ),
    Misconception(
        "the rule for the table",
        "That is what the rule says, 1/B for the square and its root for the typical error. The "
        "table was measured, and it falls a little faster.",
        "Divide the two entries. By how much does the result differ from the rule?",
        "",
        lambda p: _partly(squared=STEP, slope=-1, typical=np.sqrt(STEP)),
    ),
    Misconception(
        "root for the last factor",
        "That is the factor of the typical error; the entries of the table are squares.",
        "Divide the first entry by the last one. What do you get?",
        "M12",
        lambda p: _partly(largest=np.sqrt(answers(p)["largest"])),
    ),
    Misconception(
        "factor upside down",
        "The size of the change is right, but it is written as the share that is left.",
        "By what must the first entry be divided to give the second?",
        "",
        lambda p: _partly(
            squared=1 / answers(p)["squared"],
            typical=1 / answers(p)["typical"],
            largest=1 / answers(p)["largest"],
        ),
    ),
    Misconception(
        "slope without sign",
        "The curve falls, so its slope is negative.",
        "Which way does the line go when the batch grows?",
        "",
        lambda p: _partly(slope=-answers(p)["slope"]),
    ),
    Misconception(
        "slope of the root",
        "That is the slope of the typical error; the table holds squares.",
        "What does a root do to a power of B?",
        "M12",
        lambda p: _partly(slope=answers(p)["slope"] / 2),
    ),
    Misconception(
        "slope without logarithms",
        "The difference of the errors was divided by the difference of the batch sizes. On log "
        "axes both are logarithms.",
        "How far apart are 1 and 4 on a logarithmic axis?",
        "",
        lambda p: _partly(slope=(_at(p, STEP) - _at(p, 1)) / (STEP - 1)),
    ),
    Misconception(
        "the law to the end",
        "That is the batch size itself: the rule 1/B for images drawn with replacement. This table "
        "was measured as a loader deals, without replacement.",
        "What does the table say, and how much of the data is in such a batch?",
        "M12",
        lambda p: _partly(largest=p["sizes"][-1]),
    ),
    Misconception(
        "noise never vanishes",
        "That is the rule 1/B carried on to the full batch. But a batch that holds every image has "
        "the full gradient.",
        "Which images could the batch of all images miss?",
        "M12",
        lambda p: _partly(full=_at(p, 1) / p["n"]),
    ),
    Misconception(
        "called better images",
        "Each image tells the same in any batch.",
        "How does the batch differ from the whole data set when it holds half of it?",
        "",
        lambda p: _partly(why=1),
    ),
    Misconception(
        "called luck",
        "Every entry is an average over many draws; luck is averaged out.",
        "How does the batch differ from the whole data set when it holds half of it?",
        "",
        lambda p: _partly(why=2),
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw one of the stored curves; the full batch stays out of its table."""
    curves = [curve for curve in load("gradient_noise")["curves"] if _off_the_rule(curve)]
    curve = curves[int(rng.integers(len(curves)))]
    p = {
        "n": curve["n"],
        "sizes": np.array(curve["batch_sizes"][:-1]),
        "error": np.array(curve["mean_squared_error"][:-1]),
    }
    return [Case("your curve", (p,))]


def _off_the_rule(curve: Mapping) -> bool:
    """Say whether reading the table gives something else than the rule 1/B, beyond tolerance."""
    place = curve["batch_sizes"].index(STEP)
    factor = curve["mean_squared_error"][0] / curve["mean_squared_error"][place]
    return abs(np.sqrt(factor / STEP) - 1) > 0.012


def _question(p: Mapping) -> str:
    rows = "\n".join(f"| {b} | {e:.4g} |" for b, e in zip(p["sizes"], p["error"], strict=True))
    return (
        f"A small net and **{p['n']} digits**. For each batch size the gradient of many batches, "
        f"drawn without replacement, was compared with the gradient of all {p['n']}. The table "
        f"holds the mean of the squared distances. Give three digits.\n\n"
        f"| batch size B | mean squared error |\n|---|---|\n{rows}\n| {p['n']} | ? |\n"
    )


FORM = Form(
    question=_question,
    fields=(
        Number("squared", f"From B = 1 to B = {STEP} the mean squared error is divided by", 0.01),
        Number("slope", f"Its slope from B = 1 to B = {STEP}, both axes logarithmic", 0.01),
        Number("largest", "From B = 1 to the last B with an entry it is divided by", 0.01),
        Choice("why", "Why is that factor larger than B itself?", REASONS),
        Number("full", "The entry for the question mark", atol=1e-3),
        Number("typical", f"Back to B = {STEP}: the typical error, the root, is divided by", 0.01),
    ),
    confidence=True,
)

TASK = form_task(
    FORM,
    id="1.4",
    title="noise ruler",
    entry="noise_ruler",
    objective="Read and predict gradient noise from the batch size",
    minutes=8,
    params="curve",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Divide entries of the table first. For the slope take the logarithm of both, of the "
        "errors' ratio and of the batch sizes' ratio.",
        "The mean squared error of a batch drawn without replacement is that of one image, times "
        "(n − B) / (B (n − 1)). What becomes of it for small B, and for B = n?",
        "If the table said 8 at B = 1 and 1.9 at B = 4: the factor is 8/1.9 = 4.21, its root 2.05, "
        "the slope log(1.9/8)/log(4) = −1.04. Now use your own numbers.",
    ),
    graded=False,
)
