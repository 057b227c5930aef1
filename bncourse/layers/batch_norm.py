"""Batch normalisation (BN) in NumPy: forward, backward, running statistics.

Source: Ioffe & Szegedy 2015, "Batch Normalization: Accelerating Deep Network Training by Reducing
Internal Covariate Shift", arXiv 1502.03167. Sections named below are sections of that paper.

Shapes. x is (N, D), (N, C, L) or (N, C, H, W): samples first, channels on axis 1. A channel's
statistics run over every other axis (sec. 3.2), so each one is made of m = x.size / x.shape[1]
values. Vectors with one number per channel are written (D,), whatever the channel axis is called.

Precision. float32 stays float32; anything else is computed in float64.
"""

import math

import numpy as np

from bncourse.layers.channels import all_but_channel, per_channel, values_per_channel


def batchnorm_forward(x, gamma, beta, eps=1e-5):
    """Normalise each channel by the statistics of this batch, then scale and shift (Algorithm 1).

    Args:
        x: (N, D), (N, C, L) or (N, C, H, W), at least two values per channel. Not changed.
        gamma: scale, (D,).
        beta: shift, (D,).
        eps: added to the variance, >= 0. With 0, a constant channel gives 0/0 = nan.

    Returns:
        y, with the shape of x, and the cache for the backward pass, a dict of

        - ``x_hat``: the normalised x, with the shape of x;
        - ``inv_std``: 1 / sqrt(var + eps), (D,), var being the biased variance (divided by m);
        - ``gamma``: (D,).

    Raises:
        ValueError: x has fewer than two axes or one value per channel, gamma or beta does not
            have one number per channel, or eps is negative.
    """
    x, gamma, beta = _checked(x, gamma, beta, eps)
    x_hat, inv_std, _, _ = normalise(x, eps)
    y = _scale_and_shift(x_hat, gamma, beta)
    return y, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


def normalise(x, eps):
    """Return (x_hat, inv_std, mean, var) of floating-point x: lines 1 to 3 of Algorithm 1.

    x_hat has the shape of x; inv_std, mean and the biased var are (D,). The variance is the mean
    of the squared distances from the mean: two passes. The one-pass E[x^2] - E[x]^2 subtracts two
    large, nearly equal numbers and keeps little but their rounding errors.

    Raises:
        ValueError: there is only one value per channel.
    """
    m = values_per_channel(x)
    if m < 2:
        raise ValueError(
            f"x of shape {x.shape} has {m} value(s) per channel; training needs at least two, as "
            "one value minus its own mean is 0 whatever it is. Use a larger batch, drop the last "
            "short one, or call eval() on the layer to use the running statistics."
        )
    axes = all_but_channel(x)
    # With an offset of 1e4, a float32 sum of 256 values moves in steps of 0.25: so sums are kept in
    # float64. The mean is rounded to float32 to be subtracted, which leaves it wrong by up to
    # 0.0005. The difference of such close numbers is exact: centring once more removes the rest.
    mean = x.mean(axes, dtype=np.float64)
    centred = x - per_channel(mean.astype(x.dtype), x)
    centred -= per_channel(centred.mean(axes), x)
    var = np.square(centred).mean(axes, dtype=np.float64)

    inv_std = (1 / np.sqrt(var + eps)).astype(x.dtype)
    x_hat = np.multiply(centred, per_channel(inv_std, x), out=centred)
    return x_hat, inv_std, mean.astype(x.dtype), var.astype(x.dtype)


def batchnorm_backward(dy, cache):
    """Gradients of a training forward pass in closed form.

    The chain rule of sec. 3, collected into one line per channel, with sums over its m values:

        dx = gamma * inv_std / m * (m * dy - sum(dy) - x_hat * sum(dy * x_hat))

    Args:
        dy: gradient of the loss with respect to y, with the shape of x. Not changed.
        cache: what ``batchnorm_forward`` returned.

    Returns:
        (dx, dgamma, dbeta): with the shape of x, (D,) and (D,).

    Raises:
        ValueError: dy does not have the shape of x.
    """
    x_hat, inv_std, gamma, dy = _unpacked(cache, dy)
    m = values_per_channel(dy)
    dgamma, dbeta = _parameter_gradients(dy, x_hat)
    # One new array, changed in place: memory traffic, not arithmetic, is what takes the time.
    dx = x_hat * per_channel(dgamma / -m, dy)
    dx += dy
    dx -= per_channel(dbeta / m, dy)
    dx *= per_channel(gamma * inv_std, dy)
    return dx, dgamma, dbeta


def batchnorm_backward_staged(dy, cache):
    """The same gradients, one node of the computation graph at a time (equations of sec. 3).

    x reaches the loss along three paths: directly, through the variance and through the mean. The
    line for dx adds them up. Arguments, results and errors are those of ``batchnorm_backward``.
    """
    x_hat, inv_std, gamma, dy = _unpacked(cache, dy)
    m, axes = values_per_channel(dy), all_but_channel(dy)
    inv_std_ = per_channel(inv_std, dy)
    centred = x_hat / inv_std_  # x - mean

    dx_hat = dy * per_channel(gamma, dy)
    dvar = (dx_hat * centred).sum(axes) * -0.5 * inv_std**3
    dmean = -(dx_hat * inv_std_).sum(axes) + dvar * (-2 * centred).sum(axes) / m
    dx = dx_hat * inv_std_ + per_channel(dvar, dy) * 2 * centred / m + per_channel(dmean, dy) / m

    dgamma = (dy * x_hat).sum(axes)
    dbeta = dy.sum(axes)
    return dx, dgamma, dbeta


