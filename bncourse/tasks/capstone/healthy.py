"""The patient in good health: the small package that learners get with eight faults planted in it.

The parts between the marks are handed out as text (see `patient`), so comments and names here are
what learners read.
"""

# ruff: noqa: D102  (it is read in a notebook, where shorter is better)

import numpy as np

# --- batch_norm ---


def wide(v, x):
    """Make one number per channel fit to x, whose channels are on axis 1."""
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


class BatchNorm:
    """Batch norm for x (N, C) or (N, C, H, W); momentum is the weight of the new batch."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.eps, self.momentum = eps, momentum
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)
        self.training = True

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def forward(self, x):
        axes, m = (0, *range(2, x.ndim)), x.size // x.shape[1]
        if self.training and m < 2:
            raise ValueError("training needs at least two values per channel")
        old, new = 1 - self.momentum, self.momentum
        if self.training:
            mean, var = x.mean(axes), x.var(axes)
            unbiased = var * m / (m - 1)
            self.running_mean = old * self.running_mean + new * mean
            self.running_var = old * self.running_var + new * unbiased
        else:
            mean, var = self.running_mean, self.running_var
        self.inv_std = 1 / np.sqrt(var + self.eps)
        self.x_hat = (x - wide(mean, x)) * wide(self.inv_std, x)
        self.by_batch = self.training
        return wide(self.gamma, x) * self.x_hat + wide(self.beta, x)

    def backward(self, dy):
        """Return dx, dgamma, dbeta for the last forward pass."""
        axes = (0, *range(2, dy.ndim))
        dgamma, dbeta = (dy * self.x_hat).sum(axes), dy.sum(axes)
        dx_hat = dy * wide(self.gamma, dy)
        through_mean, through_var = 0.0, 0.0
        if self.by_batch:
            through_mean = dx_hat.mean(axes, keepdims=True)
            through_var = self.x_hat * (dx_hat * self.x_hat).mean(axes, keepdims=True)
        dx = (dx_hat - through_mean - through_var) * wide(self.inv_std, dy)
        return dx, dgamma, dbeta


# --- group_norm ---


class GroupNorm:
    """Group norm for x (N, C) or (N, C, H, W): neighbouring channels share statistics."""

    def __init__(self, groups, num_features, eps=1e-5):
        self.groups, self.eps = groups, eps
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)

    def train(self):
        pass

    def eval(self):
        pass

    def cut(self, x):
        return x.reshape(len(x), self.groups, -1)

    def join(self, blocks, shape):
        return blocks.reshape(shape)

    def forward(self, x):
        blocks = self.cut(x)
        centred = blocks - blocks.mean(2, keepdims=True)
        self.inv_std = 1 / np.sqrt((centred**2).mean(2, keepdims=True) + self.eps)
        self.blocks = centred * self.inv_std
        self.x_hat = self.join(self.blocks, x.shape)
        return wide(self.gamma, x) * self.x_hat + wide(self.beta, x)

    def backward(self, dy):
        axes = (0, *range(2, dy.ndim))
        d = self.cut(dy * wide(self.gamma, dy))
        along = self.blocks * (d * self.blocks).mean(2, keepdims=True)
        dx = (d - d.mean(2, keepdims=True) - along) * self.inv_std
        return self.join(dx, dy.shape), (dy * self.x_hat).sum(axes), dy.sum(axes)


# --- layer_norm ---


class LayerNorm:
    """Layer norm for x (..., C): each row by itself, over its last axis."""

    def __init__(self, num_features, eps=1e-5):
        self.eps = eps
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)

    def train(self):
        pass

    def eval(self):
        pass

    def forward(self, x):
        centred = x - x.mean(-1, keepdims=True)
        self.inv_std = 1 / np.sqrt((centred**2).mean(-1, keepdims=True) + self.eps)
        self.x_hat = centred * self.inv_std
        return self.gamma * self.x_hat + self.beta

    def backward(self, dy):
        d, rows = dy * self.gamma, tuple(range(dy.ndim - 1))
        along = self.x_hat * (d * self.x_hat).mean(-1, keepdims=True)
        dx = (d - d.mean(-1, keepdims=True) - along) * self.inv_std
        return dx, (dy * self.x_hat).sum(rows), dy.sum(rows)


# --- data ---


def prepare(x_train, y_train, x_test, batch_size, rng):
    """Return one epoch, a list of standardised batches (x, y), and the standardised test images.

    Each training image is dealt once, in an order drawn from rng; only the last batch may be short.
    """
    known = x_train
    mean, sd = known.mean(0), known.std(0)
    sd = np.where(sd > 0, sd, 1.0)
    x = (x_train - mean) / sd
    order = rng.permutation(len(x))
    batches = []
    for start in range(0, len(x), batch_size):
        rows = order[start : start + batch_size]
        batches.append((x[rows], y_train[rows]))
    return batches, (x_test - mean) / sd


# --- sequence ---


class StepNorm:
    """Batch norm for a recurrent net: h = tanh(norm(x Wx + h Wh, t)), statistics for each step."""

    def __init__(self, num_features, longest=64, gamma=1.0, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.longest = eps, momentum, longest
        self.gamma, self.beta = gamma * np.ones(num_features), np.zeros(num_features)
        self.running_mean = np.zeros((longest, num_features))
        self.running_var = np.ones((longest, num_features))
        self.training = True

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def row(self, t):
        return min(t, self.longest - 1)

    def forward(self, a, t):
        k = self.row(t)
        if self.training:
            mean, var = a.mean(0), a.var(0)
            unbiased = var * len(a) / (len(a) - 1)
            self.running_mean[k] += self.momentum * (mean - self.running_mean[k])
            self.running_var[k] += self.momentum * (unbiased - self.running_var[k])
        else:
            mean, var = self.running_mean[k], self.running_var[k]
        return self.gamma * (a - mean) / np.sqrt(var + self.eps) + self.beta


# --- inference ---


def fold(weight, bias, layer):
    """Return (weight, bias) of one linear layer that does what x @ weight + bias and then the
    BatchNorm ``layer`` in evaluation mode do. weight is (inputs, outputs)."""
    slope = layer.gamma / np.sqrt(layer.running_var + layer.eps)
    return weight * slope, layer.beta + (bias - layer.running_mean) * slope


# --- end ---
