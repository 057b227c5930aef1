"""9.2: write layer norm for any leading shape."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.layer_norm.eps_slips import FORWARD_EPS
from bncourse.tasks.layer_norm.forward_board import normalised
from bncourse.tasks.layer_norm.forward_others import OTHERS
from bncourse.tasks.layer_norm.forward_slips import SLIPS
from bncourse.tasks.layer_norm.sequence_slips import FORWARD


def reference(x, gamma, beta, eps):
    """Layer norm, one vector after the other."""
    y = np.empty_like(x)
    for place in np.ndindex(x.shape[:-1]):
        row = x[place]
        centred = row - row.mean()
        centred = centred - centred.mean()
        y[place] = gamma * centred / np.sqrt((centred**2).mean() + eps) + beta
    return y


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw inputs of one to four axes on which every slip shows somewhere."""

    def draw(label, shape, eps, *, mean=2.0, sd=3.0, rtol=1e-4, strided=False, dtype=float):
        h = shape[-1]
        x = rng.normal(mean, sd, shape) * rng.uniform(0.5, 2, (*shape[:-1], 1))
        gamma = rng.choice([-1, 1], h) * rng.uniform(0.5, 2, h)
        args = tuple(a.astype(dtype) for a in (x, gamma, rng.normal(1, 1, h)))
        return Case(label, (*args, eps), rtol, strided)

    # The tolerance lets float32 pass where no digits are lost, so that it shows in one case alone;
    # two nearly equal units would lose some.
    two = draw("two units", (4, 2), 1e-5)
    two.args[0][:, 1] = two.args[0][:, 0] + rng.choice([-1, 1], 4) * rng.uniform(1, 6, 4)
    equal = draw("a row of equal numbers", (2, 4), 1e-5)
    equal.args[0][0] = 3.0
    # With a spread below eps, but not far below, all uses of eps differ.
    large = draw("a large eps", (2, 3), 1.0)
    large.args[0][...] *= 0.6 / large.args[0].std(axis=-1, keepdims=True)
    five = np.array([[1.0, 3.0, 5.0, 7.0, 9.0]])
    return [
        Case("the row 1 3 5 7 9", (five, np.ones(5), np.zeros(5), 1e-5)),
        draw("one vector, without a batch", (4,), 1e-2),
        draw("three samples, five units", (3, 5), 1e-2),
        draw("as many samples as units", (3, 3), 1e-2),
        two,
        draw("one unit", (3, 1), 1e-5),
        large,
        equal,
        draw("a very small spread", (2, 6), 1e-5, mean=0.0, sd=1e-3),
        draw("sequences (N, T, H)", (2, 4, 3), 1e-3),
        draw("four axes, not contiguous", (2, 3, 2, 5), 1e-5, strided=True),
        draw("float64 with an offset of 1e4", (5, 11), 1e-5, mean=1e4, sd=0.3),
        draw("float32 with an offset of 1e4", (5, 11), 1e-5, mean=1e4, sd=0.3, rtol=2e-2,
             dtype=np.float32),
    ]  # fmt: skip


def _scalars(x, gamma, beta, eps):
    rows = []
    for row in x.reshape(-1, x.shape[-1]):
        values = [float(v) for v in row]
        mean = sum(values) / len(values)
        sd = (sum((v - mean) ** 2 for v in values) / len(values) + eps) ** 0.5
        rows.append([g * (v - mean) / sd + b for v, g, b in zip(values, gamma, beta, strict=True)])
    return np.array(rows, x.dtype).reshape(x.shape)


def _transposed(x, gamma, beta, eps):
    t = np.moveaxis(x, -1, 0)
    return np.moveaxis((t - t.mean(0)) / np.sqrt(t.var(0) + eps), 0, -1) * gamma + beta


def _einsum(x, gamma, beta, eps):
    h = x.shape[-1]
    centred = x - (np.einsum("...h->...", x) / h)[..., None]
    var = np.einsum("...h,...h->...", centred, centred)[..., None] / h
    return np.multiply(centred * (var + eps) ** -0.5, gamma) + beta


def _along(x, gamma, beta, eps):
    def one(row):
        return (row - np.mean(row)) / np.sqrt(np.var(row) + eps)

    return beta + np.apply_along_axis(one, -1, x) * gamma


def _by_batch_norm(x, gamma, beta, eps):
    columns = x.reshape(-1, x.shape[-1]).T
    x_hat = (columns - columns.mean(axis=0)) / np.sqrt(columns.var(axis=0) + eps)
    return x_hat.T.reshape(x.shape) * gamma + beta


def _in_place(x, gamma, beta, eps):
    x -= x.mean(axis=-1, keepdims=True)
    return gamma * (x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)) + beta


def _one_pass(x, gamma, beta, eps):
    mean = x.mean(-1, keepdims=True)
    var = (x * x).mean(-1, keepdims=True) - mean * mean
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def _float32(x, gamma, beta, eps):
    x = x.astype(np.float32)
    centred = x - x.mean(axis=-1, keepdims=True)
    return gamma * centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps) + beta


def _one_pass_float32(x, gamma, beta, eps):
    return _one_pass(x.astype(np.float32), gamma, beta, eps)


def stub(x, gamma, beta, eps):
    """The exercise as learners find it."""
    y = None
    return y


TASK = Task(
    id="9.2",
    title="layer norm",
    entry="layer_norm",
    objective="Write layer norm for vectors behind any leading axes",
    minutes=12,
    params=("x", "gamma", "beta", "eps"),
    outputs=("y",),
    cases=cases,
    reference=reference,
    misconceptions=SLIPS + OTHERS + (FORWARD, FORWARD_EPS),
    hints=(
        "Look at the shapes first. x may be (N, H) or (N, T, H). How many means must there be, and "
        "which axis is gone when you have them?",
        "Every vector of H numbers is its own ruler: mean and variance over the last axis, "
        "whatever stands before it. NumPy counts axes from the right, too. Keep the axis, of "
        "length 1, so that each vector meets its own mean.",
        "For the mean: mean = x.mean(axis=-1, keepdims=True), of shape (..., 1). Do the same for "
        "the average of (x - mean) ** 2. eps joins that average, under the root; gamma and beta "
        "come last.",
    ),
    stub=stub,
    accepted=(_scalars, _transposed, _einsum, _along, _by_batch_norm),
    mistakes={
        "one-pass variance": _one_pass,
        "float32 inside": _float32,
        "one-pass variance in float32": _one_pass_float32,
        "changes its input": _in_place,
    },
    switchboard=normalised,
)