def update_running(running, batch, momentum):
    """Return a new running statistic: (1 - momentum) * running + momentum * batch.

    momentum is the weight of the *new* batch, as in PyTorch; other libraries call the weight of
    the old value momentum, so that their 0.9 is 0.1 here. Sec. 3.1 mentions moving averages
    without fixing a formula.
    """
    return (1 - momentum) * np.asarray(running) + momentum * np.asarray(batch)


class BatchNorm:
    """A BN layer with running statistics, for (N, D), (N, C, L) and (N, C, H, W) alike.

    In training it normalises by the batch and updates the running statistics; after ``eval()`` it
    normalises by the running statistics and changes nothing (sec. 3.1, Algorithm 2, with moving
    averages in place of a last pass over the training set).

    Args:
        num_features: D, the number of channels.
        eps: added to the variance, >= 0.
        momentum: weight of the new batch in the running statistics; None takes the plain average
            of all batches so far.
        dtype: float or numpy.float32; inputs are converted to it.

    Attributes:
        gamma, beta: (D,), start at 1 and 0.
        running_mean, running_var: (D,), start at 0 and 1. running_var averages the unbiased
            variance, m / (m - 1) times the one that normalises the batch (sec. 3.1).
        num_batches_tracked: how many batches the running statistics have seen.
        training: True until ``eval()`` is called.
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.1, dtype=float):
        self.eps = eps
        self.momentum = momentum
        self.gamma = np.ones(num_features, dtype)
        self.beta = np.zeros(num_features, dtype)
        self.running_mean = np.zeros(num_features, dtype)
        self.running_var = np.ones(num_features, dtype)
        self.num_batches_tracked = 0
        self.training = True
        self._saved = None

    def train(self):
        """Normalise by the batch from now on. Returns the layer."""
        self.training = True
        return self

    def eval(self):
        """Normalise by the running statistics from now on. Returns the layer."""
        self.training = False
        return self

    def forward(self, x):
        """Return y, with the shape of x.

        Raises:
            ValueError: as ``batchnorm_forward``; one value per channel is allowed after ``eval()``.
        """
        x = np.asarray(x, self.gamma.dtype)
        x, gamma, beta = _checked(x, self.gamma, self.beta, self.eps)
        if self.training:
            x_hat, inv_std, mean, var = normalise(x, self.eps)
            self._track(mean, var, values_per_channel(x))
        else:
            inv_std = 1 / np.sqrt(self.running_var + self.eps)
            x_hat = (x - per_channel(self.running_mean, x)) * per_channel(inv_std, x)
        # backward() belongs to this forward pass, even if the mode is switched in between.
        self._saved = {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}, self.training
        return _scale_and_shift(x_hat, gamma, beta)

    def backward(self, dy):
        """Return (dx, dgamma, dbeta) for the last forward pass.

        After a forward pass in eval mode the statistics are constants, so nothing flows through
        the mean and the variance: dx = dy * gamma * inv_std.

        Raises:
            RuntimeError: there was no forward pass.
            ValueError: dy does not have the shape of x.
        """
        if self._saved is None:
            raise RuntimeError("backward needs a forward pass first: call forward(x).")
        cache, training = self._saved
        if training:
            return batchnorm_backward(dy, cache)
        x_hat, inv_std, gamma, dy = _unpacked(cache, dy)
        return dy * per_channel(gamma * inv_std, dy), *_parameter_gradients(dy, x_hat)

    def _track(self, mean, var, m):
        self.num_batches_tracked += 1
        momentum = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        self.running_mean = update_running(self.running_mean, mean, momentum)
        self.running_var = update_running(self.running_var, var * (m / (m - 1)), momentum)


def _scale_and_shift(x_hat, gamma, beta):
    """Line 4 of Algorithm 1."""
    y = x_hat * per_channel(gamma, x_hat)
    y += per_channel(beta, x_hat)
    return y


def _parameter_gradients(dy, x_hat):
    """Return dgamma = sum(dy * x_hat) and dbeta = sum(dy), both (D,)."""
    # einsum adds the products up without storing them, and wants one fixed number of axes.
    n, d, places = *dy.shape[:2], math.prod(dy.shape[2:])
    dy, x_hat = dy.reshape(n, d, places), x_hat.reshape(n, d, places)
    return np.einsum("ndp,ndp->d", dy, x_hat), np.einsum("ndp->d", dy)


def _checked(x, gamma, beta, eps):
    """Return x, gamma and beta as arrays of one floating-point type, or say what does not fit."""
    x = np.asarray(x)
    dtype = np.float32 if x.dtype == np.float32 else np.float64
    x, gamma, beta = (np.asarray(array, dtype) for array in (x, gamma, beta))
    if x.ndim < 2:
        raise ValueError(
            f"x has shape {x.shape}; BN needs samples on axis 0 and channels on axis 1. "
            "For one feature, pass x.reshape(-1, 1)."
        )
    for name, v in (("gamma", gamma), ("beta", beta)):
        if v.shape != x.shape[1:2]:
            raise ValueError(
                f"{name} has shape {v.shape}, but x of shape {x.shape} has {x.shape[1]} channels "
                f"on axis 1: pass one number per channel, shape {x.shape[1:2]}."
            )
    if not eps >= 0:
        raise ValueError(f"eps is {eps}; it is added to a variance and must be >= 0, e.g. 1e-5.")
    return x, gamma, beta


def _unpacked(cache, dy):
    """Return x_hat, inv_std, gamma and dy as an array, or say that dy does not fit."""
    x_hat = cache["x_hat"]
    dy = np.asarray(dy, x_hat.dtype)
    if dy.shape != x_hat.shape:
        raise ValueError(
            f"dy has shape {dy.shape}, but the forward pass returned {x_hat.shape}: "
            "pass the gradient of the loss with respect to each number in y."
        )
    return x_hat, cache["inv_std"], cache["gamma"], dy
