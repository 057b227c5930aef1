"""9.6: write RMSNorm."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.layer_norm.eps_slips import RMS_EPS
from bncourse.tasks.layer_norm.rms_others import OTHERS
from bncourse.tasks.layer_norm.rms_slips import SLIPS, rms
from bncourse.tasks.layer_norm.sequence_slips import RMS


def reference(x, gamma, eps):
    """RMSNorm, one vector after the other (Zhang & Sennrich 2019, eq. 4)."""
    y = np.empty_like(x)
    for place in np.ndindex(x.shape[:-1]):
        row = x[place]
        y[place] = gamma * row / np.sqrt(row @ row / row.dtype.type(row.size) + eps)
    return y


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw inputs of one to four axes, with and without a mean of their own."""

    def draw(label, shape, eps, *, mean=1.5, sd=2.0, rtol=1e-7, strided=False, dtype=float):
        h = shape[-1]
        x = rng.normal(mean, sd, shape) * rng.uniform(0.5, 2, (*shape[:-1], 1))
        gamma = rng.choice([-1, 1], h) * rng.uniform(0.5, 2, h)
        return Case(label, (x.astype(dtype), gamma.astype(dtype), eps), rtol, strided)

    level = draw("rows with mean 0", (3, 4), 1e-2)
    level.args[0][...] -= level.args[0].mean(axis=-1, keepdims=True)
    zeros = draw("a row of zeros", (2, 3), 1e-5)
    zeros.args[0][1] = 0.0
    equal = draw("a row of equal numbers", (2, 4), 1e-4)
    equal.args[0][0] = 3.0
    return [
        Case("the row 3 4", (np.array([[3.0, 4.0]]), np.ones(2), 1e-5)),
        level,
        draw("one vector, without a batch", (4,), 1e-2),
        draw("three samples, five units", (3, 5), 1e-2),
        draw("as many samples as units", (3, 3), 1e-2),
        draw("one unit", (3, 1), 1e-2),
        draw("a large eps", (2, 3), 1.0, mean=0.1, sd=0.2),
        equal,
        zeros,
        draw("very small numbers", (2, 6), 1e-5, mean=5e-4, sd=1e-3),
        draw("sequences (N, T, H)", (2, 4, 3), 1e-3),
        draw("four axes, not contiguous", (2, 3, 2, 5), 1e-5, strided=True),
        draw("float32", (5, 11), 1e-5, rtol=1e-4, dtype=np.float32),
    ]


def _by_length(x, gamma, eps):
    h = x.shape[-1]
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return gamma * x * (length**2 / h + eps) ** -0.5


def _einsum(x, gamma, eps):
    mean_square = np.einsum("...h,...h->...", x, x)[..., None] / x.shape[-1]
    return np.einsum("...h,h->...h", x / np.sqrt(mean_square + eps), gamma)


def _by_variance(x, gamma, eps):
    size = x.var(axis=-1, keepdims=True) + x.mean(axis=-1, keepdims=True) ** 2
    return x / np.sqrt(size + eps) * gamma


def _scalars(x, gamma, eps):
    rows = []
    for row in x.reshape(-1, len(gamma)):
        size = (sum(float(v) ** 2 for v in row) / len(row) + eps) ** 0.5
        rows.append([g * v / size for v, g in zip(row, gamma, strict=True)])
    return np.array(rows, x.dtype).reshape(x.shape)


def _in_place(x, gamma, eps):
    x /= np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
    return gamma * x


def stub(x, gamma, eps):
    """The exercise as learners find it."""
    y = None
    return y


TASK = Task(
    id="9.6",
    title="without the mean",
    entry="rms_norm",
    objective="Write RMSNorm and say when it is layer norm",
    minutes=8,
    params=("x", "gamma", "eps"),
    outputs=("y",),
    cases=cases,
    reference=reference,
    misconceptions=SLIPS + OTHERS + (RMS, RMS_EPS),
    hints=(
        "Read the name from its end: square, mean, root. Which of the steps of layer norm are "
        "left, and which are gone?",
        "The squares of x itself are averaged over the last axis; eps joins that average, under "
        "the root. No mean of x is taken anywhere, and there is no beta.",
        "By hand, for (3, 4): the squares are 9 and 16, their mean is 12.5, the root of it 3.536. "
        "3 / 3.536 = 0.849. With arrays: x ** 2, averaged with axis=-1 and keepdims=True.",
    ),
    stub=stub,
    accepted=(_by_length, _einsum, _by_variance, _scalars),
    mistakes={"changes its input": _in_place},
    switchboard=rms,
)
