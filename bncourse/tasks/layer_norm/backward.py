"""9.3: the backward pass of layer norm."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.layer_norm.backward_board import backward
from bncourse.tasks.layer_norm.backward_others import OTHERS
from bncourse.tasks.layer_norm.backward_parameters import PARAMETERS
from bncourse.tasks.layer_norm.backward_slips import SLIPS
from bncourse.tasks.layer_norm.sequence_slips import BACKWARD
from bncourse.tasks.layer_norm.unsummed_slips import UNSUMMED


def reference(dy, cache):
    """The backward pass, one vector after the other, by the Jacobian of each."""
    x_hat, inv_std, gamma = cache["x_hat"], cache["inv_std"], cache["gamma"]
    h = len(gamma)
    dx, dgamma, dbeta = np.empty_like(dy), np.zeros_like(gamma), np.zeros_like(gamma)
    for place in np.ndindex(dy.shape[:-1]):
        z = x_hat[place]
        jacobian = np.eye(h, dtype=z.dtype) - (1 + np.outer(z, z)) / z.dtype.type(h)
        jacobian[np.abs(jacobian) < 1e-15] = 0  # so that 0 is shown, not what rounding leaves
        dx[place] = inv_std[place] * (jacobian @ (gamma * dy[place]))
        dgamma += dy[place] * z
        dbeta += dy[place]
    return dx, dgamma, dbeta


def made_cache(x, gamma, eps):
    """Return the cache of a forward pass: x_hat (..., H), inv_std (..., 1) and gamma (H,)."""
    inv_std = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    x_hat = (x - x.mean(axis=-1, keepdims=True)) * inv_std
    return {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw rows of odd lengths, with gamma of both signs, a zero in it, and a large eps."""

    def draw(label, shape, eps, *, rtol=1e-7, strided=False, dtype=float):
        h = shape[-1]
        x = rng.normal(1, 2, shape) * rng.uniform(0.5, 2, (*shape[:-1], 1))
        gamma = rng.choice([-1, 1], h) * rng.uniform(0.5, 2, h)
        gamma[0] = abs(gamma[0])
        gamma[1] = -abs(gamma[1])
        cache = made_cache(x, gamma, eps)
        dy = rng.normal(0.5, 1, shape).astype(dtype)
        return Case(label, (dy, {k: v.astype(dtype) for k, v in cache.items()}), rtol, strided)

    five = np.array([[1.0, 3.0, 5.0, 7.0, 9.0]])
    push = np.array([[1.0, 0.0, 0.0, 0.0, 0.0]])
    dead = draw("gamma = 0 for one unit", (4, 3), 1e-2)
    dead.args[1]["gamma"][2] = 0.0
    return [
        Case("1 3 5 7 9, gamma 2 for all", (push, made_cache(five, np.full(5, 2.0), 0.0))),
        draw("one vector, without a batch", (4,), 1e-2),
        draw("two samples, three units", (2, 3), 1e-2),
        draw("as many samples as units", (4, 4), 1.0),
        draw("more samples than units", (7, 3), 1e-5),
        dead,
        draw("sequences (N, T, H)", (2, 3, 4), 1e-1),
        draw("four axes, not contiguous", (3, 2, 2, 5), 1e-2, strided=True),
        draw("float32", (6, 12), 1e-5, rtol=1e-4, dtype=np.float32),
    ]


def _closed(dy, cache):
    x_hat, d = cache["x_hat"], dy * cache["gamma"]
    along = (d * x_hat).mean(axis=-1, keepdims=True)
    dx = cache["inv_std"] * (d - d.mean(axis=-1, keepdims=True) - x_hat * along)
    axes = tuple(range(dy.ndim - 1))
    return dx, (dy * x_hat).sum(axis=axes), dy.sum(axis=axes)


def _flat(dy, cache):
    h = dy.shape[-1]
    x_hat, flat = cache["x_hat"].reshape(-1, h), dy.reshape(-1, h)
    d = (flat * cache["gamma"]).T
    inner = h * d - d.sum(0) - x_hat.T * (d * x_hat.T).sum(0)
    dx = inner.T * cache["inv_std"].reshape(-1, 1) / h
    return dx.reshape(dy.shape), (flat * x_hat).sum(0), flat.sum(0)


def _staged(dy, cache):
    x_hat, inv_std = cache["x_hat"], cache["inv_std"]
    h, centred = dy.shape[-1], x_hat / inv_std
    dx_hat = dy * cache["gamma"]
    dvar = (dx_hat * centred * -0.5 * inv_std**3).sum(-1, keepdims=True)
    dmean = -(dx_hat * inv_std).sum(-1, keepdims=True)
    dx = dx_hat * inv_std + dvar * 2 * centred / h + dmean / h
    rows = np.ones(dy.size // h) @ np.stack([dy * x_hat, dy]).reshape(2, -1, h)
    return dx, *rows


def stub(dy, cache):
    """The exercise as learners find it."""
    dx = dgamma = dbeta = None
    return dx, dgamma, dbeta


TASK = Task(
    id="9.3",
    title="layer norm backwards",
    entry="layer_norm_backward",
    objective="Carry batch norm's backward pass over to the other axis",
    minutes=20,
    params=("dy", "cache"),
    outputs=("dx", "dgamma", "dbeta"),
    cases=cases,
    reference=reference,
    misconceptions=SLIPS + PARAMETERS + OTHERS + UNSUMMED + (BACKWARD,),
    hints=(
        "Take your batchnorm_backward of 4.4 and turn the table. Which of its sums run along the "
        "row now, and which still run over the samples?",
        "What is normalised together is projected together: along the last axis. gamma differs "
        "along that axis, so it cannot be taken out in front as in 4.4. Every vector uses gamma "
        "and beta, wherever it stands: their gradients are summed over all leading axes.",
        "Call what arrives at x_hat dx_hat = dy * gamma. dx is inv_std times (dx_hat minus two "
        "things); the first is dx_hat.mean(axis=-1, keepdims=True), the second lies along x_hat. "
        "The leading axes are tuple(range(dy.ndim - 1)).",
    ),
    stub=stub,
    accepted=(_closed, _flat, _staged),
    switchboard=backward,
)
