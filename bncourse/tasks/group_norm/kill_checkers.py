"""Tests of batch norm layers as learners write them, with a switch for each blind spot."""

from __future__ import annotations

import numpy as np


def wide(v, x):
    """Return v (C,) in a shape that meets x (N, C) or (N, C, H, W)."""
    return np.reshape(v, (1, -1, *[1] * (x.ndim - 2)))


def axes_of(x):
    """Return all axes of x but that of its channels."""
    return (0, *range(2, x.ndim))


def expected(x, gamma, beta, eps, *, ddof=0, outside=False):
    """Return y, x_hat and the root that x was divided by, in training mode."""
    mean, var = (f(x, axis=axes_of(x), keepdims=True) for f in (np.mean, np.var))
    count = x.size // x.shape[1]
    var = var * count / (count - ddof)
    root = np.sqrt(var) + eps if outside else np.sqrt(var + eps)
    x_hat = (x - mean) / root
    return wide(gamma, x) * x_hat + wide(beta, x), x_hat, root


def is_batch_norm(
    make, *, shape=(3, 2, 4, 5), gamma="drawn", beta="drawn", eps=0.1, momentum=0.3, y="compared",
    memory="compared", evaluation="compared", traces="sought", backward="compared", offset=1e4,
    tolerance=1e-9, rounding=0.05, ddof=0, outside=False, biased=False, reverse=False,
):  # fmt: skip
    """Compare y, gradients, memory and evaluation with a reference; then try large numbers.

    The last four switches expect what a wrong layer does.
    """
    rng = np.random.default_rng(7)
    channels = shape[1]
    layer = make(channels, eps=eps, momentum=momentum)
    layer.gamma, layer.beta = _parameters(channels, gamma, beta)

    def close(got, wanted):
        return bool((np.abs(np.subtract(got, wanted)) <= tolerance * (1 + np.abs(wanted))).all())

    batches = rng.normal(1, 2, (3, *shape))
    batches *= wide(np.linspace(1, 2, channels), batches[0])
    mean, var, share = 0.0, 1.0, 1 - momentum if reverse else momentum
    for k, x in enumerate(batches[:2]):
        wanted, x_hat, root = expected(x, layer.gamma, layer.beta, eps, ddof=ddof, outside=outside)
        if not _same(layer.forward(x), wanted, y, close):
            return False
        if k == 0 and backward and not _gradients(layer, x_hat, root, backward, close):
            return False
        mean = (1 - share) * mean + share * x.mean(axes_of(x))
        var = (1 - share) * var + share * np.var(x, axis=axes_of(x), ddof=0 if biased else 1)
    if not _remembered(layer, mean, var, memory, close):
        return False
    if evaluation and not _evaluated(layer, batches[2], evaluation, traces, outside, close):
        return False
    if not offset:
        return True
    x = rng.normal(offset, 1, shape).astype(np.float32)
    wanted, _, _ = expected(x.astype(float), np.ones(channels), np.zeros(channels), 1e-5)
    return bool(np.abs(make(channels).forward(x) - wanted).max() < rounding)


def _parameters(channels, gamma, beta):
    drawn = np.linspace(-1.5, 2.0, channels)
    gammas = {
        "drawn": drawn,
        "positive": np.abs(drawn),
        "one": np.ones(channels),
        "alike": np.full(channels, -1.5),
    }
    betas = {
        "drawn": np.linspace(0.5, -1, channels),
        "zero": np.zeros(channels),
        "alike": np.full(channels, 0.5),
    }
    return gammas[gamma], betas[beta]


def _same(y, wanted, how, close):
    if how == "moments":
        both = [[f(v, axis=axes_of(v)) for f in (np.mean, np.std)] for v in (y, wanted)]
        return np.abs(np.subtract(*both)).max() < 1e-3
    return np.array_equal(y, wanted) if how == "exactly" else close(y, wanted)


