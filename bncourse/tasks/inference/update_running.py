"""5.2: one step of a running average, by three conventions."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.inference.update_running_slips import MISCONCEPTIONS
from bncourse.tasks.inference.update_running_switches import update_running


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw averages of several shapes for each convention, and one that does not exist."""

    def draw(label, shape, momentum, convention, n=None, dtype=float, rtol=1e-7):
        running = rng.normal(2, 1, shape).astype(dtype)
        batch_stat = rng.normal(5, 2, shape).astype(dtype)
        return Case(label, (running, batch_stat, momentum, convention, n), rtol)

    def weight():
        return round(float(rng.uniform(0.2, 0.4)), 3)

    one, ten, four = np.array([1.0]), np.array([10.0]), np.array([4.0])
    unknown = (np.array([1.0, 2.0]), np.array([3.0, 5.0]), 0.1, "caffe", 3)
    return [
        Case("PyTorch's rule, one number", (one, ten, 0.1, "torch", None)),
        Case("Keras's rule, one number", (one, ten, 0.99, "keras", None)),
        Case("the third of three batches", (four, ten, 0.1, "cumulative", 3)),
        draw("PyTorch's rule, a table", (2, 3), weight(), "torch"),
        draw("Keras's rule, three axes", (3, 1, 2), 1 - weight(), "keras"),
        draw("the first batch of a plain average", (4,), 0.1, "cumulative", 1),
        draw("a plain average of many", (2, 2), 0.9, "cumulative", int(rng.integers(6, 12))),
        draw("momentum 0 by PyTorch's rule", (3,), 0.0, "torch"),
        draw("momentum 0 by Keras's rule", (3,), 0.0, "keras"),
        draw("PyTorch's rule, the number of batches is known too", (3,), weight(), "torch", 5),
        draw("Keras's rule, the number of batches is known too", (2,), 1 - weight(), "keras", 7),
        draw("shape ()", (), weight(), "torch"),
        draw("float32", (5,), 1 - weight(), "keras", dtype=np.float32, rtol=1e-4),
        Case("a convention that does not exist", unknown, raises="ValueError"),
    ]


def _branches(running, batch_stat, momentum, convention, n=None):
    if convention == "torch":
        return (1 - momentum) * running + momentum * batch_stat
    if convention == "keras":
        return momentum * running + (1 - momentum) * batch_stat
    if convention == "cumulative":
        return ((n - 1) * running + batch_stat) / n
    raise ValueError(f"unknown convention {convention!r}")


def _copied(running, batch_stat, momentum, convention, n=None):
    if convention not in {"torch", "keras", "cumulative"}:
        raise ValueError
    new = running.copy()
    share = {"torch": lambda: momentum, "keras": lambda: 1 - momentum, "cumulative": lambda: 1 / n}
    new += share[convention]() * (batch_stat - running)
    return new


def _flattened(running, batch_stat, momentum, convention, n=None):
    match convention:
        case "torch":
            a = momentum
        case "keras":
            a = 1 - momentum
        case "cumulative":
            a = 1 / n
        case other:
            raise ValueError(other)
    new = [(1 - a) * r + a * b for r, b in zip(running.flat, batch_stat.flat, strict=True)]
    return np.array(new, dtype=running.dtype).reshape(running.shape)


def _in_place(running, batch_stat, momentum, convention, n=None):
    new = update_running(running, batch_stat, momentum, convention, n)
    running *= 0
    running += new
    return running


def stub(running, batch_stat, momentum, convention, n=None):
    """The exercise as learners find it."""
    new = None
    return new


TASK = Task(
    id="5.2",
    title="three running averages",
    entry="update_running",
    objective="Tell the momentum of one library from that of another",
    minutes=10,
    params=("running", "batch_stat", "momentum", "convention", "n"),
    outputs=("new",),
    cases=cases,
    reference=update_running,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "All three are one formula, (1 − a) · old + a · new. Write down a for each convention "
        "first.",
        "PyTorch's momentum is the weight of the new value, Keras's that of the old one. In a "
        "plain average of n batches the newest counts like each of the n − 1 before it.",
        "With old = 4 and new = 10: PyTorch with 0.1 gives 0.9 · 4 + 0.1 · 10 = 4.6, Keras with "
        "0.99 gives 4.06. If 10 is the third batch and 4 is the mean of two, the mean of three is "
        "(4 + 4 + 10) / 3 = 6. For any other word: raise ValueError(…).",
    ),
    stub=stub,
    accepted=(_branches, _copied, _flattened),
    mistakes={"changes its input": _in_place},
    switchboard=update_running,
)
