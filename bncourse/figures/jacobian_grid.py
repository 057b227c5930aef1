"""All pushes at once: the Jacobian of x_hat with respect to x on five samples, as a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import svg

from bncourse.figures.drawing import arrow, box, document, group, strokes, words
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, HEAD, INK, PAPER, QUIET, number, numbers
from bncourse.layers.batch_norm import batchnorm_backward, batchnorm_forward

SAMPLES = (1.0, 3.0, 5.0, 7.0, 9.0)
PUSHED = 0  # the sample whose output is pushed in the lesson

WIDTH, HEIGHT = 880, 372
LEFT, TOP = 76, 84  # corner of the grid
WIDE, TALL = 78, 48  # of a cell
SIDE = 604  # x of the text
PALE = "#CFE3F2"  # blue, light enough for text on it


def jacobian(x: Sequence[float]) -> np.ndarray:
    """Return sd · dx_hat/dx of one feature, (m, m), eps = 0: row i holds sd · dx_i for each dy.

    Column j is what ``batchnorm_backward`` makes of dy = 1 for sample j and 0 for the others. The
    matrix is symmetric, so rows and columns may change places.
    """
    m = len(x)
    # Every column is the same feature, with a push of its own.
    copies = np.repeat(np.asarray(x, dtype=float)[:, None], m, axis=1)
    _, cache = batchnorm_forward(copies, np.ones(m), np.zeros(m), eps=0.0)
    dx, _, _ = batchnorm_backward(np.eye(m), cache)
    return dx / cache["inv_std"]


def jacobian_grid() -> Static:
    """Return the grid for (1, 3, 5, 7, 9) with its row sums, its rank and the pushed column."""
    matrix = jacobian(SAMPLES)
    x = np.array(SAMPLES)
    x_hat = (x - x.mean()) / x.std()
    m, rank = len(x), int(np.linalg.matrix_rank(matrix))
    sums, onto = matrix.sum(axis=1), matrix @ x_hat
    rows = "; ".join(f"({numbers(row)})" for row in matrix)
    pushed = f"S{PUSHED + 1}"
    caption = (
        f"sd · ∂x̂/∂x for x = ({numbers(x)}), sd {number(x.std())}, row by row: {rows}. Row sums: "
        f"({numbers(sums)}). Times x_hat = ({numbers(x_hat)}): ({numbers(onto)}). Rank {rank} of "
        f"{m}. A push at {pushed} alone reads column {pushed}: ({numbers(matrix[:, PUSHED])}), "
        f"so {pushed} keeps {number(100 * matrix[PUSHED, PUSHED])} %."
    )
    parts: list[svg.Element] = [
        words(LEFT + WIDE * m / 2, 22, "dy = 1 for one sample only", anchor="middle", bold=True),
        words(LEFT - 8, TOP - 12, "sd · dx", anchor="end", bold=True),
        words(LEFT + WIDE * m + 44, TOP - 12, "row sum", anchor="middle", colour=QUIET),
    ]
    for k in range(m):
        name, bold = f"S{k + 1}", k == PUSHED
        middle = TOP + TALL * (k + 0.5) + 6
        parts.append(words(LEFT + WIDE * (k + 0.5), TOP - 12, name, anchor="middle", bold=bold))
        parts.append(words(LEFT - 12, middle, name, anchor="end"))
        text = number(float(sums[k]))
        parts.append(words(LEFT + WIDE * m + 44, middle, text, anchor="middle", colour=QUIET))
        parts += [_cell(k, j, float(matrix[k, j])) for j in range(m)]
    column = LEFT + WIDE * PUSHED
    parts += [
        # Round the marked column and its name.
        svg.Rect(
            x=column, y=TOP - 30, width=WIDE, height=TALL * m + 30, fill="none", stroke=INK,
            stroke_width=3.5,
        ),
        arrow(column + WIDE / 2, TOP + TALL * m + 22, column + WIDE / 2, TOP + TALL * m + 3, INK),
        words(
            LEFT, TOP + TALL * m + 40,
            f"dy = ({numbers(np.eye(m)[PUSHED])}) reads this column: {pushed} keeps "
            f"{number(100 * matrix[PUSHED, PUSHED])} %", bold=True,
        ),
    ]  # fmt: skip
    parts += _side(matrix, sums, onto, rank)
    name = "The Jacobian of x_hat on five samples, times the standard deviation"
    return Static(document(WIDTH, HEIGHT, parts, name, caption), caption)


def _side(matrix: np.ndarray, sums: np.ndarray, onto: np.ndarray, rank: int) -> list[svg.Element]:
    """Write what the matrix does to all pushes, each line only if it holds."""
    m = len(matrix)
    parts: list[svg.Element] = [
        words(SIDE, 40, "J = sd · ∂x̂/∂x", size=HEAD, bold=True),
        words(SIDE, 70, f"rank {rank} = m - {m - rank}", size=HEAD),
    ]
    facts = (
        ("all dy equal: dx = 0", np.allclose(sums, 0)),
        ("dy = x̂: dx = 0", np.allclose(onto, 0)),
        ("applied twice as once: J J = J", np.allclose(matrix @ matrix, matrix)),
        ("symmetric: row S1 = column S1", np.allclose(matrix, matrix.T)),
    )
    held = [text for text, holds in facts if holds]
    parts += [words(SIDE, 100 + 24 * k, text) for k, text in enumerate(held)]
    keys = (
        (0.4, "plus: dx has the sign of dy"),
        (-0.4, "minus: against it"),
        (0.0, "0: no effect"),
    )
    for k, (value, text) in enumerate(keys):
        y = 220 + 34 * k
        parts += [*_fill(SIDE, y, 40, 24, value), words(SIDE + 50, y + 17, text)]
    return parts


def _cell(i: int, j: int, value: float) -> svg.G:
    x, y = LEFT + WIDE * j, TOP + TALL * i
    bare = [] if abs(value) < 1e-9 or value > 0 else [box(x + 16, y + 13, WIDE - 32, TALL - 26)]
    text = number(value)
    label = words(x + WIDE / 2, y + TALL / 2 + 6, text, size=HEAD, anchor="middle")
    return group([*_fill(x, y, WIDE, TALL, value), *bare, label])


def _fill(x: float, y: float, wide: float, tall: float, value: float) -> list[svg.Element]:
    """Fill a cell by sign: plain blue above 0, hatched below, white at 0."""
    if abs(value) < 1e-9:
        return [box(x, y, wide, tall, edge=QUIET)]
    if value > 0:
        return [box(x, y, wide, tall, fill=PALE, edge=QUIET)]
    slants = []
    for shift in range(8, int(wide + tall), 8):
        start, end = max(0, shift - tall), min(shift, wide)
        slants.append((x + start, y + shift - start, x + end, y + shift - end))
    return [box(x, y, wide, tall, fill=PAPER, edge=QUIET), strokes(slants, BATCH, 1.2)]