def _gradients(layer, x_hat, root, how, close):
    dy = np.random.default_rng(8).normal(size=x_hat.shape)
    axes = axes_of(dy)
    dx, dgamma, dbeta = layer.backward(dy)
    if how == "sums":
        return np.abs(dx.sum(axes)).max() < 1e-6
    dx_hat = dy * wide(layer.gamma, dy)
    by_mean = dx_hat.mean(axes, keepdims=True)
    by_var = x_hat * (dx_hat * x_hat).mean(axes, keepdims=True)
    right = ((dx_hat - by_mean - by_var) / root, (dy * x_hat).sum(axes), dy.sum(axes))
    return all(close(a, b) for a, b in zip((dx, dgamma, dbeta), right, strict=True))


def _remembered(layer, mean, var, how, close):
    means, variances = layer.running_mean, layer.running_var
    if how == "moves":
        return bool(means.any() and (variances != 1).all())
    by_mean = how is None or close(means, mean)
    return by_mean and (how in (None, "mean") or close(variances, var))


def _evaluated(layer, x, how, traces, outside, close):
    layer.eval()
    before = np.array([layer.running_mean, layer.running_var])
    y = layer.forward(x)
    if traces == "sought" and not close([layer.running_mean, layer.running_var], before):
        return False
    if how == "differs":
        return not close(y, expected(x, layer.gamma, layer.beta, layer.eps)[0])
    if how == "alone":
        return close(layer.forward(x[:1]), y[:1])
    mean, var = (wide(v, x) for v in before)
    root = np.sqrt(var) + layer.eps if outside else np.sqrt(var + layer.eps)
    return close(y, wide(layer.gamma, x) * (x - mean) / root + wide(layer.beta, x))


def by_differences(make):
    """Central differences for the gradients, other shapes, evaluation one image at a time."""
    rng = np.random.default_rng(11)
    layer = make(3, eps=0.5, momentum=0.25)
    gamma, beta = np.array([0.5, -2.0, 1.0]), np.array([1.0, 0.3, -0.7])
    layer.gamma, layer.beta = gamma, beta
    x = rng.normal([[[[2.0]], [[-1.0]], [[0.0]]]], 1.5, (2, 3, 3, 2))

    def forward(x, gamma, beta):
        columns = np.moveaxis(x, 1, 0).reshape(3, -1)
        spread = np.sqrt(columns.var(axis=1) + 0.5)
        rows = (columns - columns.mean(axis=1)[:, None]) * (gamma / spread)[:, None]
        return (rows + beta[:, None]).reshape(3, *x.shape[:1], *x.shape[2:]).swapaxes(0, 1)

    assert np.abs(layer.forward(x) - forward(x, gamma, beta)).max() < 1e-10
    dy, at = rng.normal(size=x.shape), (x, gamma, beta)
    for k, told in enumerate(layer.backward(dy)):
        step = rng.normal(size=at[k].shape)
        ends = [
            (forward(*at[:k], at[k] + h * step, *at[k + 1 :]) * dy).sum() for h in (1e-5, -1e-5)
        ]
        assert np.isclose((ends[0] - ends[1]) / 2e-5, (told * step).sum(), atol=1e-6)
    m = x.size // 3
    mean = 0.25 * x.mean(axis=(0, 2, 3))
    var = 0.75 + 0.25 * x.var(axis=(0, 2, 3)) * m / (m - 1)
    np.testing.assert_allclose(layer.running_mean, mean, atol=1e-10)
    np.testing.assert_allclose(layer.running_var, var, atol=1e-10)
    layer.eval()
    for image in x:
        y = layer.forward(image[None])[0]
        wanted = (image - mean[:, None, None]) / np.sqrt(var + 0.5)[:, None, None]
        wanted = gamma[:, None, None] * wanted + beta[:, None, None]
        np.testing.assert_allclose(y, wanted, atol=1e-10)
    np.testing.assert_allclose(layer.running_mean, mean, atol=1e-10)
    np.testing.assert_allclose(layer.running_var, var, atol=1e-10)
    far = np.float32(5000) + rng.normal(size=(4, 3, 2, 2)).astype(np.float32)
    assert np.abs(make(3).forward(far).std(axis=(0, 2, 3)) - 1).max() < 0.02
    return True
