"""Group normalisation (GN) and instance normalisation (IN) in NumPy; there is no state.

Sources: Wu & He 2018, "Group Normalization", arXiv 1803.08494, section 3; Ulyanov, Vedaldi &
Lempitsky 2016, "Instance Normalization", arXiv 1607.08022.

Shapes. x is (N, C, ...): samples first, channels on axis 1, any number of axes of space. The C
channels are cut into G groups of neighbours; a group of one sample shares a mean and a variance.
gamma and beta are (C,): statistics per group, scale and shift per channel.

Precision. float32 stays float32; anything else is computed in float64.
"""

import numpy as np

from bncourse.layers.channels import all_but_channel, per_channel
from bncourse.layers.shared_mean import (
    as_floats,
    backward_over,
    check_eps,
    check_gradient,
    normalise_over,
)


def groupnorm_forward(x, groups, gamma, beta, eps=1e-5):
    """Normalise each group of channels of each sample, then scale and shift each channel.

    With one group this normalises as layer norm over (C, H, W) does, with C groups as instance
    norm (section 3.1, "Relation to prior work").

    Args:
        x: (N, C, ...). Not changed.
        groups: G, which must divide C.
        gamma: scale, (C,).
        beta: shift, (C,).
        eps: added to the biased variance, >= 0. With 0, a constant group gives 0/0 = nan.

    Returns:
        y, with the shape of x, and the cache for the backward pass, a dict of ``x_hat`` (N, C,
        ...), ``inv_std`` (N, G, 1, ...), ``gamma`` (C,) and ``groups``.

    Raises:
        ValueError: x has fewer than two axes, groups does not divide C, gamma or beta is not
            (C,), or eps is negative.
    """
    x, gamma, beta = as_floats(x, gamma, beta)
    if x.ndim < 2:
        raise ValueError(f"x has shape {x.shape}; GN needs samples on axis 0, channels on axis 1.")
    for name, v in (("gamma", gamma), ("beta", beta)):
        if v.shape != x.shape[1:2]:
            raise ValueError(
                f"{name} has shape {v.shape}, but x of shape {x.shape} has {x.shape[1]} channels: "
                f"pass one number per channel, shape {x.shape[1:2]}."
            )
    check_eps(eps)
    grouped = as_groups(x, groups)
    x_hat, inv_std = normalise_over(grouped, set_axes(grouped), eps)
    x_hat = x_hat.reshape(x.shape)
    y = x_hat * per_channel(gamma, x) + per_channel(beta, x)
    return y, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma, "groups": groups}


def groupnorm_backward(dy, cache):
    """Gradients of `groupnorm_forward`.

    gamma differs within a group, so it multiplies dy before the projection.

    Args:
        dy: gradient of the loss with respect to y, (N, C, ...). Not changed.
        cache: what ``groupnorm_forward`` returned.

    Returns:
        (dx, dgamma, dbeta): (N, C, ...), (C,) and (C,).

    Raises:
        ValueError: dy does not have the shape of x.
    """
    x_hat, groups = cache["x_hat"], cache["groups"]
    dy = np.asarray(dy, x_hat.dtype)
    check_gradient(dy, x_hat.shape)
    dx_hat = as_groups(dy * per_channel(cache["gamma"], dy), groups)
    dx = backward_over(dx_hat, as_groups(x_hat, groups), cache["inv_std"], set_axes(dx_hat))
    axes = all_but_channel(dy)
    return dx.reshape(dy.shape), (dy * x_hat).sum(axes), dy.sum(axes)


def instancenorm_forward(x, gamma, beta, eps=1e-5):
    """Normalise each channel of each sample over space: GN with as many groups as channels.

    Args, results and errors are those of `groupnorm_forward`; `groupnorm_backward` takes the cache.
    """
    return groupnorm_forward(x, np.shape(x)[1], gamma, beta, eps)


def as_groups(x, groups):
    """See x (N, C, ...) as (N, G, C / G, ...); raises ValueError if G does not divide C."""
    samples, channels, *space = x.shape
    if groups < 1 or channels % groups:
        raise ValueError(
            f"{groups} groups do not divide {channels} channels: groups are equal slices."
        )
    return x.reshape(samples, groups, channels // groups, *space)


def set_axes(grouped):
    """Return the axes of (N, G, C / G, ...) that one group's statistics run over."""
    return tuple(range(2, grouped.ndim))
