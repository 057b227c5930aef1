"""7.4: how large is the gradient in each layer of a deep net?"""

from __future__ import annotations

import numpy as np

from bncourse.grading.handed import FUNCTION, hand_in_functions, norm_layer
from bncourse.grading.kinds import driven_task
from bncourse.grading.task import Case
from bncourse.layers.oracles import along_axis
from bncourse.tasks.why_it_works.gradient_norms_slips import MISCONCEPTIONS, gradient_norms

AXES = {"batch norm": 0, "layer norm": 1, "no norm": None}
KINK = 1e-4  # no z lies nearer to 0, where the slope of a ReLU is a matter of taste


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw nets of several depths, with and without a norm."""

    def draw(label, norm, depth, n, d):
        while True:
            weights = [rng.normal(0, np.sqrt(2 / d), (d, d)) for _ in range(depth)]
            x, dy = rng.normal(0, 1, (n, d)), rng.normal(0, 1, (n, d))
            if _apart_from_the_kink(norm_layer(along_axis, AXES[norm]), x, weights):
                break
        return Case(label, ({FUNCTION: norm, "axis": AXES[norm]}, x, weights, dy), rtol=1e-6)

    return [
        draw("one layer without a norm", "no norm", 1, 3, 2),
        draw("two layers without a norm", "no norm", 2, 4, 3),
        draw("two layers with batch norm", "batch norm", 2, 5, 3),
        draw("three layers with layer norm", "layer norm", 3, 4, 5),
        draw("six layers with batch norm", "batch norm", 6, 8, 6),
        draw("as many samples as units", "batch norm", 3, 6, 6),
    ]


def _apart_from_the_kink(norm, x, weights):
    """Say whether every ReLU sees numbers that are plainly above or below 0.

    Behind a sample whose units are all dead every z is exactly 0 without a norm.
    """
    h = x
    for W in weights:
        z, _ = norm(h @ W)
        if np.abs(z).min() < KINK:
            return False
        h = np.maximum(z, 0)
    return True


def _recursive(norm, x, weights, dy):
    def down(h, rest):
        if not rest:
            return [(dy * dy).sum()], dy
        z, back = norm(h @ rest[0])
        squares, dh = down(np.where(z > 0, z, 0), rest[1:])
        below = back(np.where(z > 0, dh, 0)) @ rest[0].T
        return [np.square(below).sum(), *squares], below

    return down(x, list(weights))[0]


def _filled(norm, x, weights, dy):
    depth = len(weights)
    zs, backs, h = [], [], x
    for k in range(depth):
        z, back = norm(h @ weights[k])
        zs.append(z)
        backs.append(back)
        h = z * (z > 0)
    squares = np.zeros(depth + 1)
    squares[-1] = np.linalg.norm(dy) ** 2
    dh = dy.copy()
    for k in range(depth - 1, -1, -1):
        dh = np.einsum("nj,ij->ni", backs[k](dh * (zs[k] > 0)), weights[k])
        squares[k] = np.linalg.norm(dh) ** 2
    return squares


def _open_at_zero(norm, x, weights, dy):
    hs, tape = [x], []
    for W in weights:
        z, back = norm(hs[-1] @ W)
        tape.append((z >= 0, back, W))
        hs.append(np.where(z >= 0, z, 0))
    squares = {len(weights): float((dy**2).sum())}
    for k, (is_open, back, W) in reversed(list(enumerate(tape))):
        dy = back(np.where(is_open, dy, 0)).dot(W.T)
        squares[k] = float((dy**2).sum())
    return [squares[k] for k in sorted(squares)]


def stub(norm, x, weights, dy):
    """The exercise as learners find it."""
    squares = None
    return squares


TASK = driven_task(
    hand_in_functions,
    oracle=along_axis,
    id="7.4",
    title="the gradient in every layer",
    entry="gradient_norms",
    objective="Follow the size of the gradient through a deep net",
    minutes=25,
    params=("norm", "x", "weights", "dy"),
    outputs=("squares",),
    cases=cases,
    reference=gradient_norms,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Two loops: one forwards, that keeps what the other one needs, and one backwards. What "
        "does each backward step need from its forward step?",
        "A layer is three steps: a = h @ W, then z from norm(a), then the ReLU. Backwards they "
        "come in the opposite order: the ReLU lets through where z > 0, back turns dz into da, and "
        "da @ W.T is the gradient of h. Start the list with that of dy.",
        "With one layer: z, back = norm(x @ W); dh = back(dy * (z > 0)) @ W.T; the squares are "
        "[(dh**2).sum(), (dy**2).sum()], the input's first. For more layers keep each z, back and "
        "W in a list and walk through reversed(list).",
    ),
    stub=stub,
    accepted=(_recursive, _filled, _open_at_zero),
    switchboard=gradient_norms,
)
