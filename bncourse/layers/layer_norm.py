"""Layer normalisation (LN) and RMSNorm in NumPy: forward and backward; there is no state.

Sources: Ba, Kiros & Hinton 2016, "Layer Normalization", arXiv 1607.06450; Zhang & Sennrich 2019,
"Root Mean Square Layer Normalization", arXiv 1910.07467.

Shapes. x is (..., H): any leading axes, the H units of one layer last. Every vector of H numbers is
normalised by itself, so that no result depends on another sample or time step, and training and
evaluation are the same. gamma and beta are (H,).

Precision. float32 stays float32; anything else is computed in float64.
"""

import numpy as np

from bncourse.layers.shared_mean import (
    as_floats,
    backward_over,
    check_eps,
    check_gradient,
    normalise_over,
)


def layernorm_forward(x, gamma, beta, eps=1e-5):
    """Normalise each vector along the last axis, then scale and shift (Ba et al., eq. 3 and 4).

    Args:
        x: (..., H). Not changed.
        gamma: scale, (H,).
        beta: shift, (H,).
        eps: added to the biased variance, >= 0. With 0, a constant vector gives 0/0 = nan.

    Returns:
        y, with the shape of x, and the cache for the backward pass, a dict of ``x_hat`` (..., H),
        ``inv_std`` (..., 1) and ``gamma`` (H,).

    Raises:
        ValueError: x has no axis, gamma or beta is not (H,), or eps is negative.
    """
    x, gamma, beta = as_floats(x, gamma, beta)
    _check(x, eps, gamma=gamma, beta=beta)
    x_hat, inv_std = normalise_over(x, (-1,), eps)
    return x_hat * gamma + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


def layernorm_backward(dy, cache):
    """Gradients of `layernorm_forward`: the formula of batch norm along the other axis.

    gamma differs along the axis that is normalised, so it multiplies dy before the projection, not
    the result after it.

    Args:
        dy: gradient of the loss with respect to y, (..., H). Not changed.
        cache: what ``layernorm_forward`` returned.

    Returns:
        (dx, dgamma, dbeta): (..., H), (H,) and (H,), the last two summed over all leading axes.

    Raises:
        ValueError: dy does not have the shape of x.
    """
    x_hat, gamma = cache["x_hat"], cache["gamma"]
    dy = np.asarray(dy, x_hat.dtype)
    check_gradient(dy, x_hat.shape)
    dx = backward_over(dy * gamma, x_hat, cache["inv_std"], (-1,))
    leading = tuple(range(dy.ndim - 1))
    return dx, (dy * x_hat).sum(leading), dy.sum(leading)


def rmsnorm_forward(x, gamma, eps=1e-5):
    """Divide each vector by its root mean square, then scale (Zhang & Sennrich, eq. 4).

    The mean is left in: for vectors with mean 0 this is layer norm without beta.

    Args:
        x: (..., H). Not changed.
        gamma: scale, (H,).
        eps: added to the mean square, >= 0. With 0, a vector of zeros gives 0/0 = nan.

    Returns:
        y, with the shape of x, and the cache, a dict of ``x_hat`` (..., H), ``inv_rms`` (..., 1)
        and ``gamma`` (H,).

    Raises:
        ValueError: x has no axis, gamma is not (H,), or eps is negative.
    """
    x, gamma = as_floats(x, gamma)
    _check(x, eps, gamma=gamma)
    inv_rms = 1 / np.sqrt(np.square(x).mean(-1, keepdims=True, dtype=np.float64) + eps)
    inv_rms = inv_rms.astype(x.dtype)
    x_hat = x * inv_rms
    return x_hat * gamma, {"x_hat": x_hat, "inv_rms": inv_rms, "gamma": gamma}


def rmsnorm_backward(dy, cache):
    """Gradients of `rmsnorm_forward`: only the direction along x_hat is projected out.

    Args:
        dy: gradient of the loss with respect to y, (..., H). Not changed.
        cache: what ``rmsnorm_forward`` returned.

    Returns:
        (dx, dgamma): (..., H) and (H,), the latter summed over all leading axes.

    Raises:
        ValueError: dy does not have the shape of x.
    """
    x_hat, gamma = cache["x_hat"], cache["gamma"]
    dy = np.asarray(dy, x_hat.dtype)
    check_gradient(dy, x_hat.shape)
    dx_hat = dy * gamma
    dx = cache["inv_rms"] * (dx_hat - x_hat * (dx_hat * x_hat).mean(-1, keepdims=True))
    return dx, (dy * x_hat).sum(tuple(range(dy.ndim - 1)))


def _check(x, eps, **vectors):
    if x.ndim < 1:
        raise ValueError("x is a single number; layer norm needs the units on its last axis.")
    for name, v in vectors.items():
        if v.shape != x.shape[-1:]:
            raise ValueError(
                f"{name} has shape {v.shape}, but x of shape {x.shape} has {x.shape[-1]} units on "
                f"its last axis: pass one number per unit, shape {x.shape[-1:]}."
            )
    check_eps(eps)
