"""1.1: count updates and batches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return the counts for n images, a batch size and a number of epochs."""
    n, size, epochs = p["n"], p["batch_size"], p["epochs"]
    updates = -(-n // size)
    return _partly(
        updates=updates,
        last=n % size or size,
        dropped=n // size,
        total=epochs * updates,
        alone=_smallest_divisor(n - 1),
    )


def _partly(**changes: int) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in changes.items()}


def _smallest_divisor(n: int, above: int = 1) -> int:
    """Return the smallest divisor above a number."""
    return next(k for k in range(above + 1, n + 1) if n % k == 0)


MISCONCEPTIONS = (
    Misconception(
        "floored",
        "The left-over images are forgotten: only full batches are counted.",
        "How many images have had no turn when all full batches are through?",
        "",
        lambda p: _partly(
            updates=p["n"] // p["batch_size"], total=p["epochs"] * (p["n"] // p["batch_size"])
        ),
    ),
    Misconception(
        "floored once",
        "The left-over images are forgotten here: they make one more update.",
        "How many images have had no turn when all full batches are through?",
        "",
        lambda p: _partly(updates=p["n"] // p["batch_size"]),
    ),
    Misconception(
        "dropped in the total",
        "The short batches are missing from the total; they are kept there.",
        "How many updates did you count for one epoch, and how many epochs are there?",
        "",
        lambda p: _partly(total=p["epochs"] * (p["n"] // p["batch_size"])),
    ),
    Misconception(
        "not rounded",
        "That is the quotient. An update is made or not: the images that are left over make one "
        "more, or none.",
        "What happens with the images behind the point?",
        "",
        lambda p: _partly(
            updates=p["n"] / p["batch_size"],
            dropped=p["n"] / p["batch_size"],
            total=p["epochs"] * p["n"] / p["batch_size"],
        ),
    ),
    Misconception(
        "nothing dropped",
        "The short batch is counted although it is dropped.",
        "Which batches are left when only full ones are used?",
        "",
        lambda p: _partly(dropped=-(-p["n"] // p["batch_size"])),
    ),
    Misconception(
        "one update per epoch",
        "One update for each epoch: that is what a batch of all images would give.",
        "When do the weights change: after the epoch, or after each batch?",
        "",
        lambda p: _partly(updates=1, dropped=1, total=p["epochs"]),
    ),
    Misconception(
        "one update per image",
        "One update for each image: that is what batches of one would give.",
        "How many images does one update use?",
        "",
        lambda p: _partly(updates=p["n"], dropped=p["n"], total=p["epochs"] * p["n"]),
    ),
    Misconception(
        "batch size for number of batches",
        "That is the number of images in a batch, not the number of batches.",
        "If you had twice as many images, would this number change?",
        "",
        lambda p: _partly(updates=p["batch_size"], dropped=p["batch_size"]),
    ),
    Misconception(
        "a full last batch",
        "The last batch is counted as if it were full.",
        "How many images do the full batches use up?",
        "",
        lambda p: _partly(last=p["batch_size"]),
    ),
    Misconception(
        "what is missing",
        "That is how many images are missing from the last batch, not how many are in it.",
        "How many images do the full batches use up, and how many are left?",
        "",
        lambda p: _partly(last=p["batch_size"] - p["n"] % p["batch_size"]),
    ),
    Misconception(
        "one epoch only",
        "That is the count for one epoch.",
        "What happens after the first epoch?",
        "",
        lambda p: _partly(total=-(-p["n"] // p["batch_size"])),
    ),
    Misconception(
        "epochs run together",
        "All epochs were cut as if they were one long row. Each epoch is dealt anew, and each "
        "has a short batch of its own.",
        "Where does the first epoch end, inside a batch or with one?",
        "",
        lambda p: _partly(total=-(-p["n"] * p["epochs"] // p["batch_size"])),
    ),
    Misconception(
        "a batch size without rest",
        "This batch size divides the number of images: nothing is left over.",
        "How many images must the full batches hold together so that one is left?",
        "",
        lambda p: _partly(alone=_smallest_divisor(p["n"])),
    ),
    Misconception(
        "not the smallest",
        "This batch size does leave one image alone, but a smaller one does so too.",
        "Which smaller numbers divide n − 1?",
        "",
        lambda p: _partly(alone=p["n"] - 1),
    ),
    Misconception(
        "a larger divisor",
        "This batch size does leave one image alone, but it is not the smallest that does.",
        "Which numbers divide n − 1?",
        "",
        lambda p: _partly(alone=_smallest_divisor(p["n"] - 1, above=_smallest_divisor(p["n"] - 1))),
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw counts on which no two mistakes of one field agree."""
    while True:
        p = {
            "n": int(rng.integers(120, 900)),
            "batch_size": int(rng.integers(12, 65)),
            "epochs": int(rng.integers(3, 8)),
        }
        if _tells_apart(p):
            return [Case("your images", (p,))]


def _tells_apart(p: Mapping) -> bool:
    n, size = p["n"], p["batch_size"]
    alone = _smallest_divisor(n - 1)
    # n − 1 has at least three divisors above 1, so that "the smallest" says something.
    several = alone < n - 1 and _smallest_divisor(n - 1, above=alone) < n - 1
    if not (1 < n % size < size - 1 and 2 < alone < 40 and n // size > 4 and several):
        return False
    right = answers(p)
    for name, value in right.items():
        # Who forgets the rest in both fields has these numbers too; both fields tell them apart.
        bank = [m for m in MISCONCEPTIONS if m.key not in ("floored once", "dropped in the total")]
        told = [float(w[name]) for m in bank if name in (w := m.wrong(p))]
        if len({float(value), *told}) < 1 + len(told):
            return False
    return True


def _count(name: str, asks: str) -> Number:
    return Number(name, asks, rtol=0, atol=0, low=0)


FORM = Form(
    question=lambda p: (
        f"You have **{p['n']} images** and a batch size of **{p['batch_size']}**, and train for "
        f"**{p['epochs']} epochs**. Each epoch is shuffled and dealt anew. The last question asks "
        f"for another batch size."
    ),
    fields=(
        _count("updates", "Updates in one epoch, if the short batch is kept"),
        _count("last", "Images in that short batch"),
        _count("dropped", "Updates in one epoch, if the short batch is dropped"),
        _count("total", "Updates in all epochs together, if the short batch is kept"),
        _count("alone", "The smallest batch size above 1 that leaves one image alone"),
    ),
)

TASK = form_task(
    FORM,
    id="1.1",
    title="deal the deck",
    entry="deal_count",
    objective="Count updates, epochs and what is left over",
    minutes=5,
    params="counts",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Deal the images into rows of one batch each. How many rows are full, and what is in the "
        "last one?",
        "Write n = q · B + r. There are q full batches and, if r is not 0 and nothing is dropped, "
        "one more of r images. For the last question r must be 1.",
        "For 12 images in batches of 5: 12 = 2 · 5 + 2, so 3 updates (2 if the rest is dropped), "
        "the last with 2 images; 4 epochs are 12 updates. One image is left alone when B divides "
        "12 − 1 = 11: the smallest such B above 1 is 11.",
    ),
)
