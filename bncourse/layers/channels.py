"""Which axes share a channel's statistics: shapes (N, D), (N, C, L) and (N, C, H, W) alike."""

import math


def all_but_channel(x):
    """Return the axes that one channel's statistics run over: every one but axis 1."""
    return (0, *range(2, x.ndim))


def values_per_channel(x):
    """Return m, how many values of x one channel's statistics are made of."""
    return math.prod(x.shape[axis] for axis in all_but_channel(x))


def per_channel(v, x):
    """Give v (D,) trailing axes of length 1, so that it broadcasts along axis 1 of x."""
    return v.reshape(-1, *[1] * (x.ndim - 2))
