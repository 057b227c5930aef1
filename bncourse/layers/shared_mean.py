"""Every norm of the course as one function: which axes share a mean and a variance.

For activations x of shape (N, C, H, W) the sets that share a mean are these (Wu & He 2018, "Group
Normalization", arXiv 1803.08494, section 3.1):

- batch norm, axes (0, 2, 3): one set for each channel;
- layer norm over a whole sample, axes (1, 2, 3): one for each sample;
- instance norm, axes (2, 3): one for each channel of each sample;
- group norm: x seen as (N, G, C / G, H, W), axes (2, 3, 4): one for each group of each sample.

Layer norm of a transformer or an RNN takes the last axis alone (Ba, Kiros & Hinton 2016, arXiv
1607.06450, eq. 3). Gamma and beta are no part of these functions: which entries share *them* is
another question, and has another answer.
"""

import math

import numpy as np


def normalise_over(x, axes, eps):
    """Give every set of entries that share a mean the mean 0 and a variance just below 1.

    Args:
        x: floating-point array of any shape. Not changed.
        axes: the axes that a set runs over, e.g. (0, 2, 3).
        eps: added to the biased variance, >= 0. With 0, a constant set gives 0/0 = nan.

    Returns:
        x_hat, with the shape of x, and inv_std = 1 / sqrt(var + eps), with length 1 along axes.
    """
    # Sums in float64 and a second centring, for the reason told in batch_norm.normalise.
    mean = x.mean(axes, keepdims=True, dtype=np.float64)
    centred = x - mean.astype(x.dtype)
    centred -= centred.mean(axes, keepdims=True)
    var = np.square(centred).mean(axes, keepdims=True, dtype=np.float64)
    inv_std = (1 / np.sqrt(var + eps)).astype(x.dtype)
    return np.multiply(centred, inv_std, out=centred), inv_std


def backward_over(dx_hat, x_hat, inv_std, axes):
    """Return dx for the gradient dx_hat with respect to x_hat, of any such norm.

    Within each set of m entries that share a mean,

        dx = inv_std * (dx_hat - mean(dx_hat) - x_hat * mean(dx_hat * x_hat)),

    which for batch norm is the chain rule of Ioffe & Szegedy 2015, section 3, in closed form.

    Args:
        dx_hat, x_hat: arrays of the same shape. Not changed.
        inv_std: as `normalise_over` returned it.
        axes: the same as in the forward pass.
    """
    along = (dx_hat * x_hat).mean(axes, keepdims=True)
    dx = dx_hat - dx_hat.mean(axes, keepdims=True)
    dx -= x_hat * along
    dx *= inv_std
    return dx


def values_per_set(x, axes):
    """Return m, how many entries of x share one mean."""
    return math.prod(x.shape[axis] for axis in axes)


def as_floats(*arrays):
    """Return the arrays in float32 if the first one is float32, otherwise in float64."""
    first = np.asarray(arrays[0])
    dtype = np.float32 if first.dtype == np.float32 else np.float64
    return tuple(np.asarray(array, dtype) for array in arrays)


def check_eps(eps):
    """Raise ValueError if eps could not be added to a variance."""
    if not eps >= 0:
        raise ValueError(f"eps is {eps}; it is added to a variance and must be >= 0, e.g. 1e-5.")


def check_gradient(dy, y_shape):
    """Raise ValueError if dy is no gradient of an output of that shape."""
    if dy.shape != y_shape:
        raise ValueError(
            f"dy has shape {dy.shape}, but the forward pass returned {y_shape}: "
            "pass the gradient of the loss with respect to each number in y."
        )
