"""10.1: which entries of (N, C, H, W) share a mean with a given one?"""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.group_norm.stat_mask_slips import MISCONCEPTIONS
from bncourse.tasks.group_norm.stat_mask_switches import stat_mask


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw shapes and entries.

    No two places of an index that could be exchanged are equal, and the sample is not the first,
    so that taking another entry shows on every draw. A group's number and its size differ where
    it matters.
    """

    def draw(kind, shape, groups, label="", **rest):
        index = (_grouped if kind == "group" else _apart)(rng, shape, groups)
        return Case(label or f"{kind}, groups = {groups}", (kind, index, shape, groups), **rest)

    h, w = (int(k) for k in rng.permutation([4, 5]))
    return [
        Case("one pixel, two groups of four channels", ("group", (0, 5, 0, 0), (1, 8, 1, 1), 2)),
        draw("batch", (4, 6, h, w), 2),
        draw("layer", (4, 6, h, w), 2),
        draw("layer last", (4, 6, h, w), 2),
        draw("instance", (4, 6, h, w), 2),
        draw("group", (2, 6, 2, 3), 2),
        draw("group", (2, 6, 3, 2), 3),
        draw("group", (3, 12, 2, 3), 4),
        draw("group", (3, 5, 2, 3), 1),
        draw("group", (3, 5, 3, 2), 5),
        draw("batch", (3, 6, 3, 4), 4, "batch, where 4 groups would not divide 6 channels"),
        draw("layer", (3, 6, 3, 4), 4, "layer, where 4 groups would not divide 6 channels"),
        draw("layer last", (3, 6, 4, 3), 4, "layer last, where 4 does not divide 6"),
        draw("instance", (3, 6, 3, 4), 4, "instance, where 4 does not divide 6"),
        draw("group", (2, 6, 2, 3), 4, "4 groups of 6 channels", raises="ValueError"),
        draw("group", (2, 7, 2, 3), 3, "3 groups of 7 channels", raises="ValueError"),
    ]


def _apart(rng, shape, _):
    """Return an index whose c, h and w all differ, and which is in range in any order."""
    least = min(shape)
    c, h, w = (int(k) for k in rng.permutation(np.arange(least)[-3:]))
    n = int(rng.choice([n for n in range(1, least) if n != c]))
    return n, c, h, w


def _grouped(rng, shape, groups):
    """Return an index that is first in no group, nor in a group of another size."""
    size = max(shape[1] // groups, 1)
    inner = [c for c in range(shape[1]) if c % size and c % groups] or [shape[1] - 1]
    # Of many channels one that is neither in the first group nor in the last, nor in that of the
    # number c % groups.
    far = [c for c in inner if c // size not in (0, c % groups) and c + size < shape[1]]
    h, w = (int(k) for k in rng.permutation(2))
    return int(rng.integers(1, shape[0])), int(rng.choice(far or inner)), h, w


def _grid(kind, index, shape, groups):
    n, c, h, w = np.indices(shape)
    i, j, k, m = index
    if kind == "batch":
        return c == j
    if kind == "layer":
        return n == i
    if kind == "layer last":
        return (n == i) & (h == k) & (w == m)
    if kind == "instance":
        return (n == i) & (c == j)
    if shape[1] % groups != 0:
        raise ValueError("groups")
    size = shape[1] // groups
    return (n == i) & (c // size == j // size)


def _loops(kind, index, shape, groups):
    if kind == "group" and shape[1] % groups:
        raise ValueError(f"{groups} groups of {shape[1]} channels")
    mask = np.zeros(shape, dtype=bool)
    for place in np.ndindex(*shape):
        a, b = list(place), list(index)
        if kind == "group":
            a[1], b[1] = (v[1] * groups // shape[1] for v in (a, b))
        keep = {"batch": [1], "layer": [0], "instance": [0, 1], "group": [0, 1]}
        mask[place] = all(a[k] == b[k] for k in keep.get(kind, [0, 2, 3]))
    return mask


def _labels(kind, index, shape, groups):
    """Number the sets and compare: a label for each entry, as in group norm's reshape."""
    n, c, h, w = shape
    if kind == "group":
        if c % groups:
            raise ValueError
        view = np.zeros((n, groups, c // groups, h, w), int)
        view[...] = np.arange(n * groups).reshape(n, groups, 1, 1, 1)
        labels = view.reshape(shape)
    else:
        own = {"batch": (1,), "layer": (0,), "layer last": (0, 2, 3), "instance": (0, 1)}[kind]
        sizes = [shape[k] if k in own else 1 for k in range(4)]
        labels = np.broadcast_to(np.arange(np.prod(sizes)).reshape(sizes), shape)
    return labels == labels[tuple(index)]


def stub(kind, index, shape, groups):
    """The exercise as learners find it."""
    mask = None
    return mask


TASK = Task(
    id="10.1",
    title="who shares my mean?",
    entry="stat_mask",
    objective="Say which entries share a mean, for each norm of the course",
    minutes=15,
    params=("kind", "index", "shape", "groups"),
    outputs=("mask",),
    cases=cases,
    reference=stat_mask,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Go through n, c, h and w for each kind: must an entry have the same one to share the "
        "mean, or may it have any?",
        "Start with np.zeros(shape, dtype=bool) and set a slice to True: a colon where an entry "
        "may have any value, the index where it must be the same. For a group, a range of channels "
        "stands in the second place.",
        "For series (N, C, L), mask[:, c, :] = True would be batch norm. With 12 channels in 3 "
        "groups a group has 4 channels: 0–3, 4–7, 8–11. Channel 6 is in group 6 // 4 = 1, which "
        "begins at 1 · 4 and ends before 2 · 4. And 12 % 3 tells whether they come out even.",
    ),
    stub=stub,
    accepted=(_grid, _loops, _labels),
    switchboard=stat_mask,
)
