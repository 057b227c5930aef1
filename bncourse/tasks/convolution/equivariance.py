"""6.4: does a norm mind where things are?"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from bncourse.grading.answers import AnswerError
from bncourse.grading.kinds import driven_task
from bncourse.grading.norms import hand_in_norm
from bncourse.grading.task import Case
from bncourse.layers.oracles import by_labels
from bncourse.tasks.convolution.equivariance_slips import MISCONCEPTIONS, equivariance_gap

# Ways of taking the largest difference that overlook some of them.
PARTS = (
    "signed",
    "signed, the other way",
    "first image",
    "first channel",
    "last channel",
    "first row",
    "of sizes",
)
ROUNDING = 1e-9  # a gap below this is what rounding leaves


def measure(got, norm, x, shift):
    """Return the gap with what rounding leaves of nothing shown as 0."""
    gap = got["gap"]
    if gap.size != 1:
        raise AnswerError(f"gap should be one number; an array of shape {gap.shape} came.")
    gap = gap.reshape(())
    # not-a-number is no small gap
    return {"gap (rounding shown as 0)": np.where(np.abs(gap) < ROUNDING, 0, gap)}


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw maps, norms and shifts; half of the norms do not mind the shift."""

    def draw(label, shape, shift, own):
        x = rng.normal(0, 1, shape) * rng.uniform(0.5, 2, (1, shape[1], 1, 1))
        x = x + rng.normal(0, 1, (1, *shape[1:])) + rng.normal(0, 1, (shape[0], 1, 1, 1))
        return Case(label, (labels(shape, own), x, shift))

    while True:
        drawn = [
            draw("a norm per activation, the image moved down", (3, 2, 3, 4), (1, 0), "CHW"),
            draw("a norm per activation, moved up and to the right", (2, 3, 4, 5), (-1, 2), "CHW"),
            draw("batch norm for maps, moved down and to the right", (3, 2, 4, 5), (1, 2), "C"),
            draw("each image by itself, moved down and to the left", (2, 3, 5, 4), (2, -1), "NC"),
            draw("a fourth norm, the image moved down", (2, 3, 5, 4), (2, 0), "CW"),
            draw("a fourth norm, the image moved to the right", (2, 3, 4, 5), (0, 2), "CW"),
            draw("a fifth norm, the image moved to the right", (3, 2, 5, 3), (0, 1), "H"),
            draw("a norm per activation, not moved at all", (2, 2, 3, 3), (0, 0), "CHW"),
        ]
        if _tell_apart(drawn):
            return drawn


def labels(shape, own):
    """Label the cells of (N, C, H, W): those that agree on all axes in ``own`` share a mean."""
    places = dict(zip("NCHW", np.indices(shape), strict=True))
    sizes = dict(zip("NCHW", shape, strict=True))
    out = np.zeros(shape, dtype=int)
    for letter in own:
        out = out * sizes[letter] + places[letter]
    return out


def _tell_apart(drawn: list[Case]) -> bool:
    """Say whether no two ways of taking the largest difference agree on every case."""
    gaps = [
        np.array([TASK.switchboard(*case.args, largest=way) for case in drawn])
        for way in ("size", *PARTS)
    ]
    return all(np.abs(a - b).max() > 1e-3 for a, b in combinations(gaps, 2))


def _loops(norm, x, shift):
    def moved(a):
        out = np.empty_like(a)
        height, width = a.shape[2:]
        for i in range(height):
            for j in range(width):
                out[:, :, (i + shift[0]) % height, (j + shift[1]) % width] = a[:, :, i, j]
        return out

    return float(np.max(np.abs(moved(norm(x)) - norm(moved(x)))))


def _one_axis_after_the_other(norm, x, shift):
    first = np.roll(np.roll(norm(x), shift[0], 2), shift[1], 3)
    then = norm(np.roll(np.roll(x, shift[0], -2), shift[1], -1))
    return abs(then - first).max()


def _moved_back(norm, x, shift):
    dh, dw = shift
    there = norm(np.roll(x, (dh, dw), (2, 3)))
    gap = np.roll(there, (-dh, -dw), (2, 3)) - norm(x)
    return np.linalg.norm(gap.ravel(), np.inf)


def stub(norm, x, shift):
    """The exercise as learners find it."""
    gap = None
    return gap


TASK = driven_task(
    hand_in_norm,
    oracle=by_labels,
    id="6.4",
    title="does the norm mind?",
    entry="equivariance_gap",
    objective="Test whether a norm treats all places of a map alike",
    minutes=12,
    params=("norm", "x", "shift"),
    outputs=("gap",),
    cases=cases,
    reference=equivariance_gap,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "There are two ways to get a moved, normalised map. Write both down, one line each; what "
        "is the first thing that each line does?",
        "One way normalises and then moves, the other moves and then normalises. Both move in the "
        "same direction, along H and W. The answer is the largest size of a difference.",
        "For a series (N, C, L): first = np.roll(norm(x), d, axis=2), then = norm(np.roll(x, d, "
        "axis=2)), and the gap is abs(first - then).max(). np.roll takes a tuple of shifts with a "
        "tuple of axes.",
    ),
    stub=stub,
    measure=measure,
    accepted=(_loops, _one_axis_after_the_other, _moved_back),
    switchboard=equivariance_gap,
)
